#include "sfn/call.h"

#include <stdlib.h>

#include "aws/answer.h"
#include "base/sm.h"
#include "sfn/attempt.h"
#include "sfn/ending.h"
#include "sfn/shape.h"

enum { ATTEMPT_MAX_MS = 120000, ANSWER_MAX = 16 << 20, DOUBT_MAX = 4096 };

/*
 *  IDLE ──► ASKING ──► SENDING ──► DONE        ASKING may end it, too
 *             ▲           │
 *             └─ BACKOFF ◄┘   worth another attempt, and there is one left
 *
 * ASKING, SENDING and BACKOFF each wait for one completion: on_ask, on_http, on_timer. Endpoint and
 * credentials are asked for on every attempt: they may have changed while we slept.
 */
enum { IDLE, ASKING, SENDING, BACKOFF, DONE };

static const struct sm_state states[] = {
	[IDLE] = { "idle", SM_TO(ASKING) },
	[ASKING] = { "asking", SM_TO(SENDING) | SM_TO(DONE) },
	[SENDING] = { "sending", SM_TO(BACKOFF) | SM_TO(DONE) },
	[BACKOFF] = { "backoff", SM_TO(ASKING) },
	[DONE] = { "done", 0 },
};

struct call {
	struct call_spec spec;
	const struct host_api *api;
	struct host_call *host_call;
	struct call *next, **link; /* in the list */
	struct sm sm;

	/* What the present state waits for. */
	struct client_ask ask;
	struct http_transfer *transfer;
	struct timer *timer;

	char invocation_id[UUID_SIZE];
	int number; /* attempts begun */
	struct attempt attempt;
	int64_t sent_ms;        /* wall clock at the start of the attempt */
	struct aws_answer last; /* how the last attempt ended */
	enum retry_class why;   /* ... and whether it is worth another */
	int retry_cost;         /* of the last retry, 0: none so far */
	struct buf doubt;       /* what first put a changing call in doubt; empty: none */
};

static void enter_asking(struct call *c);
static void on_ask(void *arg, const struct err *err);
static void on_http(void *arg, const struct http_answer *a);
static void on_timer(void *arg);

/* ---- the end ---- */

static void unlink_call(struct call *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->host_call->plugin = NULL;
}

static void free_call(struct call *c)
{
	attempt_clear(&c->attempt);
	aws_answer_clear(&c->last);
	buf_clear(&c->doubt);
	if (c->spec.gone)
		c->spec.gone(c->spec.arg);
	free(c);
}

static void deliver(void *arg, const struct call_result *result)
{
	struct call *c = arg;
	if (c->spec.done)
		c->spec.done(c->spec.arg, result);
	else
		c->api->call_done(c->api->host, c->host_call, result);
}

/* body: of a good answer. Frees c. */
static void enter_done(struct call *c, struct bytes body)
{
	const struct credentials *keys = c->spec.client->credentials;
	bool failed = c->last.code[0] != '\0';
	sm_move(&c->sm, DONE);
	unlink_call(c);
	ending_deliver(
	    &(struct ending){
		.op = c->spec.op,
		.args = c->host_call->args,
		.last = &c->last,
		.body = body,
		.attempts = c->number,
		.retryable = c->why != RETRY_NO,
		.unknown = failed && c->doubt.n > 0,
		.doubt = buf_cstr(&c->doubt),
		.identity = c->number > 0 && keys ? keys->access_key_id : NULL,
	    },
	    deliver, c);
	free_call(c);
}

static void end_with(struct call *c, const char *code, const char *message)
{
	c->last.status = 0;
	c->why = RETRY_NO;
	aws_answer_fail(&c->last, code, "%s", message);
	enter_done(c, (struct bytes){ NULL, 0 });
}

/* ---- time ---- */

/* Milliseconds until the call must be over; INT64_MAX: any number. */
static int64_t time_left(const struct call *c)
{
	int64_t deadline = c->host_call->deadline_ms;
	return deadline == 0 ? INT64_MAX : deadline - c->api->mono_ms(c->api->host);
}

/* May an attempt still start in delay_ms from now? */
static bool may_start_in(const struct call *c, int64_t delay_ms)
{
	int64_t not_after = c->host_call->not_after_ms;
	if (time_left(c) <= delay_ms)
		return false;
	return not_after == 0 || c->api->now_ms(c->api->host) + delay_ms <= not_after;
}

