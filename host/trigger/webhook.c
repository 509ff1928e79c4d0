#include "trigger/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "net/http_server.h"
#include "trigger/sns.h"
#include "trigger/status_link.h"
#include "trigger/webhook_answer.h"
#include "trigger/webhook_routes.h"

enum { INPUT_MAX = 8 << 20 };

/* A delivery whose proof takes time. */
struct checking {
	struct checking *next;
	struct webhooks *w;
	struct http_exchange *x;
	const struct http_received *req;
	struct routes *routes; /* held, for r */
	const struct route *r; /* NULL: unknown */
	struct webhook_proof
	    refused; /* why: it is refused already, and this is for the time it takes */
	struct sns_check *check;
};

struct webhooks {
	struct http_server *server;
	struct webhook_spec spec; /* without hooks */
	struct webhook_answers answers;
	struct checking *checking;
	struct sns *sns; /* NULL: no hook has needed it yet */
	struct routes *routes;
};

/* ---- a request ---- */

static struct webhook_delivery delivery_of(const struct route *r, const struct http_received *req,
					   const struct webhook_proof *p)
{
	return (struct webhook_delivery){ .hook = r ? r->name : NULL,
					  .auth = r ? webhook_auth_name(r->auth) : NULL,
					  .peer = req->peer,
					  .id = p->id,
					  .identity = p->identity,
					  .signed_ms = p->signed_ms,
					  .req = req };
}

static void reject(const struct webhooks *w, const struct route *r, const struct http_received *req,
		   const struct webhook_proof *p, const char *why)
{
	const struct webhook_delivery d = delivery_of(r, req, p);
	if (w->spec.reject)
		w->spec.reject(w->spec.arg, &d, why);
}

static void start(struct webhooks *w, struct http_exchange *x, const struct route *r,
		  const struct webhook_delivery *d, int64_t wait_ms)
{
	struct webhook_fate fate = { .verdict = WEBHOOK_FAILED };
	w->spec.accept(w->spec.arg, d, &fate);
	webhook_tell(&w->answers, x, r->path, d->req, &fate, wait_ms);
}

static void note(const struct webhooks *w, const struct webhook_delivery *d, const char *what)
{
	if (w->spec.note)
		w->spec.note(w->spec.arg, d, what);
}

/* Whoever has sent it has proven who he is. input: NULL where the body itself is. */
static void take(struct webhooks *w, struct http_exchange *x, const struct route *r,
		 const struct http_received *req, struct webhook_proof *p, const struct buf *input)
{
	cJSON *body = json_parse(req->body, NULL);
	const char *why = "the body is not a JSON object";
	if (cJSON_IsObject(body))
		why = webhook_auth_identify(r->auth, req, body, p);
	int64_t wait_ms = status_wait_ms(req);
	if (!why && wait_ms < 0)
		why = "wait is malformed: expected ?wait=30s";
	const char *challenge = why ? NULL : webhook_auth_challenge(r->auth, body);
	struct webhook_delivery d = delivery_of(r, req, p);
	d.input = input ? buf_bytes(input) : req->body;
	if (why) {
		reject(w, r, req, p, why);
		webhook_say(x, 400, "error", why);
	} else if (challenge) {
		note(w, &d, "the address was verified");
		webhook_say(x, 200, "challenge", challenge);
	} else {
		start(w, x, r, &d, wait_ms);
	}
	cJSON_Delete(body);
}

static void refuse(const struct webhooks *w, struct http_exchange *x, const struct route *r,
		   const struct http_received *req, const struct webhook_proof *p)
{
	reject(w, r, req, p, p->why);
	webhook_say(x, 404, "error", "not found");
}

/* ---- SNS ---- */

static void forget(struct checking *c)
{
	struct checking **at = &c->w->checking;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	routes_unref(c->routes);
	free(c);
}

