#include "http/exchange.h"

#include <stdlib.h>

#include "http/answer.h"

enum { RESULT_MAX = 64 << 20 };

struct exchange {
	struct request_spec spec;
	const struct host_api *api;
	struct host_call *call;
	struct exchange *next, **link;
	struct timer *timer; /* until it is sent */
	struct http_transfer *transfer;
	struct request request;
	struct err err; /* what is wrong with the request; .code 0: nothing */
};

static void free_exchange(struct exchange *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	x->call->plugin = NULL;
	request_clear(&x->request);
	free(x);
}

/* Frees x. */
static void end(struct exchange *x, const struct call_result *result)
{
	const struct host_api *api = x->api;
	struct host_call *call = x->call;
	free_exchange(x);
	api->call_done(api->host, call, result);
}

static void end_unsent(struct exchange *x, const struct err *why, const char *fallback)
{
	const struct err err = *why;
	end(x, &(struct call_result){ .code = err.name[0] ? err.name : fallback,
				      .message = err.message });
}

static const char *code_of(const struct err *err)
{
	switch (err->code) {
	case ERR_TIMEOUT:
		return "Timeout";
	case ERR_LIMIT:
		return err->name[0] ? err->name : "ResponseTooLarge";
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

static void end_with_answer(struct exchange *x, const struct http_answer *a)
{
	struct buf text = BUF_INIT(RESULT_MAX);
	answer_write(&text, a);
	if (text.err)
		end(x,
		    &(struct call_result){ .code = "ResponseTooLarge",
					   .message = "the answer does not fit into memory",
					   .status = a->status,
					   .attempts = 1,
					   .unknown = x->request.changes && !x->request.resend });
	else
		end(x, &(struct call_result){
			   .answer = buf_bytes(&text), .status = a->status, .attempts = 1 });
	buf_clear(&text);
}

static void on_http(void *arg, const struct http_answer *a)
{
	struct exchange *x = arg;
	x->transfer = NULL;
	if (a->err.code == 0) {
		end_with_answer(x, a);
		return;
	}
	end(x, &(struct call_result){
		   .code = code_of(&a->err),
		   .message = a->err.message,
		   .attempts = 1,
		   .retryable = a->err.retryable,
		   .unknown = x->request.changes && !x->request.resend && a->maybe_sent,
	       });
}

static int64_t time_left(const struct exchange *x)
{
	int64_t deadline = x->call->deadline_ms;
	int64_t left = deadline ? deadline - x->api->mono_ms(x->api->host) : x->request.timeout_ms;
	return left < x->request.timeout_ms ? left : x->request.timeout_ms;
}

static void on_begin(void *arg)
{
	struct exchange *x = arg;
	const struct request *r = &x->request;
	struct err why = { 0 };
	int64_t left = time_left(x);
	x->timer = NULL;
	if (x->err.code) {
		end_unsent(x, &x->err, "InvalidRequest");
		return;
	}
	if (left <= 0) {
		(void)err_named(&why, ERR_TIMEOUT, "DeadlineExceeded",
				"the time for this call was over before it could be sent");
		end_unsent(x, &why, "");
		return;
	}
	if (x->call->may_send && x->call->may_send(x->call, &why) < 0) {
		end_unsent(x, &why, "PolicyDenied");
		return;
	}
	const struct http_request request = {
		.method = r->method,
		.url = buf_cstr(&r->url),
		.headers = r->headers,
		.n_headers = r->n_headers,
		.body = buf_bytes(&r->body),
		.idle_timeout_ms = left,
		.timeout_ms = left,
		.max_body = x->spec.settings->max_answer,
		.ca_file = x->spec.settings->ca_file,
		.flags = r->changes && !r->resend ? HTTP_ONCE : 0,
	};
	x->transfer = x->api->http_start(x->api->host, &request, on_http, x);
}

void exchange_start(struct exchange_list *list, const struct request_spec *spec,
		    struct host_call *call)
{
	struct exchange *x = calloc(1, sizeof(*x));
	INVARIANT(x); /* the host's own limits leave room for a few hundred bytes */
	*x = (struct exchange){ .spec = *spec,
				.api = spec->api,
				.call = call,
				.next = list->first,
				.link = &list->first };
	if (x->next)
		x->next->link = &x->next;
	list->first = x;
	call->plugin = x;
	int rc = request_build(&x->request, spec, call->args, &x->err);
	INVARIANT(rc == 0 || x->err.code != 0);
	x->timer = x->api->timer_start(x->api->host, 0, on_begin, x);
}

void exchange_stop(struct host_call *call)
{
	struct exchange *x = call->plugin;
	if (!x)
		return;
	if (x->timer)
		x->api->timer_stop(x->api->host, x->timer);
	if (x->transfer)
		x->api->http_stop(x->api->host, x->transfer);
	free_exchange(x);
}

bool exchange_in_doubt(const struct host_call *call)
{
	const struct exchange *x = call->plugin;
	return x && x->transfer && x->request.changes && !x->request.resend &&
	       x->api->http_maybe_sent(x->api->host, x->transfer);
}

void exchange_stop_all(struct exchange_list *list)
{
	for (struct exchange *x = list->first, *next; x; x = next) {
		next = x->next;
		exchange_stop(x->call);
	}
}
