#include "local/shell/server.h"

#include <stdlib.h>

#include "base/random.h"

#include "local/shell/access.h"
#include "local/shell/control.h"
#include "local/shell/inject.h"
#include "local/shell/parked.h"
#include "local/shell/request_log.h"
#include "local/shell/signature.h"

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
	struct held *first, **last; /* in the order of arrival */
	struct parked_list parked;
	struct timer *timer; /* for the parked: to ask them again, or because their time is over */
	int64_t timer_at;
	bool asking; /* the timer is the former */
	struct injector injector;
};

static void reply(void *arg, struct http_exchange *x, int status, struct bytes body)
{
	struct server *s = arg;
	char id[UUID_SIZE];
	const struct http_header headers[] = {
		{ "x-amzn-RequestId", id },
		{ "Content-Type", "application/x-amz-json-1.0" },
	};
	uuid_v4(id);
	s->spec.api->http_answer(s->spec.api->host, x, status, headers, 2, body);
}

static void answer(struct server *s, struct http_exchange *x, int status, struct bytes body)
{
	if (!inject_answer(&s->injector, x, status, body))
		reply(s, x, status, body);
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

static int64_t now(const struct server *s)
{
	return s->spec.api->now_ms(s->spec.api->host);
}

static int check(struct server *s, const struct wire_request *r, struct err *err)
{
	struct err why = { 0 };
	if (s->log && request_log_write(s->log, now(s), r->op, r->args, &why) != 0) {
		internal_failure(err, "the request was not served", &why);
		return -ERR_REMOTE;
	}
	return 0;
}

/* Send an answer, or keep it for its ticket. The body of an error are its further members. */
static void send_answer(struct server *s, struct http_exchange *x, struct buf *body,
			uint64_t ticket, const struct err *err)
{
	int status = 200;
	if (err->code) {
		struct buf extra = *body;
		*body = BUF_INIT(ANSWER_MAX);
		status = err->status ? err->status : 400;
		wire_write_error(body, err, buf_bytes(&extra));
		buf_clear(&extra);
	}
	if (ticket)
		hold(s, x, ticket, status, body);
	else
		answer(s, x, status, buf_bytes(body));
}

/* Ask the backend. True: answered; false: *body says how to wait. */
static bool ask(struct server *s, struct http_exchange *x, const struct wire_request *r,
		struct buf *body)
{
	struct err err = { 0 };
	uint64_t ticket = 0;
	int rc = s->spec.backend(s->spec.arg, r, body, &ticket, &err);
	if (rc == -ERR_TIMEOUT)
		return false;
	send_answer(s, x, body, ticket, &err);
	return true;
}

/* ---- the parked ---- */

static int64_t mono(const struct server *s)
{
	return s->spec.api->mono_ms(s->spec.api->host);
}

static void on_timer(void *arg);

/* The timer is for whoever's time is over first, unless somebody is to be asked at once. */
static void set_timer(struct server *s, bool ask_now)
{
	const struct host_api *api = s->spec.api;
	int64_t next = parked_next(&s->parked);
	if (s->timer && (s->asking || (!ask_now && next >= s->timer_at)))
		return;
	if (s->timer)
		api->timer_stop(api->host, s->timer);
	s->timer = NULL;
	if (next == INT64_MAX)
		return;
	s->asking = ask_now;
	s->timer_at = ask_now ? mono(s) : next;
	int64_t wait = s->timer_at - mono(s);
	s->timer = api->timer_start(api->host, wait > 0 ? wait : 0, on_timer, s);
}

/* Ask for one, or answer it for good. True: it is through. */
static bool settle(struct server *s, struct parked *p, bool over)
{
	static const struct err none;
	struct buf body = BUF_INIT(ANSWER_MAX);
	p->ready = false;
	if (over)
		send_answer(s, p->exchange, &p->otherwise, 0, &none);
	bool through = over || ask(s, p->exchange, &p->request, &body);
	if (!through)
		parked_again(p, buf_bytes(&body));
	buf_clear(&body);
	return through;
}

static void on_timer(void *arg)
{
	struct server *s = arg;
	int64_t now = mono(s);
	s->timer = NULL;
	for (struct parked *p = s->parked.first, *next; p; p = next) {
		bool over = p->until_ms <= now;
		next = p->next;
		if ((over || p->ready) && settle(s, p, over))
			parked_remove(&s->parked, p);
	}
	set_timer(s, false);
}

void server_wake(struct server *s, const char *key)
{
	if (parked_mark(&s->parked, key))
		set_timer(s, true);
}

/* ---- requests ---- */

static void serve(void *arg, struct http_exchange *x, struct wire_request *r)
{
	struct server *s = arg;
	struct buf body = BUF_INIT(ANSWER_MAX);
	struct err err = { 0 };
	if (access_check(s->spec.deny, r->op, r->args, s->spec.account, r->region, &err) != 0) {
		answer_error(s, x, &err, (struct bytes){ 0 });
	} else if (!ask(s, x, r, &body)) {
		parked_add(&s->parked, x, r, buf_bytes(&body), mono(s));
		set_timer(s, false);
	}
	buf_clear(&body);
}

static void on_request(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct server *s = arg;
	struct wire_request r;
	struct err err = { 0 }, log_err = { 0 };
	if (s->spec.control && strcmp(req->path, CONTROL_PATH) == 0) {
		control_serve(s->spec.control, x, req);
		return;
	}
	struct buf extra = BUF_INIT(ANSWER_MAX);
	int rc = wire_read(&r, req, &err);
	if (s->spec.signature && r.region[0] && /* whose, is asked before what */
	    signature_check(s->spec.signature, req, r.region, now(s), &extra, &err) != 0)
		rc = -ERR_REMOTE;
	if (check(s, &r, &log_err) != 0)
		answer_error(s, x, &log_err, (struct bytes){ 0 });
	else if (rc)
		answer_error(s, x, &err, buf_bytes(&extra));
	else if (!inject_request(&s->injector, x, &r))
		serve(s, x, &r);
	buf_clear(&extra);
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
	struct parked *p = parked_find(&s->parked, x);
	inject_gone(&s->injector, x);
	if (s->spec.control)
		control_gone(s->spec.control, x);
	if (p)
		parked_remove(&s->parked, p);
	for (struct held **link = &s->first; *link; link = &(*link)->next) {
		if ((*link)->exchange == x) {
			drop(s, link);
			return;
		}
	}
}

void server_release(struct server *s, uint64_t ticket, const struct err *err)
{
	struct held **link = &s->first;
	while (*link) {
		struct held *h = *link;
		struct err failure;
		if (h->ticket > ticket) {
			link = &h->next;
			continue;
		}
		if (err->code) {
			internal_failure(&failure, "the change could not be stored", err);
			answer_error(s, h->exchange, &failure, (struct bytes){ 0 });
		} else {
			answer(s, h->exchange, h->status, buf_bytes(&h->body));
		}
		drop(s, link);
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
	parked_init(&s->parked);
	s->injector = (struct injector){ .api = api,
					 .plan = spec->faults,
					 .account = spec->account,
					 .serve = serve,
					 .reply = reply,
					 .arg = s };
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
	parked_clear(&s->parked);
	inject_stop(&s->injector);
	if (s->timer)
		s->spec.api->timer_stop(s->spec.api->host, s->timer);
	if (s->http)
		s->spec.api->http_unserve(s->spec.api->host, s->http);
	request_log_close(s->log);
	free(s);
}
