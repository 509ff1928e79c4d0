#include "trigger/webhook_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "net/http_server.h"
#include "trigger/status_link.h"

enum { TEXT_MAX = 16384, STATE_MAX = 16 << 20, BUSY_MS = 30 * 1000 };

struct waiting_answer {
	struct waiting_answer *next;
	struct webhook_answers *all; /* NULL: stopped */
	struct http_exchange *x;     /* NULL: the sender has left */
	struct webhook_fate fate;
	int64_t wait_ms;
	char *url; /* NULL: what is asked for is only the state */
};

void webhook_answer(struct http_exchange *x, int status, const struct http_header *extra,
		    struct bytes body)
{
	struct http_header headers[2] = { { "Content-Type", "application/json" } };
	size_t n = 1;
	if (extra)
		headers[n++] = *extra;
	http_server_answer(x, status, headers, n, body);
}

void webhook_say(struct http_exchange *x, int status, const char *member, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	buf_addf(&b, "{\"%s\":", member);
	json_write_string(&b, bytes_str(text));
	buf_adds(&b, "}\n");
	webhook_answer(x, status, NULL, buf_bytes(&b));
	buf_clear(&b);
}

void webhook_say_failed(struct http_exchange *x)
{
	webhook_say(x, 500, "error", "the run could not be started");
}

/* ---- what is told ---- */

static void add_text(struct buf *b, const char *member, const char *text)
{
	buf_addf(b, "%s\"%s\":", b->n > 1 ? "," : "", member);
	json_write_string(b, bytes_str(text));
}

static void add_fate(struct buf *b, const struct waiting_answer *p)
{
	buf_adds(b, "{");
	if (p->fate.verdict == WEBHOOK_IGNORED) {
		buf_adds(b, "\"ignored\":true");
		if (p->fate.why[0])
			add_text(b, "reason", p->fate.why);
	} else {
		if (p->url)
			add_text(b, "run", p->fate.run);
		add_text(b, "run_id", p->fate.run);
	}
	if (p->url && p->url[0])
		add_text(b, "status_url", p->url);
	if (p->url)
		buf_addf(b, ",\"duplicate\":%s", p->fate.duplicate ? "true" : "false");
}

static void say_known(const struct waiting_answer *p, struct bytes state, bool over)
{
	struct buf b = BUF_INIT(STATE_MAX);
	const struct http_header where = { "Location", p->url };
	bool accepted = p->fate.verdict == WEBHOOK_ACCEPTED;
	bool later = p->url && accepted && !p->fate.duplicate && !over;
	add_fate(&b, p);
	if (state.n > 0) {
		buf_adds(&b, ",");
		buf_add(&b, state.p, state.n);
	}
	buf_adds(&b, "}\n");
	if (b.err)
		webhook_say(p->x, 500, "error", "the answer is too long");
	else
		webhook_answer(p->x, later ? 202 : 200, p->url && p->url[0] ? &where : NULL,
			       buf_bytes(&b));
	buf_clear(&b);
}

/* ---- those that wait ---- */

static struct waiting_answer *wait_for(struct webhook_answers *a, struct http_exchange *x,
				       const struct webhook_fate *fate, int64_t wait_ms)
{
	struct waiting_answer *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	*p = (struct waiting_answer){
		.next = a->waiting, .all = a, .x = x, .fate = *fate, .wait_ms = wait_ms
	};
	a->waiting = p;
	return p;
}

static void forget(struct waiting_answer *p)
{
	struct waiting_answer **at = p->all ? &p->all->waiting : NULL;
	while (at && *at != p)
		at = &(*at)->next;
	if (at)
		*at = p->next;
	free(p->url);
	free(p);
}

static void on_state(void *arg, struct bytes members, bool over)
{
	struct waiting_answer *p = arg;
	if (p->x && !p->url && members.n == 0)
		webhook_say(p->x, 404, "error", "not found");
	else if (p->x)
		say_known(p, members, over);
	forget(p);
}

static void on_durable(void *arg, const struct err *err)
{
	struct waiting_answer *p = arg;
	bool waits = p->all && p->x && p->wait_ms > 0 && p->all->spec->follow &&
		     p->fate.verdict == WEBHOOK_ACCEPTED;
	if (err->code == 0 && waits) {
		p->all->spec->follow(p->all->spec->arg, p->fate.run, p->wait_ms, on_state, p);
		return;
	}
	if (p->x && err->code == 0)
		say_known(p, (struct bytes){ 0 }, false);
	else if (p->x)
		webhook_say_failed(p->x);
	forget(p);
}

