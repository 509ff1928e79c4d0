/*
 * fake_host.h - a host_api in which nothing happens on its own.
 *
 * Clocks stand still until a test moves them, timers fire and transfers end when the test says so,
 * and what the plugin sent and how its calls ended is there to look at. One pending timer and one
 * transfer at a time are enough for one call.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_api.h"

enum { FAKE_ENV_MAX = 16, FAKE_TEXT_MAX = 1 << 16 };

struct fake_host {
	struct host_api api;
	int64_t now_ms, mono_ms;
	const char *env[FAKE_ENV_MAX][2];

	/* What waits. */
	host_fn *timer_fn;
	void *timer_arg;
	int64_t delay_ms;
	http_done_fn *http_done;
	void *http_arg;

	/* The last request. */
	int sends;
	struct buf url, headers, body; /* headers as "Name: value\n" */
	int64_t timeout_ms, connect_timeout_ms, idle_timeout_ms;
	unsigned flags;

	/* The last end of a call. */
	int dones;
	struct buf answer, code, message, extra, context, request_id;
	int status, attempts;
	bool retryable, unknown;
	enum verdict verdict;
	bool maybe_sent; /* of the transfer that waits */

	int operations; /* registered */
	int throttled;  /* attempts that were told to be */
};

static inline struct fake_host *fake_of(struct host *h)
{
	return (struct fake_host *)(void *)h;
}

static inline void fake_set(struct buf *b, const char *p, size_t n)
{
	buf_clear(b);
	buf_add(b, p, n);
}

static inline const char *fake_env(struct host *h, const char *name)
{
	struct fake_host *f = fake_of(h);
	for (int i = 0; i < FAKE_ENV_MAX && f->env[i][0]; i++) {
		if (strcmp(f->env[i][0], name) == 0)
			return f->env[i][1];
	}
	return NULL;
}

static inline void fake_setenv(struct fake_host *f, const char *name, const char *value)
{
	int i = 0;
	while (i < FAKE_ENV_MAX - 1 && f->env[i][0] && strcmp(f->env[i][0], name) != 0)
		i++;
	f->env[i][0] = name;
	f->env[i][1] = value;
}

static inline int64_t fake_now(struct host *h)
{
	return fake_of(h)->now_ms;
}

static inline int64_t fake_mono(struct host *h)
{
	return fake_of(h)->mono_ms;
}

static inline struct timer *fake_timer_start(struct host *h, int64_t delay_ms, host_fn *fn,
					     void *arg)
{
	struct fake_host *f = fake_of(h);
	INVARIANT(!f->timer_fn);
	f->timer_fn = fn;
	f->timer_arg = arg;
	f->delay_ms = delay_ms;
	return (struct timer *)(void *)&f->timer_fn;
}

static inline void fake_timer_stop(struct host *h, struct timer *t)
{
	(void)t;
	fake_of(h)->timer_fn = NULL;
}

static inline struct http_transfer *fake_http_start(struct host *h, const struct http_request *req,
						    http_done_fn *done, void *arg)
{
	struct fake_host *f = fake_of(h);
	INVARIANT(!f->http_done);
	f->http_done = done;
	f->http_arg = arg;
	f->sends++;
	fake_set(&f->url, req->url, strlen(req->url));
	fake_set(&f->body, req->body.p, req->body.n);
	buf_clear(&f->headers);
	for (size_t i = 0; i < req->n_headers; i++)
		buf_addf(&f->headers, "%s: %s\n", req->headers[i].name, req->headers[i].value);
	f->timeout_ms = req->timeout_ms;
	f->connect_timeout_ms = req->connect_timeout_ms;
	f->idle_timeout_ms = req->idle_timeout_ms;
	f->flags = req->flags;
	return (struct http_transfer *)(void *)&f->http_done;
}

static inline void fake_http_stop(struct host *h, struct http_transfer *t)
{
	(void)t;
	fake_of(h)->http_done = NULL;
}

static inline bool fake_maybe_sent(struct host *h, const struct http_transfer *t)
{
	(void)t;
	return fake_of(h)->maybe_sent;
}

static inline void fake_call_throttled(struct host *h, struct host_call *call)
{
	(void)call;
	fake_of(h)->throttled++;
}

