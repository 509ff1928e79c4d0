#include "cli/serve_approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/approval_page.h"
#include "admin/query.h"
#include "base/clock.h"
#include "cli/approval_posts.h"
#include "cli/shown_args.h"
#include "commit/commit.h"
#include "net/http_server.h"
#include "trigger/approval_link.h"

struct approvals {
	struct host *host;
	struct approval_links links; /* without base_url: none */
	struct approval_posts *posts;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct visit *visits;
};

/* A person at a page that is not answered yet. */
struct visit {
	struct visit *next;
	struct approvals *approvals; /* NULL: it has gone */
	struct http_exchange *x;     /* NULL: the person has */
	struct approval_link link;
	char comment[APPROVAL_COMMENT_SIZE];
	cJSON *run;
	struct err err;
	int rc;
};

/* ---- answers ---- */

static void answer(struct http_exchange *x, int status, struct bytes page)
{
	/* The address is a secret: it goes to no other place, and is kept nowhere. */
	static const struct http_header headers[] = {
		{ "Content-Type", "text/html; charset=utf-8" },
		{ "Content-Security-Policy", "default-src 'none'; form-action 'self'; "
					     "base-uri 'none'; frame-ancestors 'none'" },
		{ "Cache-Control", "no-store" },
		{ "Referrer-Policy", "no-referrer" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Allow", "GET, POST" },
	};
	size_t n = sizeof(headers) / sizeof(headers[0]);
	http_server_answer(x, status, headers, status == 405 ? n : n - 1, page);
}

static void say(struct http_exchange *x, int status, const char *title, const char *text)
{
	struct html page = HTML_INIT;
	approval_page_say(&page, title, text);
	answer(x, status, buf_bytes(&page.out));
	html_clear(&page);
}

static void say_over(struct http_exchange *x)
{
	say(x, 410, "Over",
	    "Nothing waits for this approval any more: it was decided, its time is over, or the "
	    "run has ended.");
}

/* ---- visits ---- */

static struct visit *new_visit(struct approvals *a, struct http_exchange *x,
			       const struct approval_link *link)
{
	struct visit *v = calloc(1, sizeof(*v));
	if (!v) {
		say(x, 503, "Not now", "There is no memory for this page: try again later.");
		return NULL;
	}
	*v = (struct visit){ .next = a->visits, .approvals = a, .x = x, .link = *link };
	a->visits = v;
	return v;
}

static void free_visit(struct visit *v)
{
	struct visit **at = v->approvals ? &v->approvals->visits : NULL;
	while (at && *at != v)
		at = &(*at)->next;
	if (at)
		*at = v->next;
	cJSON_Delete(v->run);
	free(v);
}

void approvals_gone(void *arg, struct http_exchange *x)
{
	const struct approvals *a = arg;
	for (struct visit *v = a->visits; v; v = v->next)
		if (v->x == x)
			v->x = NULL;
}

/* ---- GET ---- */

/* On the worker's thread. */
static void look_up(void *arg)
{
	struct visit *v = arg;
	struct approvals *a = v->approvals;
	if (!a->reader)
		v->rc = store_reader_open(&a->reader, a->host->store, &v->err);
	const struct query q = { .reader = a->reader, .redact = shown_args, .arg = a->host };
	if (v->rc == 0)
		v->rc = query_run(&q, v->link.run, &v->run, &v->err);
}

static void on_looked_up(void *arg)
{
	struct visit *v = arg;
	struct html page = HTML_INIT;
	const struct approval_ask_page ask = { .run = v->run,
					       .attempt = v->link.attempt,
					       .step = v->link.step,
					       .person = v->link.person,
					       .approve = v->link.approve };
	if (v->x && v->rc < 0 && v->rc != -ERR_INVALID)
		say(v->x, 503, "Not now", "The run could not be read: try again later.");
	else if (v->x && (v->rc < 0 || !approval_page_ask(&page, &ask)))
		say_over(v->x);
	else if (v->x)
		answer(v->x, 200, buf_bytes(&page.out));
	html_clear(&page);
	free_visit(v);
}

/* All that has happened is in the store: what is shown is not older than what was answered. */
static void on_flushed(void *arg, const struct err *err)
{
	struct visit *v = arg;
	(void)err; /* then it shows what there is */
	if (v->approvals)
		worker_submit(v->approvals->host->worker, look_up, on_looked_up, v);
	else
		free_visit(v);
}

/* ---- POST ---- */

static void on_voted(void *arg, const struct err *err)
{
	struct visit *v = arg;
	if (v->x && err->code)
		say(v->x, 503, "Not recorded",
		    "The vote could not be written down, so it may not count. Whoever runs this "
		    "has to look.");
	else if (v->x)
		say(v->x, 200, v->link.approve ? "Approved" : "Rejected",
		    "Your vote is recorded. While it is not decided another one of yours replaces "
		    "it.");
	free_visit(v);
}

static void vote(struct approvals *a, struct http_exchange *x, const struct approval_link *link,
		 struct bytes body)
{
	struct err err = { 0 };
	struct visit *v = new_visit(a, x, link);
	if (!v)
		return;
	approval_form_comment(v->comment, body);
	const struct run_ballot ballot = { .step = v->link.step,
					   .attempt = v->link.attempt,
					   .voter = v->link.person,
					   .by = "link",
					   .approve = v->link.approve,
					   .comment = v->comment[0] ? v->comment : NULL };
	if (run_vote(a->host->runs, v->link.run, &ballot, on_voted, v, &err) == 0)
		return;
	if (strcmp(err.name, "NotAllowed") == 0)
		say(x, 403, "Not allowed", err.message);
	else if (strcmp(err.name, "NotWaiting") == 0)
		say_over(x);
	else
		say(x, 503, "Not now", "The vote could not be taken: try again later.");
	free_visit(v);
}

/* ---- requests ---- */

void approvals_serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct approvals *a = arg;
	struct approval_link link;
	bool post = strcmp(req->method, "POST") == 0;
	enum approval_link_state state = approval_link_read(
	    &link, req->path, req->query, buf_bytes(&a->links.key), clock_wall_ms());
	if (state == APPROVAL_LINK_WRONG) {
		say(x, 404, "Not found", "This is not a link that works: is it whole?");
	} else if (!post && strcmp(req->method, "GET") != 0 && strcmp(req->method, "HEAD") != 0) {
		say(x, 405, "Not so", "Links are opened, and voted with by their button.");
	} else if (state == APPROVAL_LINK_LATE) {
		say(x, 410, "Over", "The time of this link is over.");
	} else if (post) {
		vote(a, x, &link, req->body);
	} else {
		struct visit *v = new_visit(a, x, &link);
		if (v)
			commit_flush(a->host->committer, on_flushed, v);
	}
}