/* ---- an attempt ---- */

static void enter_asking(struct call *c)
{
	sm_move(&c->sm, ASKING);
	c->ask = (struct client_ask){ .done = on_ask, .arg = c };
	client_ask(c->spec.client, &c->ask);
}

static void enter_sending(struct call *c)
{
	const struct client *client = c->spec.client;
	const struct settings *set = client->spec.settings;
	int64_t left = time_left(c);
	const struct http_request request = {
		.method = "POST",
		.url = client->endpoint.url,
		.headers = c->attempt.headers,
		.n_headers = c->attempt.n_headers,
		.body = c->host_call->args,
		.connect_timeout_ms = set->connect_timeout_ms,
		.idle_timeout_ms = set->read_timeout_ms,
		.timeout_ms = left < ATTEMPT_MAX_MS ? left : ATTEMPT_MAX_MS,
		.max_body = ANSWER_MAX,
		.ca_file = client->ca_file,
		.flags = client->endpoint.loopback ? HTTP_NO_PROXY : 0,
	};
	sm_move(&c->sm, SENDING);
	c->transfer = c->api->http_start(c->api->host, &request, on_http, c);
}

static void on_ask(void *arg, const struct err *err)
{
	struct call *c = arg;
	struct err why = { 0 };
	INVARIANT(c->sm.now == ASKING);
	if (err) {
		end_with(c, err->name[0] ? err->name : "ClientError", err->message);
		return;
	}
	if (!may_start_in(c, 0)) {
		if (c->number > 0)
			enter_done(c, (struct bytes){ NULL, 0 }); /* the last failure says more */
		else
			end_with(c, "DeadlineExceeded",
				 "the time for this call was over before it "
				 "could be sent");
		return;
	}
	if (c->host_call->may_send && c->host_call->may_send(c->host_call, &why) < 0) {
		end_with(c, why.name, why.message);
		return;
	}
	c->number++;
	c->sent_ms = c->api->now_ms(c->api->host);
	attempt_clear(&c->attempt);
	const struct attempt_spec spec = {
		.client = c->spec.client,
		.op = c->spec.op,
		.body = c->host_call->args,
		.invocation_id = c->invocation_id,
		.number = c->number,
		.wall_ms = c->sent_ms,
	};
	if (attempt_sign(&c->attempt, &spec, &why) < 0) {
		c->number--;
		end_with(c, "SigningError", why.message);
		return;
	}
	enter_sending(c);
}

/* ---- judging ---- */

static bool has_token(const struct operation *op)
{
	for (const struct member *m = op->members; m->name; m++) {
		if (m->flags & MEMBER_TOKEN)
			return true;
	}
	return false;
}

static const char *transport_code(enum err_code code)
{
	switch (code) {
	case ERR_TIMEOUT:
		return "Timeout";
	case ERR_LIMIT:
		return "ResponseTooLarge";
	case ERR_INVALID:
		return "InvalidRequest";
	case ERR_NOMEM:
		return "OutOfMemory";
	case ERR_IO:
	case ERR_CANCELLED:
	case ERR_AUTH:
	case ERR_REMOTE:
		break;
	}
	return "ConnectionError";
}

/* Nothing, or not all, has come back. @return whether the request may have been carried out */
static bool judge_transport(struct call *c, const struct http_answer *a)
{
	aws_answer_clear(&c->last);
	aws_answer_init(&c->last);
	c->last.status = a->status;
	aws_answer_fail(&c->last, transport_code(a->err.code), "%s", a->err.message);
	c->why = a->err.retryable ? RETRY_TRANSIENT : RETRY_NO;
	if (!a->maybe_sent)
		client_lost(c->spec.client);
	return a->maybe_sent;
}

/* An answer has come back whole. @return whether it leaves the outcome open */
static bool judge_answer(struct call *c, const struct http_answer *a)
{
	struct client *client = c->spec.client;
	struct err err;
	bool learnt = skew_learn(&client->skew, a->headers, a->n_headers, c->sent_ms,
				 c->api->now_ms(c->api->host));
	aws_answer_clear(&c->last);
	aws_answer_read(&c->last, a);
	if (c->last.code[0] == '\0' && shape_check(c->spec.op->answer, c->last.body, &err) < 0)
		aws_answer_fail(&c->last, AWS_MALFORMED, "%s", err.message);
	bool malformed = strcmp(c->last.code, AWS_MALFORMED) == 0;
	if (malformed)
		c->why = c->spec.op->flags & OP_READS || has_token(c->spec.op) ? RETRY_TRANSIENT
									       : RETRY_NO;
	else
		c->why = retry_classify(c->last.code, a->status);
	if (c->why == RETRY_THROTTLING)
		c->api->call_throttled(c->api->host, c->host_call);
	if (c->why == RETRY_NO && client->correct_skew &&
	    skew_explains(&client->skew, learnt, c->last.code))
		c->why = RETRY_TRANSIENT;
	return malformed || a->status >= 500;
}

