#include "cli/dashboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/assets.h"
#include "admin/form.h"
#include "base/clock.h"
#include "cli/audit_check.h"
#include "cli/dashboard_private.h"
#include "commit/commit.h"
#include "net/address.h"
#include "net/http_server.h"

enum { RECORD_MAX = 4096 };

/* ---- sessions ---- */

static const struct session *session_of(struct dashboard *d, const struct http_received *req)
{
	char key[SESSION_KEY_SIZE];
	return form_cookie(req, d->cookie, key, sizeof(key))
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
		answer_stranger(d, x, coded ? 403 : 200,
				coded ? "This link is used up, or its minute is over." : NULL);
		return;
	}
	struct html page = HTML_INIT;
	record_login(d, session, req->peer);
	cookie_write(cookie, d, key);
	page_entered(&page);
	answer_page(d, x, 200, &page, cookie);
	wipe(key, sizeof(key));
	wipe(cookie, sizeof(cookie));
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

static void visit(struct dashboard *d, struct http_exchange *x, const struct session *session,
		  const struct dashboard_page *page, const struct visit_query *query)
{
	struct visit *v = visit_new(d, x, session);
	if (v)
		visit_page(v, page, query);
}

bool dashboard_serve(struct dashboard *d, struct http_exchange *x, const struct http_received *req)
{
	struct visit_query query;
	const struct dashboard_page *page = dashboard_find_page(&query, req->path, req->query);
	const struct asset *asset = find_asset(req->path);
	bool get = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
	bool posts = dashboard_takes_forms(req->path);
	bool feed = strcmp(req->path, "/events") == 0 && strcmp(req->method, "GET") == 0;
	if (strcmp(req->path, "/login") == 0) {
		log_in(d, x, req);
		return true;
	}
	if (!page && !asset && !posts && !feed)
		return false;
	const struct session *session = session_of(d, req);
	if (asset && get)
		answer_asset(d, x, asset);
	else if (!session)
		answer_stranger(d, x, 403, NULL);
	else if (feed)
		feed_begin(d, x, session);
	else if (page && get)
		visit(d, x, session, page, &query);
	else if (posts && strcmp(req->method, "POST") == 0)
		dashboard_post(d, x, req, session);
	else
		answer_text(d, x, 405, "not with this method\n");
	return true;
}

/* ---- links ---- */

/* Neither a socket nor all addresses of the machine. */
static bool is_one_address(const struct http_place *p)
{
	static const uint8_t all[16];
	struct net_address a;
	return net_address_parse(&a, bytes_str(p->address)) && memcmp(a.b, all, sizeof(all)) != 0;
}

/* Browsers do not part cookies by port: two hosts on one machine would log each other's people out. */
static void name_cookie(struct dashboard *d, const struct config_listen *c)
{
	char port[8] = "";
	if (d->port && !c->base_url)
		(void)snprintf(port, sizeof(port), "-%u", d->port);
	(void)snprintf(d->cookie, sizeof(d->cookie), "%srunbook%s", d->secure ? "__Host-" : "",
		       port);
}

/* Where people reach it: as configured, or at the first place if that is one address. */
static void find_url(struct dashboard *d)
{
	char place[300];
	const struct config_listen *c = &d->serve->host.config->admin;
	const char *scheme = c->http.tls.cert_file ? "https" : "http";
	d->secure = c->http.tls.cert_file != NULL;
	if (c->base_url) {
		(void)snprintf(d->url, sizeof(d->url), "%s", c->base_url);
		d->secure |= strncmp(c->base_url, "https:", 6) == 0;
	} else if (is_one_address(&c->places[0]) && d->port) {
		config_place_text(&c->places[0], place, sizeof(place));
		(void)snprintf(d->url, sizeof(d->url), "%s://%s:%u", scheme, place, d->port);
	}
	name_cookie(d, c);
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

void dashboard_changed(struct dashboard *d)
{
	d->url[0] = '\0';
	find_url(d);
}

int dashboard_new(struct dashboard **out, struct serve *s, uint16_t port, struct err *err)
{
	struct dashboard *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, ERR_NOMEM, "no memory for the dashboard");
	d->serve = s;
	d->since_ms = clock_wall_ms();
	d->port = port;
	find_url(d);
	d->state_dir = strdup(s->host.config->state_dir);
	int rc = d->state_dir ? sessions_new(&d->sessions, err)
			      : err_set(err, ERR_NOMEM, "no memory for the dashboard");
	if (rc == 0)
		rc = worker_new(&d->worker, s->host.loop, err);
	if (rc == 0)
		rc = feeds_new(d, err);
	if (rc == 0)
		rc = audit_check_new(&d->check, s->host.loop, s->host.config->state_dir, err);
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
	visits_leave(d);
	feeds_free(d->feeds);
	audit_check_free(d->check);
	store_reader_close(d->reader);
	sessions_free(d->sessions);
	free(d->state_dir);
	free(d);
}
