#include "cli/dashboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/assets.h"
#include "admin/form.h"
#include "base/clock.h"
#include "cli/dashboard_private.h"
#include "cli/shown_args.h"
#include "cli/status.h"
#include "commit/commit.h"
#include "net/address.h"
#include "net/http_server.h"

enum { HEADERS_MAX = 16, COOKIE_SIZE = 256, RECORD_MAX = 4096, REFUSED_STATUS = 403 };

struct dashboard {
	struct serve *serve;
	struct sessions *sessions;
	struct worker *worker;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct visit *visits;
	char url[512]; /* where people reach it; "": not known */
	bool secure;   /* over TLS, as far as browsers see */
	int64_t since_ms;
};

/* ---- answers ---- */

struct headers {
	struct http_header list[HEADERS_MAX];
	size_t n;
};

static void add_header(struct headers *h, const char *name, const char *value)
{
	INVARIANT(h->n < HEADERS_MAX);
	h->list[h->n++] = (struct http_header){ name, value };
}

/* What every answer has. Referrer-Policy: with no-referrer forms would be sent without Origin. */
static struct headers headers_of(const struct dashboard *d, const char *type)
{
	struct headers h = { 0 };
	add_header(&h, "Content-Type", type);
	add_header(&h, "Content-Security-Policy",
		   "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		   "connect-src 'self'; form-action 'self'; base-uri 'none'; "
		   "frame-ancestors 'none'");
	add_header(&h, "X-Frame-Options", "DENY");
	add_header(&h, "X-Content-Type-Options", "nosniff");
	add_header(&h, "Referrer-Policy", "same-origin");
	add_header(&h, "Cross-Origin-Opener-Policy", "same-origin");
	add_header(&h, "Cross-Origin-Resource-Policy", "same-origin");
	if (d->secure)
		add_header(&h, "Strict-Transport-Security", "max-age=31536000");
	return h;
}

static void answer_with(struct http_exchange *x, int status, const struct headers *h,
			struct bytes body)
{
	http_server_answer(x, status, h->list, h->n, body);
}

