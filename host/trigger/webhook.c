#include "trigger/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "net/http_server.h"
#include "trigger/sns.h"
#include "trigger/webhook_decoy.h"

enum { TEXT_MAX = 16384, INPUT_MAX = 8 << 20 };
static const char retry_after_s[] = "30";

struct route {
	char *name, *path;
	struct webhook_auth *auth;
};

/* A delivery that was accepted and is not durable yet. */
struct pending {
	struct pending *next;
	struct webhooks *w;      /* NULL: stopped */
	struct http_exchange *x; /* NULL: the sender has left */
	char run[WEBHOOK_RUN_SIZE];
};

/* A delivery whose proof takes time. */
struct checking {
	struct checking *next;
	struct webhooks *w;
	struct http_exchange *x;
	const struct http_received *req;
	const struct route *r; /* NULL: unknown */
	struct webhook_proof
	    refused; /* why: it is refused already, and this is for the time it takes */
	struct sns_check *check;
};

struct webhooks {
	struct http_server *server;
	struct pending *pending;
	struct checking *checking;
	struct sns *sns; /* NULL: no hook needs it */
	struct webhook_decoys *decoys;
	struct route *routes;
	size_t n;
	webhook_accept_fn *accept;
	void (*when_durable)(void *arg, webhook_durable_fn *done, void *done_arg);
	webhook_reject_fn *reject;
	webhook_note_fn *note;
	void *arg;
	const char *other_path;
	http_serve_fn *other;
	http_gone_fn *other_gone;
	void *other_arg;
};

/* ---- a request ---- */

static void answer(struct http_exchange *x, int status, const struct http_header *extra,
		   struct bytes body)
{
	struct http_header headers[2] = { { "Content-Type", "application/json" } };
	size_t n = 1;
	if (extra)
		headers[n++] = *extra;
	http_server_answer(x, status, headers, n, body);
}

static struct webhook_delivery delivery_of(const struct route *r, const struct http_received *req,
					   const struct webhook_proof *p)
{
	return (struct webhook_delivery){ .hook = r ? r->name : NULL,
					  .auth = r ? webhook_auth_name(r->auth) : NULL,
					  .peer = req->peer,
					  .id = p->id,
					  .identity = p->identity,
					  .signed_ms = p->signed_ms };
}

static void reject(const struct webhooks *w, const struct route *r, const struct http_received *req,
		   const struct webhook_proof *p, const char *why)
{
	const struct webhook_delivery d = delivery_of(r, req, p);
	if (w->reject)
		w->reject(w->arg, &d, why);
}

static const struct route *find_route(const struct webhooks *w, const struct http_received *req)
{
	const struct route *found = NULL;
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->routes[i].path, req->path) == 0)
			found = &w->routes[i];
	}
	return strcmp(req->method, "POST") == 0 ? found : NULL;
}

static void accepted(struct http_exchange *x, const char *run)
{
	struct buf b = BUF_INIT(1024);
	buf_adds(&b, "{\"run\":");
	json_write_string(&b, bytes_str(run));
	buf_adds(&b, "}\n");
	answer(x, 202, NULL, buf_bytes(&b));
	buf_clear(&b);
}

static void failed(struct http_exchange *x)
{
	answer(x, 500, NULL, BYTES_LIT("{\"error\":\"the run could not be started\"}\n"));
}

static void on_durable(void *arg, const struct err *err)
{
	struct pending *p = arg, **at = p->w ? &p->w->pending : NULL;
	while (at && *at != p)
		at = &(*at)->next;
	if (at)
		*at = p->next;
	if (p->x && err->code == 0)
		accepted(p->x, p->run);
	else if (p->x)
		failed(p->x);
	free(p);
}

static void answer_when_durable(struct webhooks *w, struct http_exchange *x, const char *run)
{
	struct pending *p = calloc(1, sizeof(*p));
	if (!p) {
		failed(x);
		return;
	}
	*p = (struct pending){ .next = w->pending, .w = w, .x = x };
	memcpy(p->run, run, sizeof(p->run));
	w->pending = p;
	w->when_durable(w->arg, on_durable, p);
}

static void busy(struct http_exchange *x)
{
	answer(x, 503, &(struct http_header){ "Retry-After", retry_after_s },
	       BYTES_LIT("{\"error\":\"busy, try again later\"}\n"));
}

static void start(struct webhooks *w, struct http_exchange *x, const struct webhook_delivery *d)
{
	char run[WEBHOOK_RUN_SIZE] = "";
	struct err err = { 0 };
	int rc = w->accept(w->arg, d, run, &err);
	if (rc == 0 && w->when_durable)
		answer_when_durable(w, x, run);
	else if (rc == 0)
		accepted(x, run);
	else if (rc == -ERR_LIMIT)
		busy(x);
	else
		failed(x);
}

