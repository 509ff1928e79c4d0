#include "cli/serve_heartbeat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "cli/config_change.h"
#include "cli/secrets.h"
#include "cli/serve_run.h"
#include "commit/commit.h"
#include "net/http_client.h"
#include "net/loop.h"

enum { TIMEOUT_MS = 15 * 1000, ANSWER_MAX = 65536, URL_MAX = 8192 };

/* timer ──► flushing ──► transfer ──► timer */
struct heartbeat {
	struct serve *serve;
	struct timer *timer;
	struct http_transfer *transfer;
	bool flushing; /* the committer will still call back */
	bool freed;    /* meanwhile */
	bool failing;
};

static const struct config_heartbeat *config_of(const struct heartbeat *h)
{
	return &h->serve->host.config->heartbeat;
}

static void say(struct heartbeat *h, const char *why)
{
	const struct log_about about = serve_about_part("heartbeat");
	if (why && !h->failing)
		serve_say(h->serve, LOG_WARN, &about, why);
	else if (!why && h->failing)
		serve_say(h->serve, LOG_INFO, &about, "it is heard again");
	h->failing = why != NULL;
}

static void on_timer(void *arg);

static void wait_for_next(struct heartbeat *h)
{
	if (config_of(h)->line)
		h->timer = timer_start(h->serve->host.loop, config_of(h)->every_ms, on_timer, h);
}

/* The address may be a secret: what libcurl says of it is not passed on. */
static void on_answer(void *arg, const struct http_answer *a)
{
	struct heartbeat *h = arg;
	char why[120];
	h->transfer = NULL;
	if (a->err.code)
		(void)snprintf(why, sizeof(why), "nobody answered (%s)",
			       err_code_name(a->err.code));
	else
		(void)snprintf(why, sizeof(why), "the answer was %d", a->status);
	say(h, !a->err.code && a->status >= 200 && a->status <= 299 ? NULL : why);
	wait_for_next(h);
}

static void send(struct heartbeat *h)
{
	static const struct http_header headers[] = {
		{ "User-Agent", "runbook/" RUNBOOK_VERSION },
	};
	struct buf url = BUF_INIT(URL_MAX);
	struct err err = { 0 };
	int rc = 0;
	if (config_of(h)->secret)
		rc = secrets_read(h->serve->host.config, config_of(h)->secret, &url, &err);
	else
		buf_adds(&url, config_of(h)->url);
	if (rc < 0) {
		say(h, err.message);
		wait_for_next(h);
	} else {
		const struct http_request req = { .method = "GET",
						  .url = buf_cstr(&url),
						  .headers = headers,
						  .n_headers = 1,
						  .timeout_ms = TIMEOUT_MS,
						  .max_body = ANSWER_MAX };
		h->transfer = http_start(h->serve->host.http, &req, on_answer, h);
	}
	if (url.p)
		wipe(url.p, url.cap);
	buf_clear(&url);
}

static void on_flushed(void *arg, const struct err *err)
{
	struct heartbeat *h = arg;
	h->flushing = false;
	if (h->freed) {
		free(h);
		return;
	}
	if (!config_of(h)->line)
		return;
	if (err->code == 0 && !commit_failed(h->serve->host.committer, NULL)) {
		send(h);
		return;
	}
	say(h, "not sent: what happens cannot be recorded");
	wait_for_next(h);
}

static void on_timer(void *arg)
{
	struct heartbeat *h = arg;
	h->timer = NULL;
	h->flushing = true;
	commit_flush(h->serve->host.committer, on_flushed, h);
}

int heartbeat_start(struct heartbeat **out, struct serve *s, struct err *err)
{
	struct heartbeat *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_NOMEM, "no memory for the heartbeat");
	*h = (struct heartbeat){ .serve = s };
	if (config_of(h)->line)
		h->timer = timer_start(s->host.loop, 0, on_timer, h);
	*out = h;
	return 0;
}

/* One that is on its way goes there, and the next as it is configured now. */
void heartbeat_changed(struct heartbeat *h, const struct config *was)
{
	const struct ini_section *before = ini_section(was->ini, "heartbeat", "");
	const struct ini_section *now = ini_section(h->serve->host.config->ini, "heartbeat", "");
	if (config_same_section(before, now) || h->flushing || h->transfer)
		return;
	timer_stop(h->timer);
	h->timer = now ? timer_start(h->serve->host.loop, 0, on_timer, h) : NULL;
}

void heartbeat_free(struct heartbeat *h)
{
	if (!h)
		return;
	timer_stop(h->timer);
	http_stop(h->transfer);
	h->timer = NULL;
	h->freed = true;
	if (!h->flushing)
		free(h);
}
