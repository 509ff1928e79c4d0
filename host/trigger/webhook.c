#include "trigger/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/random.h"
#include "net/http_server.h"
#include "trigger/webhook_auth.h"

enum { DECOY_LEN = 32 };
static const char retry_after_s[] = "30";

struct route {
	char *name, *path, *header, *delivery_header;
	char *secret; /* secret_len bytes */
	size_t secret_len;
	const struct webhook_auth *auth;
};

/* A delivery that was accepted and is not durable yet. */
struct pending {
	struct pending *next;
	struct webhooks *w;      /* NULL: stopped */
	struct http_exchange *x; /* NULL: the sender has left */
	char run[WEBHOOK_RUN_SIZE];
};

struct webhooks {
	struct http_server *server;
	struct pending *pending;
	struct route *routes;
	size_t n;
	struct route decoy; /* checked where there is no route, for the time it takes */
	webhook_accept_fn *accept;
	void (*when_durable)(void *arg, webhook_durable_fn *done, void *done_arg);
	webhook_reject_fn *reject;
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

static void refuse(const struct webhooks *w, struct http_exchange *x, const struct route *r,
		   const struct http_received *req, const char *why)
{
	if (w->reject)
		w->reject(w->arg, r ? r->name : NULL, req->peer, why);
	answer(x, 404, NULL, BYTES_LIT("{\"error\":\"not found\"}\n"));
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

static bool is_object(struct bytes body)
{
	cJSON *v = json_parse(body, NULL);
	bool is = cJSON_IsObject(v);
	cJSON_Delete(v);
	return is;
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

static void start(struct webhooks *w, struct http_exchange *x, const struct route *r,
		  const struct http_received *req)
{
	char run[WEBHOOK_RUN_SIZE] = "";
	struct err err = { 0 };
	const char *id = http_header_get(req->headers, req->n_headers, r->delivery_header);
	const struct webhook_delivery d = {
		.hook = r->name, .input = req->body, .peer = req->peer, .id = id ? id : ""
	};
	int rc = w->accept(w->arg, &d, run, &err);
	if (rc == 0 && w->when_durable)
		answer_when_durable(w, x, run);
	else if (rc == 0)
		accepted(x, run);
	else if (rc == -ERR_LIMIT)
		answer(x, 503, &(struct http_header){ "Retry-After", retry_after_s },
		       BYTES_LIT("{\"error\":\"busy, try again later\"}\n"));
	else
		failed(x);
}

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct webhooks *w = arg;
	if (w->other && strncmp(req->path, w->other_path, strlen(w->other_path)) == 0) {
		w->other(w->other_arg, x, req);
		return;
	}
	const struct route *r = find_route(w, req);
	const struct route *checked = r ? r : &w->decoy;
	const char *why = checked->auth->check(
	    req, checked->header, (struct bytes){ checked->secret, checked->secret_len });
	if (!r) {
		refuse(w, x, NULL, req, "there is no such hook");
	} else if (why) {
		refuse(w, x, r, req, why);
	} else if (!is_object(req->body)) {
		if (w->reject)
			w->reject(w->arg, r->name, req->peer, "the body is not a JSON object");
		answer(x, 400, NULL, BYTES_LIT("{\"error\":\"the body is not a JSON object\"}\n"));
	} else {
		start(w, x, r, req);
	}
}

static void gone(void *arg, struct http_exchange *x)
{
	const struct webhooks *w = arg;
	struct pending *p = w->pending;
	while (p && p->x != x)
		p = p->next;
	if (p)
		p->x = NULL;
	else if (w->other_gone)
		w->other_gone(w->other_arg, x);
}

/* ---- start and stop ---- */

static void route_clear(struct route *r)
{
	if (r->secret)
		wipe(r->secret, r->secret_len);
	free(r->secret);
	free(r->name);
	free(r->path);
	free(r->header);
	free(r->delivery_header);
	*r = (struct route){ 0 };
}

static int wrong(const struct webhook *h, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "hook %s: %s", h->name, why);
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
	r->auth = webhook_auth_find(h->auth ? h->auth : "hmac-sha256");
	if (!r->auth)
		return err_set(err, ERR_INVALID, "hook %s: auth '%s' is not one of %s", h->name,
			       h->auth, webhook_auth_names);
	if (!is_path(h->path))
		return err_set(err, ERR_INVALID,
			       "hook %s: path '%s' must begin with / and be printable ASCII "
			       "without ?, # or blank",
			       h->name, h->path);
	if (h->header && !http_is_token(bytes_str(h->header)))
		return err_set(err, ERR_INVALID, "hook %s: header '%s' is no header name", h->name,
			       h->header);
	if (h->secret.n == 0)
		return wrong(h, "the secret is empty", err);
	r->name = strdup(h->name);
	r->path = strdup(h->path);
	r->header = strdup(h->header ? h->header : r->auth->header);
	r->delivery_header = strdup(h->delivery_header ? h->delivery_header : "X-GitHub-Delivery");
	r->secret = malloc(h->secret.n);
	if (!r->name || !r->path || !r->header || !r->delivery_header || !r->secret)
		return err_set(err, ERR_NOMEM, "no memory for hook %s", h->name);
	memcpy(r->secret, h->secret.p, h->secret.n);
	r->secret_len = h->secret.n;
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

static int add_decoy(struct webhooks *w, const struct webhook_spec *spec, struct err *err)
{
	char secret[DECOY_LEN];
	random_bytes(secret, sizeof(secret));
	const struct webhook none = { .name = "(none)",
				      .path = "/",
				      .header = spec->n_hooks > 0 ? spec->hooks[0].header : NULL,
				      .secret = { secret, sizeof(secret) } };
	return route_fill(&w->decoy, &none, err);
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
	w->arg = spec->arg;
	w->other_path = spec->other_path;
	w->other = spec->other;
	w->other_gone = spec->other_gone;
	w->other_arg = spec->other_arg;
	int rc = add_routes(w, spec, err);
	if (rc == 0)
		rc = add_decoy(w, spec, err);
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
	for (struct pending *p = w->pending; p; p = p->next) {
		p->x = NULL;
		p->w = NULL;
	}
	for (size_t i = 0; i < w->n; i++)
		route_clear(&w->routes[i]);
	route_clear(&w->decoy);
	free(w->routes);
	free(w);
}

uint16_t webhooks_port(const struct webhooks *w, size_t place)
{
	return http_server_port(w->server, place);
}
