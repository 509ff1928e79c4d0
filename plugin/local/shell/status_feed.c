#include "local/shell/status_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "base/clock.h"
#include "base/random.h"

enum { EVENT_MAX = 4 * 1024 * 1024, ANSWER_MAX = 64 * 1024, ANSWER_MS = 5000 };

struct queued_event {
	struct queued_event *next;
	uint64_t ticket;
	struct buf body;
};

struct status_feed {
	const struct host_api *api;
	const char *account;
	struct endpoint endpoint;
	struct queued_event *first, **last;
	struct queued_event *fresh; /* the first one without a ticket */
	int n;
	uint64_t durable; /* the latest ticket known to be on disk */
	int attempts;     /* at the first event */
	struct http_transfer *transfer;
	struct timer *pause;
	uint64_t dropped; /* since the queue was full for the first time; 0: it is not */
};

static bool loopback_only(const struct host_api *api)
{
	const char *value = api->env(api->host, "RUNBOOK_LOOPBACK_ONLY");
	return value && strcmp(value, "1") == 0;
}

int status_feed_open(struct status_feed **out, const struct status_feed_spec *spec, struct err *err)
{
	struct status_feed *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, ERR_NOMEM, "out of memory");
	f->api = spec->api;
	f->account = spec->account;
	f->last = &f->first;
	int rc = endpoint_resolve(&f->endpoint,
				  &(struct endpoint_rules){
				      .service = "events",
				      .override = spec->url,
				      .loopback_only = loopback_only(spec->api),
				  },
				  err);
	if (rc)
		free(f);
	else
		*out = f;
	return rc;
}

static void remove_first(struct status_feed *f)
{
	struct queued_event *q = f->first;
	f->first = q->next;
	if (!f->first)
		f->last = &f->first;
	f->n--;
	f->attempts = 0;
	buf_clear(&q->body);
	free(q);
}

void status_feed_drop(struct status_feed *f)
{
	const struct host_api *api = f->api;
	if (f->transfer)
		api->http_stop(api->host, f->transfer);
	if (f->pause)
		api->timer_stop(api->host, f->pause);
	f->transfer = NULL;
	f->pause = NULL;
	f->fresh = NULL;
	while (f->first)
		remove_first(f);
}

void status_feed_close(struct status_feed *f)
{
	if (!f)
		return;
	if (f->n > 0)
		f->api->log(f->api->host, LOG_WARN,
			    "local engine: %d status events were not posted to %s", f->n,
			    f->endpoint.url);
	status_feed_drop(f);
	free(f);
}

/* ---- noting ---- */

void status_feed_time(char out[STATUS_FEED_TIME_SIZE], int64_t ms)
{
	char iso[ISO8601_SIZE];
	iso8601_format(iso, (ms + 500) / 1000 * 1000);
	(void)snprintf(out, STATUS_FEED_TIME_SIZE, "%.*sZ", (int)strcspn(iso, "."), iso);
}

static void write_event(struct buf *out, const struct status_feed *f, const char *region,
			const struct engine_status_change *c)
{
	char id[UUID_SIZE], time[STATUS_FEED_TIME_SIZE];
	uuid_v4(id);
	status_feed_time(time, c->at_ms);
	buf_addf(out,
		 "{\"version\":\"0\",\"id\":\"%s\",\"detail-type\":\"Step Functions Execution "
		 "Status Change\",\"source\":\"aws.states\",\"account\":\"%s\",\"time\":\"%s\","
		 "\"region\":\"%s\",\"resources\":[\"%s\"],\"detail\":",
		 id, f->account, time, region, c->execution_arn);
	buf_add(out, c->detail.p, c->detail.n);
	buf_adds(out, "}");
}

void status_feed_add(struct status_feed *f, const char *region,
		     const struct engine_status_change *c)
{
	if (f->n >= FEED_QUEUE_MAX) {
		if (f->dropped++ == 0)
			f->api->log(f->api->host, LOG_WARN,
				    "local engine: %d status events wait for %s; further ones are "
				    "dropped",
				    f->n, f->endpoint.url);
		return;
	}
	struct queued_event *q = malloc(sizeof(*q));
	INVARIANT(q != NULL);
	*q = (struct queued_event){ .body = BUF_INIT(EVENT_MAX) };
	write_event(&q->body, f, region, c);
	*f->last = q;
	f->last = &q->next;
	f->fresh = f->fresh ? f->fresh : q;
	f->n++;
}

/* ---- posting ---- */

static void post_first(struct status_feed *f);

static void on_pause_over(void *arg)
{
	struct status_feed *f = arg;
	f->pause = NULL;
	post_first(f);
}

/* Those an API destination tries again. */
static bool is_temporary(const struct http_answer *a)
{
	return a->status == 0 || a->err.code || a->status == 401 || a->status == 407 ||
	       a->status == 409 || a->status == 429 || a->status >= 500;
}

static void say_dropped(struct status_feed *f, const struct http_answer *a)
{
	if (a->status)
		f->api->log(f->api->host, LOG_WARN,
			    "local engine: a status event was dropped: %s answered %d",
			    f->endpoint.url, a->status);
	else
		f->api->log(f->api->host, LOG_WARN,
			    "local engine: a status event was dropped: %s: %s", f->endpoint.url,
			    a->err.message);
}

static void on_answer(void *arg, const struct http_answer *a)
{
	struct status_feed *f = arg;
	bool good = !a->err.code && a->status >= 200 && a->status <= 299;
	f->transfer = NULL;
	if (!good && is_temporary(a) && f->attempts < FEED_ATTEMPTS) {
		int64_t pause = (int64_t)FEED_FIRST_PAUSE_MS << (f->attempts - 1);
		f->pause = f->api->timer_start(f->api->host, pause, on_pause_over, f);
		return;
	}
	if (!good)
		say_dropped(f, a);
	remove_first(f);
	post_first(f);
}

static void post_first(struct status_feed *f)
{
	static const struct http_header headers[] = {
		{ "User-Agent", "Amazon/EventBridge/ApiDestinations" },
		{ "Content-Type", "application/json; charset=utf-8" },
	};
	const struct queued_event *q = f->first;
	if (f->transfer || f->pause || !q || q == f->fresh || q->ticket > f->durable)
		return;
	const struct http_request req = {
		.method = "POST",
		.url = f->endpoint.url,
		.headers = headers,
		.n_headers = 2,
		.body = buf_bytes(&q->body),
		.timeout_ms = ANSWER_MS,
		.max_body = ANSWER_MAX,
	};
	f->attempts++;
	f->transfer = f->api->http_start(f->api->host, &req, on_answer, f);
}

static void say_what_was_dropped(struct status_feed *f)
{
	if (f->dropped && f->n < FEED_QUEUE_MAX / 2) {
		f->api->log(f->api->host, LOG_WARN,
			    "local engine: %llu status events were dropped: too many waited for %s",
			    (unsigned long long)f->dropped, f->endpoint.url);
		f->dropped = 0;
	}
}

void status_feed_ticket(struct status_feed *f, uint64_t ticket)
{
	for (struct queued_event *q = f->fresh; q; q = q->next)
		q->ticket = ticket;
	f->fresh = NULL;
	post_first(f);
}

void status_feed_release(struct status_feed *f, uint64_t ticket)
{
	if (ticket > f->durable)
		f->durable = ticket;
	say_what_was_dropped(f);
	post_first(f);
}