static void take_message(struct webhooks *w, const struct checking *c, struct webhook_proof *p,
			 const struct sns_message *m)
{
	struct buf input = BUF_INIT(INPUT_MAX);
	struct webhook_delivery d = delivery_of(c->r, c->req, p);
	if (m->type == SNS_SUBSCRIBE) {
		note(w, &d, "the subscription was confirmed");
		webhook_say(c->x, 200, "confirmed", m->topic);
	} else if (m->type == SNS_UNSUBSCRIBE) {
		note(w, &d, "the subscription was ended by the sender");
		webhook_say(c->x, 200, "ended", m->topic);
	} else if (webhook_auth_envelope(c->r->auth)) {
		take(w, c->x, c->r, c->req, p, NULL);
	} else {
		sns_input(&input, m);
		if (input.err)
			webhook_say_failed(c->x);
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
		webhook_decoys_spend(c->routes->decoys, c->r->auth, c->req, clock_wall_ms());
	if (v->later) {
		reject(w, c->r, c->req, p, p->why);
		webhook_say_busy(c->x);
	} else {
		refuse(w, c->x, c->r, c->req, p);
	}
	forget(c);
}

/* @param refused NULL, or why it is refused whatever comes of this */
static void begin_check(struct webhooks *w, struct http_exchange *x, const struct route *r,
			const struct http_received *req, const struct webhook_proof *refused)
{
	const struct webhook_auth *auth = refused ? webhook_decoys_sns(w->routes->decoys) : r->auth;
	struct checking *c = calloc(1, sizeof(*c));
	if (!c) {
		webhook_say_failed(x);
		return;
	}
	*c = (struct checking){ .next = w->checking,
				.w = w,
				.x = x,
				.req = req,
				.routes = routes_ref(w->routes),
				.r = r };
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

/* Is it asked how a run is, with the right token? Every hook's link is reckoned. */
static bool asks_state(const struct webhooks *w, const struct http_received *req,
		       char run[UUID_SIZE])
{
	char of[UUID_SIZE];
	bool found = false;
	const struct bytes key = bytes_str(w->answers.key);
	if (strcmp(req->method, "GET") != 0 || !w->spec.follow || key.n == 0)
		return false;
	for (size_t i = 0; i < w->routes->n; i++) {
		if (!status_link_read(of, w->routes->v[i].path, req->path, req->query, key))
			continue;
		memcpy(run, of, sizeof(of));
		found = true;
	}
	return found;
}

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct webhooks *w = arg;
	struct webhook_proof proof = { .why = "there is no such hook" };
	char run[UUID_SIZE];
	if (w->spec.other &&
	    strncmp(req->path, w->spec.other_path, strlen(w->spec.other_path)) == 0) {
		w->spec.other(w->spec.other_arg, x, req);
		return;
	}
	if (asks_state(w, req, run)) {
		int64_t wait_ms = status_wait_ms(req);
		webhook_tell_state(&w->answers, x, run, wait_ms > 0 ? wait_ms : 0);
		return;
	}
	const struct route *r = routes_find(w->routes, req);
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
	webhook_decoys_spend(w->routes->decoys, r ? r->auth : NULL, req, clock_wall_ms());
	if (webhook_decoys_sns(w->routes->decoys))
		begin_check(w, x, r, req, &proof);
	else
		refuse(w, x, r, req, &proof);
}

static void gone(void *arg, struct http_exchange *x)
{
	struct webhooks *w = arg;
	struct checking *c = w->checking;
	while (c && c->x != x)
		c = c->next;
	if (c)
		stop_check(c);
	else if (!webhook_answers_gone(&w->answers, x) && w->spec.other_gone)
		w->spec.other_gone(w->spec.other_arg, x);
}

/* ---- start and stop ---- */

struct webhooks_change {
	struct webhooks *w;
	struct routes *routes;
	struct sns *sns; /* NULL: it is there, or not needed */
	char *base_url;
	bool tls;
	http_serve_fn *other;
};

int webhooks_change_new(struct webhooks_change **out, struct webhooks *w,
			const struct webhook_spec *spec, struct err *err)
{
	struct webhooks_change *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	*c = (struct webhooks_change){ .w = w,
				       .tls = spec->listen->tls.cert_file,
				       .other = spec->other };
	int rc = routes_new(&c->routes, spec->hooks, spec->n_hooks, err);
	if (rc == 0 && !w->sns && webhook_decoys_sns(c->routes->decoys))
		rc = sns_new(&c->sns, w->spec.loop, w->spec.http, err);
	if (rc == 0 && spec->base_url && !(c->base_url = strdup(spec->base_url)))
		rc = err_set(err, ERR_NOMEM, "no memory for webhooks");
	if (rc < 0) {
		webhooks_change_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void webhooks_change_free(struct webhooks_change *c)
{
	if (!c)
		return;
	routes_unref(c->routes);
	sns_free(c->sns);
	free(c->base_url);
	free(c);
}

void webhooks_take(struct webhooks_change *c)
{
	struct webhooks *w = c->w;
	const struct webhooks_change before = { .routes = w->routes,
						.base_url = w->answers.base_url };
	if (c->sns)
		w->sns = c->sns;
	w->routes = c->routes;
	w->answers.base_url = c->base_url;
	w->answers.tls = c->tls;
	w->spec.other = c->other;
	*c = before;
	webhooks_change_free(c);
}

static int set_up(struct webhooks *w, const struct webhook_spec *spec, struct err *err)
{
	struct webhook_answers *a = &w->answers;
	a->key = strndup(spec->status_key.p ? spec->status_key.p : "", spec->status_key.n);
	a->base_url = spec->base_url ? strdup(spec->base_url) : NULL;
	if (!a->key || (spec->base_url && !a->base_url))
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	int rc = routes_new(&w->routes, spec->hooks, spec->n_hooks, err);
	if (rc == 0 && webhook_decoys_sns(w->routes->decoys))
		rc = sns_new(&w->sns, spec->loop, spec->http, err);
	return rc < 0 ? rc
		      : http_server_listen(&w->server, spec->loop,
					   &(struct http_handler){ serve, gone, w }, spec->listen,
					   err);
}

int webhooks_start(struct webhooks **out, const struct webhook_spec *spec, struct err *err)
{
	struct webhooks *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	w->spec = *spec;
	w->spec.hooks = NULL;
	w->spec.listen = NULL;
	w->spec.base_url = NULL;
	w->answers =
	    (struct webhook_answers){ .spec = &w->spec, .tls = spec->listen->tls.cert_file };
	int rc = set_up(w, spec, err);
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
		routes_unref(c->routes);
		free(c);
	}
	sns_free(w->sns);
	webhook_answers_stop(&w->answers);
	if (w->answers.key)
		wipe(w->answers.key, strlen(w->answers.key));
	free(w->answers.key);
	free(w->answers.base_url);
	routes_unref(w->routes);
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
