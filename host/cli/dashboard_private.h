/* dashboard_private.h - a page on its way; for dashboard*.c only. */
#ifndef CLI_DASHBOARD_PRIVATE_H
#define CLI_DASHBOARD_PRIVATE_H

#include "admin/pages.h"
#include "admin/query.h"
#include "admin/sessions.h"
#include "cli/dashboard.h"

enum { VISIT_TEXT = 1024 };

/* What is asked for, decoded. */
struct visit_query {
	char run[64];
	char state[16], runbook[VISIT_TEXT], before[64];
	size_t from;
};

/* A person at a page that is not answered yet. */
struct visit {
	struct visit *next;
	struct dashboard *dashboard; /* NULL: it has gone */
	struct http_exchange *x;     /* NULL: the person has gone */
	bool flushing;               /* the committer has it */
	const struct dashboard_page *page;
	char person[SESSION_PERSON_SIZE], token[SESSION_KEY_SIZE];
	struct page_view view; /* of these */
	struct visit_query query;
	cJSON *found[2]; /* what was looked up */
	struct html html;
	struct err err;
	int rc;
};

struct dashboard_page {
	const char
	    *path; /* "/runs"; with a slash at its end: what follows is a part of the query */
	/* On the dashboard's thread. */
	int (*look_up)(struct visit *v, const struct query *q);
	/* Write the page; on that thread, too. */
	void (*draw)(struct visit *v);
	/* Or this, on the loop, for small pages that tell of the process. */
	void (*draw_here)(struct visit *v, const struct dashboard *d);
};

/* NULL: there is no page at this path. Fills in v->query. */
const struct dashboard_page *dashboard_find_page(struct visit_query *out, const char *path,
						 const char *query);

/* What the process knows of itself, added to the answer of query_status; on the loop. */
void dashboard_add_owner(const struct dashboard *d, cJSON *status);

#endif