/* {"MEMBER":TEXT} */
static void say(struct http_exchange *x, int status, const char *member, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	buf_addf(&b, "{\"%s\":", member);
	json_write_string(&b, bytes_str(text));
	buf_adds(&b, "}\n");
	answer(x, status, NULL, buf_bytes(&b));
	buf_clear(&b);
}

static void note(const struct webhooks *w, const struct webhook_delivery *d, const char *what)
{
	if (w->note)
		w->note(w->arg, d, what);
}

/* Whoever has sent it has proven who he is. input: NULL where the body itself is. */
static void take(struct webhooks *w, struct http_exchange *x, const struct route *r,
		 const struct http_received *req, struct webhook_proof *p, const struct buf *input)
{
	cJSON *body = json_parse(req->body, NULL);
	const char *why = "the body is not a JSON object";
	if (cJSON_IsObject(body))
		why = webhook_auth_identify(r->auth, req, body, p);
	const char *challenge = why ? NULL : webhook_auth_challenge(r->auth, body);
	struct webhook_delivery d = delivery_of(r, req, p);
	d.input = input ? buf_bytes(input) : req->body;
	if (why) {
		reject(w, r, req, p, why);
		say(x, 400, "error", why);
	} else if (challenge) {
		note(w, &d, "the address was verified");
		say(x, 200, "challenge", challenge);
	} else {
		start(w, x, &d);
	}
	cJSON_Delete(body);
}

static void refuse(const struct webhooks *w, struct http_exchange *x, const struct route *r,
		   const struct http_received *req, const struct webhook_proof *p)
{
	reject(w, r, req, p, p->why);
	answer(x, 404, NULL, BYTES_LIT("{\"error\":\"not found\"}\n"));
}

/* ---- SNS ---- */

static void forget(struct checking *c)
{
	struct checking **at = &c->w->checking;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void take_message(struct webhooks *w, const struct checking *c, struct webhook_proof *p,
			 const struct sns_message *m)
{
	struct buf input = BUF_INIT(INPUT_MAX);
	struct webhook_delivery d = delivery_of(c->r, c->req, p);
	if (m->type == SNS_SUBSCRIBE) {
		note(w, &d, "the subscription was confirmed");
		say(c->x, 200, "confirmed", m->topic);
	} else if (m->type == SNS_UNSUBSCRIBE) {
		note(w, &d, "the subscription was ended by the sender");
		say(c->x, 200, "ended", m->topic);
	} else if (webhook_auth_envelope(c->r->auth)) {
		take(w, c->x, c->r, c->req, p, NULL);
	} else {
		sns_input(&input, m);
		if (input.err)
			failed(c->x);
		else
			take(w, c->x, c->r, c->req, p, &input);
	}
	buf_clear(&input);
}

static void on_verdict(void *arg, const struct sns_verdict *v)
{
	struct checking *c = arg;
	struct webhooks *w = c->w;
	bool own = !c->refused.why;
	const struct webhook_proof *p = own ? v->proof : &c->refused;
	if (own && !v->proof->why) {
		take_message(w, c, v->proof, v->message);
		forget(c);
		return;
	}
	if (own)
		webhook_decoys_spend(w->decoys, c->r->auth, c->req, clock_wall_ms());
	if (v->later) {
		reject(w, c->r, c->req, p, p->why);
		busy(c->x);
	} else {
		refuse(w, c->x, c->r, c->req, p);
	}
	forget(c);
}

/* @param refused NULL, or why it is refused whatever comes of this */
static void begin_check(struct webhooks *w, struct http_exchange *x, const struct route *r,
			const struct http_received *req, const struct webhook_proof *refused)
{
	const struct webhook_auth *auth = refused ? webhook_decoys_sns(w->decoys) : r->auth;
	struct checking *c = calloc(1, sizeof(*c));
	if (!c) {
		failed(x);
		return;
	}
	*c = (struct checking){ .next = w->checking, .w = w, .x = x, .req = req, .r = r };
	if (refused)
		c->refused = *refused;
	w->checking = c;
	c->check = sns_check(w->sns, auth, req, clock_wall_ms(), on_verdict, c);
}

static void stop_check(struct checking *c)
{
	sns_check_stop(c->check);
	forget(c);
}

/* ---- any request ---- */

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct webhooks *w = arg;
	struct webhook_proof proof = { .why = "there is no such hook" };
	if (w->other && strncmp(req->path, w->other_path, strlen(w->other_path)) == 0) {
		w->other(w->other_arg, x, req);
		return;
	}
	const struct route *r = find_route(w, req);
	if (r && webhook_auth_waits(r->auth)) {
		begin_check(w, x, r, req, NULL);
		return;
	}
	if (r)
		webhook_auth_check(r->auth, req, clock_wall_ms(), &proof);
	if (r && !proof.why) {
		take(w, x, r, req, &proof, NULL);
		return;
	}
	webhook_decoys_spend(w->decoys, r ? r->auth : NULL, req, clock_wall_ms());
	if (w->sns)
		begin_check(w, x, r, req, &proof);
	else
		refuse(w, x, r, req, &proof);
}