static inline void fake_call_done(struct host *h, struct host_call *call,
				  const struct call_result *r)
{
	struct fake_host *f = fake_of(h);
	(void)call;
	f->dones++;
	fake_set(&f->answer, r->answer.p, r->answer.n);
	fake_set(&f->code, r->code, r->code ? strlen(r->code) : 0);
	fake_set(&f->message, r->message, r->message ? strlen(r->message) : 0);
	fake_set(&f->extra, r->extra.p, r->extra.n);
	fake_set(&f->context, r->context.p, r->context.n);
	fake_set(&f->request_id, r->request_id, r->request_id ? strlen(r->request_id) : 0);
	f->status = r->status;
	f->attempts = r->attempts;
	f->retryable = r->retryable;
	f->unknown = r->unknown;
	f->verdict = r->verdict;
}

static inline int fake_register_operation(struct host *h, const char *ns,
					  const struct operation *op, void *state, struct err *err)
{
	(void)ns, (void)op, (void)state, (void)err;
	fake_of(h)->operations++;
	return 0;
}

static inline void PRINTF_LIKE(3, 4)
    fake_log(struct host *h, enum log_level level, const char *fmt, ...)
{
	(void)h, (void)level, (void)fmt;
}

/* Every secret is its name in capitals; "none" does not exist. */
static inline int fake_secret(struct host *h, const char *name, struct buf *out, struct err *err)
{
	(void)h;
	if (strcmp(name, "none") == 0)
		return err_set(err, ERR_INVALID, "[secrets] has no 'none'");
	for (; *name; name++) {
		const char c = (char)(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
		buf_add(out, &c, 1);
	}
	return 0;
}

static inline void fake_init(struct fake_host *f)
{
	*f = (struct fake_host){
		.now_ms = INT64_C(1795300000000), /* 2026-11-21T22:26:40Z */
		.mono_ms = 1000000,
	};
	f->api = (struct host_api){
		.abi = RUNBOOK_PLUGIN_ABI,
		.size = sizeof(struct host_api),
		.host = (struct host *)(void *)f,
		.register_operation = fake_register_operation,
		.call_done = fake_call_done,
		.http_start = fake_http_start,
		.http_stop = fake_http_stop,
		.now_ms = fake_now,
		.mono_ms = fake_mono,
		.timer_start = fake_timer_start,
		.timer_stop = fake_timer_stop,
		.log = fake_log,
		.env = fake_env,
		.http_maybe_sent = fake_maybe_sent,
		.secret = fake_secret,
		.call_throttled = fake_call_throttled,
	};
	struct buf *const texts[] = { &f->url,    &f->headers, &f->body,
				      &f->answer, &f->code,    &f->message,
				      &f->extra,  &f->context, &f->request_id };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = BUF_INIT(FAKE_TEXT_MAX);
}

static inline void fake_clear(struct fake_host *f)
{
	struct buf *const texts[] = { &f->url,    &f->headers, &f->body,
				      &f->answer, &f->code,    &f->message,
				      &f->extra,  &f->context, &f->request_id };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_clear(texts[i]);
}

/* Time passes until the pending timer fires. False when there is none. */
static inline bool fake_fire(struct fake_host *f)
{
	host_fn *fn = f->timer_fn;
	if (!fn)
		return false;
	f->timer_fn = NULL;
	f->now_ms += f->delay_ms;
	f->mono_ms += f->delay_ms;
	fn(f->timer_arg);
	return true;
}

static inline bool fake_end(struct fake_host *f, const struct http_answer *a)
{
	http_done_fn *done = f->http_done;
	if (!done)
		return false;
	f->http_done = NULL;
	done(f->http_arg, a);
	return true;
}

/* The pending transfer ends with this answer; headers as "Name", "value", ... NULL. */
static inline bool fake_answer(struct fake_host *f, int status, const char *body,
			       const char *const *headers)
{
	struct http_header list[8];
	struct http_answer a = {
		.status = status, .body = bytes_str(body), .headers = list, .maybe_sent = true
	};
	for (; headers && headers[0]; headers += 2)
		list[a.n_headers++] = (struct http_header){ headers[0], headers[1] };
	return fake_end(f, &a);
}

/* The pending transfer ends without an answer. */
static inline bool fake_break(struct fake_host *f, enum err_code code, const char *why,
			      bool maybe_sent)
{
	struct http_answer a = { .maybe_sent = maybe_sent };
	(void)err_set(&a.err, code, "%s", why);
	a.err.retryable = code != ERR_LIMIT;
	return fake_end(f, &a);
}

/* The value of a header of the last request, up to the end of its line; "" if it was not sent. */
static inline const char *fake_header(const struct fake_host *f, char out[512], const char *name)
{
	out[0] = '\0';
	size_t n = strlen(name);
	for (const char *line = buf_cstr(&f->headers); *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			(void)snprintf(out, 512, "%.*s", (int)strcspn(line + n + 2, "\n"),
				       line + n + 2);
	}
	return out;
}

#endif