/* The page, which is released; cookie may be NULL. */
static void answer_page(const struct dashboard *d, struct http_exchange *x, int status,
			struct html *page, const char *cookie)
{
	struct headers h = headers_of(d, "text/html; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	if (cookie)
		add_header(&h, "Set-Cookie", cookie);
	if (page->out.err)
		answer_with(x, 500, &h,
			    BYTES_LIT("This page is too long, or there is no memory.\n"));
	else
		answer_with(x, status, &h, buf_bytes(&page->out));
	html_clear(page);
}

static void answer_stranger(const struct dashboard *d, struct http_exchange *x, const char *why)
{
	struct html page = HTML_INIT;
	page_stranger(&page, why);
	answer_page(d, x, REFUSED_STATUS, &page, NULL);
}

static void answer_text(const struct dashboard *d, struct http_exchange *x, int status,
			const char *text)
{
	struct headers h = headers_of(d, "text/plain; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	if (status == 405)
		add_header(&h, "Allow", "GET, HEAD, POST");
	answer_with(x, status, &h, bytes_str(text));
}

static void answer_moved(const struct dashboard *d, struct http_exchange *x, const char *where,
			 const char *cookie)
{
	struct headers h = headers_of(d, "text/plain; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	add_header(&h, "Location", where);
	if (cookie)
		add_header(&h, "Set-Cookie", cookie);
	answer_with(x, 303, &h, (struct bytes){ 0 });
}

/* ---- sessions ---- */

static const char *cookie_name(const struct dashboard *d)
{
	return d->secure ? "__Host-runbook" : "runbook";
}

static void write_cookie(char out[COOKIE_SIZE], const struct dashboard *d, const char *key)
{
	(void)snprintf(out, COOKIE_SIZE, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
		       cookie_name(d), key, d->secure ? "; Secure" : "", *key ? "" : "; Max-Age=0");
}

static const struct session *session_of(struct dashboard *d, const struct http_received *req)
{
	char key[SESSION_KEY_SIZE];
	return form_cookie(req, cookie_name(d), key, sizeof(key))
		   ? sessions_find(d->sessions, key, clock_boot_ms())
		   : NULL;
}

static void add_member(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, ",\"%s\":", name);
	json_write_string(out, bytes_str(value));
}

static void record_login(const struct dashboard *d, const struct session *session, const char *peer)
{
	struct buf m = BUF_INIT(RECORD_MAX);
	buf_adds(&m, "\"actor\":{\"type\":\"operator\"");
	add_member(&m, "user", session->person);
	add_member(&m, "by", session->by);
	add_member(&m, "peer", peer);
	buf_adds(&m, "}");
	if (!m.err)
		(void)commit_append(d->serve->host.committer, "dashboard.login", buf_bytes(&m),
				    NULL, NULL);
	buf_clear(&m);
}

static void log_in(struct dashboard *d, struct http_exchange *x, const struct http_received *req)
{
	char code[SESSION_KEY_SIZE], key[SESSION_KEY_SIZE], cookie[COOKIE_SIZE];
	const struct session *session = NULL;
	bool coded = form_get(bytes_str(req->query), "code", code, sizeof(code));
	if (strcmp(req->method, "GET") != 0) { /* a look must not use up the link */
		answer_text(d, x, 405, "links are opened with GET\n");
		return;
	}
	if (coded)
		session = sessions_enter(d->sessions, code, clock_boot_ms(), key);
	if (!session) {
		answer_stranger(d, x,
				coded ? "This link is used up, or its minute is over." : NULL);
		return;
	}
	struct html page = HTML_INIT;
	record_login(d, session, req->peer);
	write_cookie(cookie, d, key);
	page_entered(&page);
	answer_page(d, x, 200, &page, cookie);
	wipe(key, sizeof(key));
	wipe(cookie, sizeof(cookie));
}

/* ---- visits ---- */

static void free_visit(struct visit *v)
{
	struct visit **at = v->dashboard ? &v->dashboard->visits : NULL;
	while (at && *at != v)
		at = &(*at)->next;
	if (at)
		*at = v->next;
	for (size_t i = 0; i < sizeof(v->found) / sizeof(v->found[0]); i++)
		cJSON_Delete(v->found[i]);
	html_clear(&v->html);
	free(v);
}

/* On the dashboard's thread. */
static void look_up(void *arg)
{
	struct visit *v = arg;
	struct dashboard *d = v->dashboard;
	struct host *h = &d->serve->host;
	if (!d->reader)
		v->rc = store_reader_open(&d->reader, h->store, &v->err);
	const struct query q = { .reader = d->reader, .redact = shown_args, .arg = h };
	if (v->rc == 0)
		v->rc = v->page->look_up(v, &q);
	if (v->rc == 0 && v->page->draw)
		v->page->draw(v);
}

static void on_looked_up(void *arg)
{
	struct visit *v = arg;
	const struct dashboard *d = v->dashboard;
	int status = 200;
	if (v->x && v->rc == 0 && v->page->draw_here)
		v->page->draw_here(v, d);
	if (v->rc < 0) {
		status = v->rc == -ERR_INVALID ? 404 : 503;
		page_say(&v->html, &v->view, status == 404 ? "Not found" : "Not now",
			 v->err.message);
	}
	if (v->x)
		answer_page(d, v->x, status, &v->html, NULL);
	free_visit(v);
}

/* All that has happened is in the store: what is shown is not older than what was answered. */
static void on_flushed(void *arg, const struct err *err)
{
	struct visit *v = arg;
	(void)err; /* then it shows what there is */
	v->flushing = false;
	if (v->dashboard)
		worker_submit(v->dashboard->worker, look_up, on_looked_up, v);
	else
		free_visit(v);
}

static void visit(struct dashboard *d, struct http_exchange *x, const struct session *session,
		  const struct dashboard_page *page, const struct visit_query *query)
{
	struct visit *v = calloc(1, sizeof(*v));
	if (!v) {
		answer_text(d, x, 503, "no memory for this page\n");
		return;
	}
	*v = (struct visit){ .next = d->visits, .dashboard = d, .x = x, .page = page };
	v->query = *query;
	v->html = HTML_INIT;
	(void)snprintf(v->person, sizeof(v->person), "%s", session->person);
	(void)snprintf(v->token, sizeof(v->token), "%s", session->token);
	v->view = (struct page_view){ v->person, v->token, clock_wall_ms() };
	d->visits = v;
	v->flushing = true;
	commit_flush(d->serve->host.committer, on_flushed, v);
}

void dashboard_gone(struct dashboard *d, struct http_exchange *x)
{
	for (struct visit *v = d->visits; v; v = v->next) {
		if (v->x == x)
			v->x = NULL;
	}
}

void dashboard_add_owner(const struct dashboard *d, cJSON *status)
{
	status_add_owner(status, &d->serve->host, "serve", d->since_ms);
}

/* ---- forms ---- */

static void post(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		 const struct session *session)
{
	char token[SESSION_KEY_SIZE], cookie[COOKIE_SIZE];
	const char *site = http_header_get(req->headers, req->n_headers, "Sec-Fetch-Site");
	bool ours =
	    form_get(req->body, "token", token, sizeof(token)) && session_token_is(session, token);
	if (!ours || (site && strcmp(site, "same-origin") != 0)) {
		answer_text(d, x, REFUSED_STATUS,
			    "this form is not one of your session's: load the "
			    "page again\n");
	} else if (strcmp(req->path, "/leave") == 0) {
		sessions_leave(d->sessions, session);
		write_cookie(cookie, d, "");
		answer_moved(d, x, "/login", cookie);
	} else {
		answer_text(d, x, 404, "not found\n");
	}
}

/* ---- requests ---- */

static const struct asset *find_asset(const char *path)
{
	static const char folder[] = "/assets/";
	if (strncmp(path, folder, sizeof(folder) - 1) != 0)
		return NULL;
	for (const struct asset *a = assets; a->name; a++) {
		if (strcmp(a->name, path + sizeof(folder) - 1) == 0)
			return a;
	}
	return NULL;
}

static void answer_asset(const struct dashboard *d, struct http_exchange *x, const struct asset *a)
{
	struct headers h = headers_of(d, a->type);
	add_header(&h, "Cache-Control", "public, max-age=31536000, immutable");
	answer_with(x, 200, &h, (struct bytes){ (const char *)a->p, a->n });
}

bool dashboard_serve(struct dashboard *d, struct http_exchange *x, const struct http_received *req)
{
	struct visit_query query;
	const struct dashboard_page *page = dashboard_find_page(&query, req->path, req->query);
	const struct asset *asset = find_asset(req->path);
	bool get = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
	bool posts = strcmp(req->path, "/leave") == 0;
	if (strcmp(req->path, "/login") == 0) {
		log_in(d, x, req);
		return true;
	}
	if (!page && !asset && !posts)
		return false;
	const struct session *session = session_of(d, req);
	if (asset && get)
		answer_asset(d, x, asset);
	else if (!session)
		answer_stranger(d, x, NULL);
	else if (page && get)
		visit(d, x, session, page, &query);
	else if (posts && strcmp(req->method, "POST") == 0)
		post(d, x, req, session);
	else
		answer_text(d, x, 405, "not with this method\n");
	return true;
}

/* ---- links ---- */

/* Where people reach it: as configured, or at the first place if that is one address. */
static void find_url(struct dashboard *d, const struct config_listen *c, uint16_t port)
{
	char place[300];
	const char *scheme = c->http.tls.cert_file ? "https" : "http";
	d->secure = c->http.tls.cert_file != NULL;
	if (c->base_url) {
		(void)snprintf(d->url, sizeof(d->url), "%s", c->base_url);
		d->secure |= strncmp(c->base_url, "https:", 6) == 0;
	} else if (port && strcmp(c->places[0].address, "0.0.0.0") != 0 &&
		   strcmp(c->places[0].address, "::") != 0) {
		config_place_text(&c->places[0], place, sizeof(place));
		(void)snprintf(d->url, sizeof(d->url), "%s://%s:%u", scheme, place, port);
	}
}

int dashboard_invite(struct dashboard *d, const struct person *person, struct buf *url,
		     struct err *err)
{
	char code[SESSION_KEY_SIZE];
	if (!d->url[0])
		return err_named(err, ERR_INVALID, "NoAddress",
				 "[admin] base_url is to say where people reach the dashboard: its "
				 "address is not one that can stand in a link");
	sessions_offer(d->sessions, person->name, person->by, clock_boot_ms(), code);
	buf_addf(url, "%s/login?code=%s", d->url, code);
	wipe(code, sizeof(code));
	return 0;
}

/* ---- life ---- */

int dashboard_new(struct dashboard **out, struct serve *s, uint16_t port, struct err *err)
{
	struct dashboard *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, ERR_NOMEM, "no memory for the dashboard");
	d->serve = s;
	d->since_ms = clock_wall_ms();
	find_url(d, &s->host.config->admin, port);
	int rc = sessions_new(&d->sessions, err);
	if (rc == 0)
		rc = worker_new(&d->worker, s->host.loop, err);
	if (rc < 0) {
		dashboard_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void dashboard_free(struct dashboard *d)
{
	if (!d)
		return;
	worker_free(d->worker);
	for (struct visit *v = d->visits, *next; v; v = next) {
		next = v->next;
		v->dashboard = NULL;
		if (!v->flushing)
			free_visit(v);
		/* else the committer ends it */
	}
	store_reader_close(d->reader);
	sessions_free(d->sessions);
	free(d);
}