/* ---- telling ---- */

struct telling {
	struct approvals *a;
	const struct run_question *q;
	bool again;
};

static int tell_one(void *arg, const struct approval_pair *pair)
{
	const struct telling *t = arg;
	return approval_posts_add(t->a->posts, t->q, pair, t->again);
}

static void warn(void *arg, const char *text)
{
	struct host *h = arg;
	terminal_log(&h->terminal, LOG_WARN, text);
}

static int tell(struct approvals *a, const struct run_question *q, bool again)
{
	struct telling t = { a, q, again };
	int rc = approval_links_each(&a->links, q, tell_one, &t);
	if (rc < 0)
		warn(a->host, "people could not be told that they are asked: out of memory");
	return rc;
}

static bool tells(const struct approvals *a)
{
	return a->links.config && a->links.config->post_url;
}

void approvals_tell(struct approvals *a, const struct run_question *q)
{
	if (a && tells(a))
		(void)tell(a, q, false);
}

static int tell_row(void *arg, const struct approval_row *row)
{
	return tell(arg,
		    &(struct run_question){ .run = row->run,
					    .attempt = row->attempt,
					    .step = row->path,
					    .subject = row->subject,
					    .details = row->details ? row->details : "{}",
					    .actor = row->asker ? row->asker : "{}",
					    .needed = row->needed,
					    .expires_ms = row->expires_ms },
		    true);
}

int approvals_tell_again(struct approvals *a, struct err *err)
{
	struct store_reader *reader = NULL;
	if (!a || !tells(a))
		return 0;
	int rc = store_reader_open(&reader, a->host->store, err);
	if (rc == 0)
		rc = store_approvals(reader, NULL, tell_row, a, err);
	store_reader_close(reader);
	return rc;
}

/* ---- life ---- */

struct approvals_change {
	struct approval_links links;
};

int approvals_change_new(struct approvals_change **out, const struct config *config,
			 struct err *err)
{
	struct approvals_change *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for approvals");
	int rc = config->approvals.base_url ? approval_links_open(&c->links, config, err) : 0;
	if (rc < 0) {
		approvals_change_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void approvals_change_free(struct approvals_change *c)
{
	if (!c)
		return;
	approval_links_close(&c->links);
	free(c);
}

void approvals_take(struct approvals *a, struct approvals_change *c)
{
	struct approval_links before = a->links;
	a->links = c->links;
	c->links = before;
	approval_posts_to(a->posts, tells(a) ? a->links.config->post_url : NULL);
	approvals_change_free(c);
}

int approvals_new(struct approvals **out, struct host *h, struct err *err)
{
	struct approvals_change *first = NULL;
	struct approvals *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "no memory for approvals");
	a->host = h;
	int rc = approvals_change_new(&first, h->config, err);
	if (rc == 0)
		rc = approval_posts_new(&a->posts,
					&(struct approval_posts_spec){ .loop = h->loop,
								       .http = h->http,
								       .committer = h->committer,
								       .failed = warn,
								       .arg = h },
					err);
	if (rc < 0 || !first) {
		approvals_change_free(first);
		approvals_free(a);
		return rc;
	}
	approvals_take(a, first);
	*out = a;
	return 0;
}

void approvals_free(struct approvals *a)
{
	if (!a)
		return;
	for (struct visit *v = a->visits, *next; v; v = next) {
		next = v->next;
		v->approvals = NULL;
		v->x = NULL;
		if (worker_forget(a->host->worker, v))
			free_visit(v);
		/* else the committer ends it */
	}
	approval_posts_free(a->posts);
	store_reader_close(a->reader);
	approval_links_close(&a->links);
	free(a);
}