/* Keep the first thing that put a changing call in doubt. */
static void note_doubt(struct call *c)
{
	if (!(c->spec.op->flags & OP_CHANGES) || c->doubt.n > 0)
		return;
	buf_addf(&c->doubt, "attempt %d of %d ended with %s: %.1024s", c->number,
		 c->spec.client->max_attempts, c->last.code, buf_cstr(&c->last.message));
}

static void enter_backoff(struct call *c, int64_t delay_ms)
{
	sm_move(&c->sm, BACKOFF);
	c->timer = c->api->timer_start(c->api->host, delay_ms, on_timer, c);
}

/* Back off if another attempt is worth it, left, in time and paid for. */
static bool goes_on(struct call *c)
{
	struct client *client = c->spec.client;
	if (c->why == RETRY_NO || c->number >= client->max_attempts)
		return false;
	int64_t delay =
	    retry_delay_ms(c->why, c->number, client->spec.random(), c->last.retry_after_ms);
	if (!may_start_in(c, delay))
		return false;
	int cost = retry_take(&client->quota, c->why);
	if (cost == 0)
		return false;
	c->retry_cost = cost;
	c->api->log(c->api->host, LOG_DEBUG,
		    "sfn.%s: attempt %d of %d ended with %s; next in %d ms", c->spec.op->name,
		    c->number, client->max_attempts, c->last.code, (int)delay);
	enter_backoff(c, delay);
	return true;
}

static void on_http(void *arg, const struct http_answer *a)
{
	struct call *c = arg;
	INVARIANT(c->sm.now == SENDING);
	c->transfer = NULL;
	bool open = a->err.code ? judge_transport(c, a) : judge_answer(c, a);
	if (c->last.code[0] == '\0') {
		retry_succeeded(&c->spec.client->quota, c->retry_cost);
		enter_done(c, a->body);
		return;
	}
	if (open)
		note_doubt(c);
	if (!goes_on(c))
		enter_done(c, (struct bytes){ NULL, 0 });
}

static void on_timer(void *arg)
{
	struct call *c = arg;
	INVARIANT(c->sm.now == BACKOFF);
	c->timer = NULL;
	enter_asking(c);
}

/* ---- life ---- */

void call_start(const struct call_spec *spec, struct host_call *host_call)
{
	struct call *c = calloc(1, sizeof(*c));
	INVARIANT(c); /* the host's own limits leave room for a few hundred bytes */
	*c = (struct call){
		.spec = *spec,
		.api = spec->client->spec.api,
		.host_call = host_call,
		.sm = { .states = states, .now = IDLE },
		.doubt = BUF_INIT(DOUBT_MAX),
		.next = spec->list->first,
		.link = &spec->list->first,
	};
	if (c->next)
		c->next->link = &c->next;
	spec->list->first = c;
	host_call->plugin = c;
	aws_answer_init(&c->last);
	uuid_v4(c->invocation_id);
	enter_asking(c);
}

bool call_in_doubt(const struct host_call *host_call)
{
	const struct call *c = host_call->plugin;
	if (!c)
		return false;
	return c->doubt.n > 0 ||
	       (c->transfer && c->api->http_maybe_sent(c->api->host, c->transfer));
}

static void stop(struct call *c)
{
	client_ask_stop(&c->ask);
	if (c->transfer)
		c->api->http_stop(c->api->host, c->transfer);
	if (c->timer)
		c->api->timer_stop(c->api->host, c->timer);
	unlink_call(c);
	free_call(c);
}

void call_stop(struct host_call *host_call)
{
	if (host_call->plugin)
		stop(host_call->plugin);
}

void call_list_stop(struct call_list *list)
{
	for (struct call *c = list->first, *next; c; c = next) {
		next = c->next;
		stop(c);
	}
}
