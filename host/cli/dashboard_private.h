/* dashboard_private.h - pages and forms on their way; for dashboard*.c only. */
#ifndef CLI_DASHBOARD_PRIVATE_H
#define CLI_DASHBOARD_PRIVATE_H

#include "admin/pages.h"
#include "admin/query.h"
#include "admin/sessions.h"
#include "cli/dashboard.h"

enum { VISIT_TEXT = 1024, COOKIE_SIZE = 256 };

struct dashboard {
	struct serve *serve;
	struct sessions *sessions;
	struct worker *worker;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct visit *visits;
	struct audit_check *check;
	struct feeds *feeds;
	uint16_t port;   /* of the first place; 0: none */
	char url[512];   /* where people reach it; "": not known */
	char cookie[32]; /* its name */
	char *state_dir;
	bool secure; /* over TLS, as far as browsers see */
	int64_t since_ms;
};

/* What is asked for, decoded. */
struct visit_query {
	char name[256]; /* of one run, of one schedule */
	char state[16], runbook[VISIT_TEXT], before[64], said[16];
	size_t from;
};

/* A person at a page or a form that is not answered yet. */
struct visit {
	struct visit *next;
	struct dashboard *dashboard; /* NULL: it has gone */
	struct http_exchange *x;     /* NULL: the person has gone */
	bool committing;             /* the committer has it */
	const struct dashboard_page *page;
	const char *state_dir; /* borrowed from the dashboard */
	char person[SESSION_PERSON_SIZE], token[SESSION_KEY_SIZE];
	struct page_view view; /* of these */
	struct visit_query query;
	cJSON *found[3]; /* what was looked up */
	struct html html;
	struct err err;
	int rc;
};

/* ---- dashboard_pages.c ---- */

struct dashboard_page {
	const char *path; /* "/runs"; with a slash at its end: what follows is a name */
	/* On the dashboard's thread. */
	int (*look_up)(struct visit *v, const struct query *q);
	/* Write the page; on that thread, too. */
	void (*draw)(struct visit *v);
	/* Or this, on the loop, for pages that tell of the process or its configuration. */
	void (*draw_here)(struct visit *v, const struct dashboard *d);
};

/* NULL: there is no page at this path. */
const struct dashboard_page *dashboard_find_page(struct visit_query *out, const char *path,
						 const char *query);

/* ---- dashboard_visit.c ---- */

/* NULL: no memory, and x was told so. */
struct visit *visit_new(struct dashboard *d, struct http_exchange *x,
			const struct session *session);
void visit_free(struct visit *v);
/* Look up and answer. */
void visit_page(struct visit *v, const struct dashboard_page *page,
		const struct visit_query *query);
/* Those that the committer has are freed when it is done with them. */
void visits_leave(struct dashboard *d);

/* ---- dashboard_feed.c ---- */

NODISCARD int feeds_new(struct dashboard *d, struct err *err); /* d->feeds */
void feeds_free(struct feeds *all);                            /* NULL is fine */
/* Answer with events from now on. */
void feed_begin(struct dashboard *d, struct http_exchange *x, const struct session *session);
void feed_gone(struct dashboard *d, const struct http_exchange *x);
/* Those of a session that ends. */
void feeds_end(struct dashboard *d, const struct session *session);
/* bars_list, all of them (admin/bars.h). */
cJSON *feeds_bars(const struct dashboard *d);

/* ---- dashboard_post.c ---- */

/* A path that takes forms? */
bool dashboard_takes_forms(const char *path);
/* A form for one of them. */
void dashboard_post(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		    const struct session *session);

/* ---- dashboard_answer.c: answers with the headers that all have ---- */

/* The page, which is released; cookie may be NULL. */
void answer_page(const struct dashboard *d, struct http_exchange *x, int status, struct html *page,
		 const char *cookie);
/* The page that says how to log in. */
void answer_stranger(const struct dashboard *d, struct http_exchange *x, int status,
		     const char *why);
void answer_text(const struct dashboard *d, struct http_exchange *x, int status, const char *text);
void answer_moved(const struct dashboard *d, struct http_exchange *x, const char *where,
		  const char *cookie);
/* The beginning of an answer in parts. */
void answer_feed(const struct dashboard *d, struct http_exchange *x);
struct asset;
void answer_asset(const struct dashboard *d, struct http_exchange *x, const struct asset *a);

/* key "": the cookie is to go. */
void cookie_write(char out[COOKIE_SIZE], const struct dashboard *d, const char *key);

#endif