/* ---- links ---- */

static char *link_to(const struct webhook_answers *a, const char *hook_path,
		     const struct http_received *req, const char *run)
{
	struct buf url = BUF_INIT(TEXT_MAX), base = BUF_INIT(TEXT_MAX);
	const struct bytes key = a->key ? bytes_str(a->key) : BYTES_LIT("");
	const char *host = http_header_get(req->headers, req->n_headers, "Host");
	if (a->base_url)
		buf_adds(&base, a->base_url);
	else if (host)
		buf_addf(&base, "%s://%s", a->tls ? "https" : "http", host);
	int rc = run[0] && a->spec->follow
		     ? status_link_write(&url, buf_cstr(&base), key, hook_path, run)
		     : 0;
	char *copy = rc == 0 && !url.err ? strdup(buf_cstr(&url)) : NULL;
	buf_clear(&url);
	buf_clear(&base);
	return copy;
}

/* ---- */

static void say_later(struct http_exchange *x, int status, int64_t retry_ms, const char *text)
{
	char after[24];
	struct buf b = BUF_INIT(TEXT_MAX);
	(void)snprintf(after, sizeof(after), "%" PRId64, (retry_ms + 999) / 1000);
	buf_adds(&b, "{\"error\":");
	json_write_string(&b, bytes_str(text));
	buf_adds(&b, "}\n");
	webhook_answer(x, status, &(struct http_header){ "Retry-After", after }, buf_bytes(&b));
	buf_clear(&b);
}

void webhook_say_busy(struct http_exchange *x)
{
	say_later(x, 503, BUSY_MS, "busy, try again later");
}

static void tell_when_durable(struct webhook_answers *a, struct http_exchange *x, char *url,
			      const struct webhook_fate *fate, int64_t wait_ms)
{
	static const struct err fine = { 0 };
	struct waiting_answer *p = url ? wait_for(a, x, fate, wait_ms) : NULL;
	if (!p) {
		free(url);
		webhook_say_failed(x); /* the sender asks again, and is told of a duplicate */
		return;
	}
	p->url = url;
	if (a->spec->when_durable)
		a->spec->when_durable(a->spec->arg, on_durable, p);
	else
		on_durable(p, &fine);
}

void webhook_tell(struct webhook_answers *a, struct http_exchange *x, const char *hook_path,
		  const struct http_received *req, const struct webhook_fate *fate, int64_t wait_ms)
{
	switch (fate->verdict) {
	case WEBHOOK_ACCEPTED:
	case WEBHOOK_IGNORED:
		tell_when_durable(a, x, link_to(a, hook_path, req, fate->run), fate, wait_ms);
		break;
	case WEBHOOK_TOO_FAST:
		say_later(x, 429, fate->retry_ms, "too many, try again later");
		break;
	case WEBHOOK_FULL:
		say_later(x, 503, fate->retry_ms, "busy, try again later");
		break;
	case WEBHOOK_FAILED:
		webhook_say_failed(x);
		break;
	}
}

void webhook_tell_state(struct webhook_answers *a, struct http_exchange *x, const char *run,
			int64_t wait_ms)
{
	struct webhook_fate fate = { .verdict = WEBHOOK_ACCEPTED };
	(void)snprintf(fate.run, sizeof(fate.run), "%s", run);
	struct waiting_answer *p = wait_for(a, x, &fate, wait_ms);
	if (p)
		a->spec->follow(a->spec->arg, run, wait_ms, on_state, p);
	else
		webhook_say_failed(x);
}

bool webhook_answers_gone(struct webhook_answers *a, const struct http_exchange *x)
{
	struct waiting_answer *p = a->waiting;
	while (p && p->x != x)
		p = p->next;
	if (p)
		p->x = NULL;
	return p;
}

void webhook_answers_stop(struct webhook_answers *a)
{
	for (struct waiting_answer *p = a->waiting; p; p = p->next) {
		p->x = NULL;
		p->all = NULL;
	}
	a->waiting = NULL;
}