static void gone(void *arg, struct http_exchange *x)
{
	const struct webhooks *w = arg;
	struct pending *p = w->pending;
	struct checking *c = w->checking;
	while (p && p->x != x)
		p = p->next;
	while (c && c->x != x)
		c = c->next;
	if (p)
		p->x = NULL;
	else if (c)
		stop_check(c);
	else if (w->other_gone)
		w->other_gone(w->other_arg, x);
}

/* ---- start and stop ---- */

static void route_clear(struct route *r)
{
	webhook_auth_free(r->auth);
	free(r->name);
	free(r->path);
	*r = (struct route){ 0 };
}

/* As it comes in a request line: no other path would ever be asked for. */
static bool is_path(const char *path)
{
	for (const char *p = path; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '?' || *p == '#')
			return false;
	}
	return path[0] == '/';
}

static int route_fill(struct route *r, const struct webhook *h, struct err *err)
{
	struct err why = { 0 };
	if (!is_path(h->path))
		return err_set(err, ERR_INVALID,
			       "hook %s: path '%s' must begin with / and be printable ASCII "
			       "without ?, # or blank",
			       h->name, h->path);
	int rc = webhook_auth_new(&r->auth, &h->auth, &why);
	if (rc < 0)
		return err_set(err, why.code, "hook %s: %s", h->name, why.message);
	r->name = strdup(h->name);
	r->path = strdup(h->path);
	if (!r->name || !r->path)
		return err_set(err, ERR_NOMEM, "no memory for hook %s", h->name);
	return 0;
}

static int add_routes(struct webhooks *w, const struct webhook_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		const struct webhook *h = &spec->hooks[i];
		for (size_t k = 0; k < i; k++) {
			if (strcmp(spec->hooks[k].path, h->path) == 0)
				return err_set(err, ERR_INVALID,
					       "hook %s: path '%s' belongs to hook %s already",
					       h->name, h->path, spec->hooks[k].name);
		}
		int rc = route_fill(&w->routes[w->n++], h, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_decoys(struct webhooks *w, struct err *err)
{
	struct webhook_auth **hooks = calloc(w->n + 1, sizeof(struct webhook_auth *));
	if (!hooks)
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	for (size_t i = 0; i < w->n; i++)
		hooks[i] = w->routes[i].auth;
	int rc = webhook_decoys_new(&w->decoys, hooks, w->n, err);
	free(hooks);
	return rc;
}

int webhooks_start(struct webhooks **out, const struct webhook_spec *spec, struct err *err)
{
	struct webhooks *w = calloc(1, sizeof(*w));
	struct route *routes = calloc(spec->n_hooks + 1, sizeof(*routes));
	if (!w || !routes) {
		free(w);
		free(routes);
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	}
	w->routes = routes;
	w->accept = spec->accept;
	w->when_durable = spec->when_durable;
	w->reject = spec->reject;
	w->note = spec->note;
	w->arg = spec->arg;
	w->other_path = spec->other_path;
	w->other = spec->other;
	w->other_gone = spec->other_gone;
	w->other_arg = spec->other_arg;
	int rc = add_routes(w, spec, err);
	if (rc == 0)
		rc = add_decoys(w, err);
	if (rc == 0 && webhook_decoys_sns(w->decoys))
		rc = sns_new(&w->sns, spec->loop, spec->http, err);
	if (rc == 0)
		rc =
		    http_server_listen(&w->server, spec->loop,
				       &(struct http_handler){ serve, gone, w }, spec->listen, err);
	if (rc < 0) {
		webhooks_stop(w);
		return rc;
	}
	*out = w;
	return 0;
}

void webhooks_stop(struct webhooks *w)
{
	if (!w)
		return;
	if (w->server)
		http_server_free(w->server);
	for (struct checking *c = w->checking, *next; c; c = next) {
		next = c->next;
		sns_check_stop(c->check);
		free(c);
	}
	sns_free(w->sns);
	webhook_decoys_free(w->decoys);
	for (struct pending *p = w->pending; p; p = p->next) {
		p->x = NULL;
		p->w = NULL;
	}
	for (size_t i = 0; i < w->n; i++)
		route_clear(&w->routes[i]);
	free(w->routes);
	free(w);
}

struct http_server *webhooks_server(struct webhooks *w)
{
	return w->server;
}

uint16_t webhooks_port(const struct webhooks *w, size_t place)
{
	return http_server_port(w->server, place);
}
