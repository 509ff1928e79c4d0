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

/* status: query_status and what cli/status.h adds; runs: query_runs; approvals: query_approvals;
 * bars: bars_list */
struct overview_shown {
	const cJSON *status, *runs, *approvals, *bars;
};
void page_overview(struct html *h, const struct page_view *v, const struct overview_shown *shown);

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

/* approvals: query_approvals; those for which v's person has no vote with "mayNot": why. said: what has
 * just been done, or NULL */
void page_approvals(struct html *h, const struct page_view *v, const cJSON *approvals,
		    const char *said);

/* schedules: query_schedules, those that are configured with words: what the expression means, and
 * nexts: [times] */
void page_schedules(struct html *h, const struct page_view *v, const cJSON *schedules);
/* schedule: query_schedule, with the same */
void page_schedule(struct html *h, const struct page_view *v, const cJSON *schedule);

/*
 * hooks: [{name, path, auth, runbook}]; deliveries: query_deliveries; refused: [{hook, path, at, peer, id,
 * identity, why}], newest first.
 */
struct hooks_shown {
	const cJSON *hooks, *deliveries, *refused;
};
void page_hooks(struct html *h, const struct page_view *v, const struct hooks_shown *shown);

/*
 * status: cli/status.h; check: {"going":true, "begun"} while the log is verified, then {begun, ended,
 * error} or {begun, ended, good, segments, records, calls, unknown, notes, bad, signed, found [{segment,
 * verdict, line, why}]}; NULL: it was not verified since the start.
 */
void page_audit(struct html *h, const struct page_view *v, const cJSON *status, const cJSON *check);

#endif
