#include "local/server.h"

#include <stdlib.h>

#include "base/random.h"

#include "local/access.h"
#include "local/request_log.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

/* An answer that waits for its ticket. */
struct held {
	struct held *next;
	struct http_exchange *exchange;
	uint64_t ticket;
	int status;
	struct buf body;
};

struct server {
	struct server_spec spec;
	struct http_server *http;
	struct request_log *log;    /* NULL: none */
	struct held *first, **last; /* tickets never fall: first come, first released */
};

static void answer(struct server *s, struct http_exchange *x, int status, struct bytes body)
{
	char id[UUID_SIZE];
	const struct http_header headers[] = {
		{ "x-amzn-RequestId", id },
		{ "Content-Type", "application/x-amz-json-1.0" },
	};
	uuid_v4(id);
	s->spec.api->http_answer(s->spec.api->host, x, status, headers, 2, body);
}

static void answer_error(struct server *s, struct http_exchange *x, const struct err *e,
			 struct bytes extra)
{
	struct buf body = BUF_INIT(ANSWER_MAX);
	wire_write_error(&body, e, extra);
	answer(s, x, e->status ? e->status : 400, buf_bytes(&body));
	buf_clear(&body);
}

static void internal_failure(struct err *out, const char *what, const struct err *why)
{
	(void)wire_error(out, "InternalFailure", 500, "%s: %.800s", what, why->message);
}

/* Takes the body over. */
static void hold(struct server *s, struct http_exchange *x, uint64_t ticket, int status,
		 struct buf *body)
{
	struct held *h = malloc(sizeof(*h));
	INVARIANT(h != NULL);
	*h = (struct held){ .exchange = x, .ticket = ticket, .status = status, .body = *body };
	*body = BUF_INIT(ANSWER_MAX);
	*s->last = h;
	s->last = &h->next;
}

static int check(struct server *s, const struct wire_request *r, struct err *err)
{
	const struct host_api *api = s->spec.api;
	struct err why = { 0 };
	if (s->log &&
	    request_log_write(s->log, api->now_ms(api->host), r->op, r->args, &why) != 0) {
		internal_failure(err, "the request was not served", &why);
		return -ERR_REMOTE;
	}
	return 0;
}

static void serve(struct server *s, struct http_exchange *x, const struct wire_request *r)
{
	struct buf body = BUF_INIT(ANSWER_MAX);
	struct err err = { 0 };
	uint64_t ticket = 0;
	int status = 200;
	int rc = access_check(s->spec.deny, r->op, r->args, s->spec.account, r->region, &err);
	if (!rc)
		rc = s->spec.backend(s->spec.arg, r, &body, &ticket, &err);
	if (rc) {
		struct buf extra = body;
		body = BUF_INIT(ANSWER_MAX);
		status = err.status ? err.status : 400;
		wire_write_error(&body, &err, buf_bytes(&extra));
		buf_clear(&extra);
	}
	if (ticket)
		hold(s, x, ticket, status, &body);
	else
		answer(s, x, status, buf_bytes(&body));
	buf_clear(&body);
}

static void on_request(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct server *s = arg;
	struct wire_request r;
	struct err err = { 0 }, log_err = { 0 };
	int rc = wire_read(&r, req, &err);
	if (check(s, &r, &log_err) != 0)
		answer_error(s, x, &log_err, (struct bytes){ 0 });
	else if (rc)
		answer_error(s, x, &err, (struct bytes){ 0 });
	else
		serve(s, x, &r);
	wire_request_clear(&r);
}

static void drop(struct server *s, struct held **link)
{
	struct held *h = *link;
	*link = h->next;
	if (s->last == &h->next)
		s->last = link;
	buf_clear(&h->body);
	free(h);
}

static void on_gone(void *arg, struct http_exchange *x)
{
	struct server *s = arg;
	for (struct held **link = &s->first; *link; link = &(*link)->next) {
		if ((*link)->exchange == x) {
			drop(s, link);
			return;
		}
	}
}

void server_release(struct server *s, uint64_t ticket, const struct err *err)
{
	while (s->first && s->first->ticket <= ticket) {
		struct held *h = s->first;
		struct err failure;
		if (err->code) {
			internal_failure(&failure, "the change could not be stored", err);
			answer_error(s, h->exchange, &failure, (struct bytes){ 0 });
		} else {
			answer(s, h->exchange, h->status, buf_bytes(&h->body));
		}
		drop(s, &s->first);
	}
}

int server_start(struct server **out, uint16_t *port, const struct server_spec *spec,
		 struct err *err)
{
	const struct host_api *api = spec->api;
	struct server *s = calloc(1, sizeof(*s));
	int rc = 0;
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	s->spec = *spec;
	s->last = &s->first;
	if (spec->request_log)
		rc = request_log_open(&s->log, spec->request_log, err);
	const struct http_serve_spec http = { .address = "127.0.0.1",
					      .port = spec->port,
					      .serve = on_request,
					      .gone = on_gone,
					      .arg = s };
	if (!rc)
		rc = api->http_serve(api->host, &s->http, &http, port, err);
	if (rc)
		server_stop(s);
	else
		*out = s;
	return rc;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	while (s->first)
		drop(s, &s->first);
	if (s->http)
		s->spec.api->http_unserve(s->spec.api->host, s->http);
	request_log_close(s->log);
	free(s);
}
