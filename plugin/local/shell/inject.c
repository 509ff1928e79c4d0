#include "local/shell/inject.h"

#include <stdlib.h>

#include "local/shell/access.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

/* Waits for its answer (fault.after), or for its time to be over (timer). */
struct met {
	struct met *next;
	struct injector *injector;
	struct http_exchange *exchange;
	struct planned_fault fault;
	struct wire_request request; /* of one that is to be served later */
	struct timer *timer;
	int status; /* of an answer that is to be sent later */
	struct buf answer;
};

static struct met *met_new(struct injector *in, struct http_exchange *x,
			   const struct planned_fault *f)
{
	struct met *m = malloc(sizeof(*m));
	INVARIANT(m != NULL);
	*m = (struct met){ .injector = in,
			   .exchange = x,
			   .fault = *f,
			   .answer = BUF_INIT(ANSWER_MAX),
			   .next = in->first };
	in->first = m;
	return m;
}

static void unlink_met(struct injector *in, const struct met *m)
{
	struct met **link = &in->first;
	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

static void met_free(struct met *m)
{
	const struct host_api *api = m->injector->api;
	if (m->timer)
		api->timer_stop(api->host, m->timer);
	wire_request_clear(&m->request);
	buf_clear(&m->answer);
	free(m);
}

static struct met *find(const struct injector *in, const struct http_exchange *x)
{
	struct met *m = in->first;
	while (m && m->exchange != x)
		m = m->next;
	return m;
}

static void on_time(void *arg)
{
	struct met *m = arg;
	struct injector *in = m->injector;
	m->timer = NULL;
	unlink_met(in, m);
	if (m->fault.after)
		in->reply(in->arg, m->exchange, m->status, buf_bytes(&m->answer));
	else
		in->serve(in->arg, m->exchange, &m->request);
	met_free(m);
}

static void delay(struct met *m)
{
	const struct host_api *api = m->injector->api;
	m->timer = api->timer_start(api->host, m->fault.ms, on_time, m);
}

static void refuse(struct injector *in, struct http_exchange *x, const struct err *err)
{
	struct buf body = BUF_INIT(ANSWER_MAX);
	wire_write_error(&body, err, (struct bytes){ 0 });
	in->reply(in->arg, x, err->status, buf_bytes(&body));
	buf_clear(&body);
}

static void fail(struct injector *in, struct http_exchange *x, int status)
{
	struct err err;
	if (status == 503)
		(void)wire_error(
		    &err, "ServiceUnavailable", status,
		    "The request has failed due to a temporary failure of the server.");
	else
		(void)wire_error(&err, "InternalFailure", status,
				 "The request processing has failed because of an unknown error, "
				 "exception or failure.");
	refuse(in, x, &err);
}

/* A fault that comes instead of the operation. */
static void fail_before(struct injector *in, struct http_exchange *x, const struct wire_request *r,
			const struct planned_fault *f)
{
	struct err err = { 0 };
	switch (f->kind) {
	case FAULT_THROTTLE:
		(void)wire_error(&err, "ThrottlingException", 400, "Rate exceeded");
		refuse(in, x, &err);
		break;
	case FAULT_DENY:
		if (access_check("*", r->op, r->args, in->account, r->region, &err) != 0)
			refuse(in, x, &err);
		break;
	case FAULT_ERROR:
		fail(in, x, f->status);
		break;
	case FAULT_DROP:
		in->api->http_drop(in->api->host, x);
		break;
	case FAULT_LATENCY: /* it is held up, not failed */
		break;
	}
}

bool inject_request(struct injector *in, struct http_exchange *x, struct wire_request *r)
{
	struct planned_fault f;
	if (!in->plan || !fault_plan_take(in->plan, r->op, &f))
		return false;
	if (f.after) {
		(void)met_new(in, x, &f);
		return false;
	}
	if (f.kind == FAULT_LATENCY) {
		struct met *m = met_new(in, x, &f);
		m->request = *r;
		*r = (struct wire_request){ 0 };
		delay(m);
		return true;
	}
	fail_before(in, x, r, &f);
	wire_request_clear(r);
	return true;
}

bool inject_answer(struct injector *in, struct http_exchange *x, int status, struct bytes body)
{
	struct met *m = find(in, x);
	if (!m)
		return false;
	if (m->fault.kind == FAULT_LATENCY) {
		m->status = status;
		buf_add(&m->answer, body.p, body.n);
		delay(m);
		return true;
	}
	unlink_met(in, m);
	if (m->fault.kind == FAULT_ERROR)
		fail(in, x, m->fault.status);
	else
		in->api->http_drop(in->api->host, x);
	met_free(m);
	return true;
}

void inject_gone(struct injector *in, const struct http_exchange *x)
{
	struct met *m = find(in, x);
	if (!m)
		return;
	unlink_met(in, m);
	met_free(m);
}

void inject_stop(struct injector *in)
{
	while (in->first) {
		struct met *m = in->first;
		in->first = m->next;
		met_free(m);
	}
}
