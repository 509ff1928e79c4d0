/* dashboard_visit.c - a page that is looked up, and answered. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/dashboard_private.h"
#include "cli/shown_args.h"
#include "commit/commit.h"

void visit_free(struct visit *v)
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
	visit_free(v);
}

/* All that has happened is in the store: what is shown is not older than what was answered. */
static void on_flushed(void *arg, const struct err *err)
{
	struct visit *v = arg;
	(void)err; /* then it shows what there is */
	v->committing = false;
	if (v->dashboard)
		worker_submit(v->dashboard->worker, look_up, on_looked_up, v);
	else
		visit_free(v);
}

struct visit *visit_new(struct dashboard *d, struct http_exchange *x, const struct session *session)
{
	struct visit *v = calloc(1, sizeof(*v));
	if (!v) {
		answer_text(d, x, 503, "no memory for this page\n");
		return NULL;
	}
	*v = (struct visit){ .next = d->visits, .dashboard = d, .x = x };
	v->html = HTML_INIT;
	v->state_dir = d->state_dir;
	(void)snprintf(v->person, sizeof(v->person), "%s", session->person);
	(void)snprintf(v->token, sizeof(v->token), "%s", session->token);
	v->view = (struct page_view){ v->person, v->token, clock_wall_ms() };
	d->visits = v;
	return v;
}

void visit_page(struct visit *v, const struct dashboard_page *page, const struct visit_query *query)
{
	v->page = page;
	v->query = *query;
	v->committing = true;
	commit_flush(v->dashboard->serve->host.committer, on_flushed, v);
}

void dashboard_gone(struct dashboard *d, struct http_exchange *x)
{
	for (struct visit *v = d->visits; v; v = v->next) {
		if (v->x == x)
			v->x = NULL;
	}
	feed_gone(d, x);
}

void visits_leave(struct dashboard *d)
{
	for (struct visit *v = d->visits, *next; v; v = next) {
		next = v->next;
		v->dashboard = NULL;
		if (!v->committing)
			visit_free(v);
	}
	d->visits = NULL;
}
