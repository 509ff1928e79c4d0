/*
 * pages.h - the dashboard: what admin/query.h knows, as pages for people. Pure.
 *
 * Everything can be read without scripts and done with the keyboard; a state is a word, and colour
 * besides; times are UTC. What changes something is the button of a form that carries the session's
 * token. Arguments are shown as the query has them: redacted.
 */
#ifndef ADMIN_PAGES_H
#define ADMIN_PAGES_H

#include "admin/html.h"

/* Who looks at a page, and when. Everything is borrowed. */
struct page_view {
	const char *person; /* who is logged in */
	const char *token;  /* of the session's forms */
	int64_t now_ms;     /* wall clock */
};

/* ---- without a session ---- */

void page_stranger(struct html *h, const char *why);
/* To be shown with the new cookie. It leads on by itself: a redirect of a link in somebody else's page
 * would come without the cookie (SameSite=Strict). */
void page_entered(struct html *h);

/* ---- with one ---- */

void page_say(struct html *h, const struct page_view *v, const char *title, const char *text);

/* status: query_status and what cli/status.h adds; runs: query_runs */
void page_overview(struct html *h, const struct page_view *v, const cJSON *status,
		   const cJSON *runs);

struct runs_shown {
	const char *state, *runbook; /* what is asked for; "": any */
	bool older;                  /* not the newest ones: the beginning is elsewhere */
	size_t limit; /* so many are on a page, and one more is in the list if there are */
};
void page_runs(struct html *h, const struct page_view *v, const struct runs_shown *shown,
	       const cJSON *runs);

enum { PAGE_STEPS = 200 };
/* run: query_run; PAGE_STEPS of its steps, the first of them at `from` */
void page_run(struct html *h, const struct page_view *v, const cJSON *run, size_t from);

#endif
