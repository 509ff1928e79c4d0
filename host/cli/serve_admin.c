#include "cli/serve_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/meters.h"
#include "cli/dashboard.h"
#include "cli/metrics.h"
#include "cli/refusals.h"
#include "commit/commit.h"
#include "net/http_server.h"

enum { METRICS_MAX = 16 << 20 };

struct admin_pages {
	struct serve *serve;
	struct http_server *server;
	struct dashboard *dashboard;
};

static void answer(struct http_exchange *x, int status, const char *type, struct bytes body)
{
	const struct http_header headers[] = { { "Content-Type", type },
					       { "Cache-Control", "no-store" },
					       { "X-Content-Type-Options", "nosniff" } };
	http_server_answer(x, status, headers, sizeof(headers) / sizeof(headers[0]), body);
}

static void answer_text(struct http_exchange *x, int status, const char *text)
{
	answer(x, status, "text/plain; charset=utf-8", bytes_str(text));
}

/* ---- pages ---- */

static void health(struct admin_pages *a, struct http_exchange *x, const struct http_received *req)
{
	(void)a, (void)req;
	answer_text(x, 200, "ok\n");
}

static void ready(struct admin_pages *a, struct http_exchange *x, const struct http_received *req)
{
	const struct serve *s = a->serve;
	struct err why = { 0 };
	char text[1200];
	(void)req;
	if (s->stopping) {
		answer_text(x, 503, "stopping\n");
	} else if (commit_failed(s->host.committer, &why)) {
		(void)snprintf(text, sizeof(text), "audit log unavailable: %.1000s\n", why.message);
		answer_text(x, 503, text);
	} else if (!s->ready) {
		answer_text(x, 503, "starting\n");
	} else {
		answer_text(x, 200, "ready\n");
	}
}

static void metrics(struct admin_pages *a, struct http_exchange *x, const struct http_received *req)
{
	const char *accept = http_header_get(req->headers, req->n_headers, "Accept");
	bool openmetrics = accept && strstr(accept, "application/openmetrics-text");
	struct buf text = BUF_INIT(METRICS_MAX);
	metrics_write(a->serve->host.metrics, &text, openmetrics);
	if (text.err)
		answer_text(x, 500, "no memory\n");
	else
		answer(x, 200, meters_content_type(openmetrics), buf_bytes(&text));
	buf_clear(&text);
}

static const struct {
	const char *path;
	void (*serve)(struct admin_pages *a, struct http_exchange *x,
		      const struct http_received *req);
} pages[] = {
	{ "/healthz", health },
	{ "/readyz", ready },
	{ "/metrics", metrics },
};

static void on_request(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct admin_pages *a = arg;
	const struct http_header allow = { "Allow", "GET, HEAD" };
	bool reads = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].path, req->path) != 0)
			continue;
		if (reads)
			pages[i].serve(a, x, req);
		else
			http_server_answer(x, 405, &allow, 1, bytes_str(""));
		return;
	}
	if (!dashboard_serve(a->dashboard, x, req))
		answer_text(x, 404, "not found\n");
}

static void on_gone(void *arg, struct http_exchange *x)
{
	const struct admin_pages *a = arg;
	dashboard_gone(a->dashboard, x);
}

/* ---- life ---- */

int admin_pages_start(struct admin_pages **out, struct serve *s, struct err *err)
{
	const struct config_listen *c = &s->host.config->admin;
	if (!c->line)
		return 0;
	struct admin_pages *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "no memory for the pages of [admin]");
	a->serve = s;
	const struct http_handler handler = { .serve = on_request, .gone = on_gone, .arg = a };
	int rc = http_server_listen(&a->server, s->host.loop, &handler, &c->http, err);
	if (rc == 0)
		rc = dashboard_new(&a->dashboard, s, http_server_port(a->server, 0), err);
	if (rc < 0) {
		admin_pages_free(a);
		return rc;
	}
	s->host.dashboard = a->dashboard;
	s->refusals = refusals_new();
	*out = a;
	return 0;
}

void admin_pages_free(struct admin_pages *a)
{
	if (!a)
		return;
	a->serve->host.dashboard = NULL;
	refusals_free(a->serve->refusals);
	a->serve->refusals = NULL;
	http_server_free(a->server);
	dashboard_free(a->dashboard);
	free(a);
}

void admin_pages_take(struct admin_pages *a, struct http_change *c)
{
	http_server_take(a->server, c);
	dashboard_changed(a->dashboard);
}

uint16_t admin_pages_port(const struct admin_pages *a, size_t place)
{
	return http_server_port(a->server, place);
}
