/* pages_overview.c - how the host is, at one look. */
#include <inttypes.h>

#include "admin/pages_private.h"

enum { RECENT = 10 };

/* attention: somebody should look unless it is 0 */
static void add_figure(struct html *h, const char *address, int64_t n, const char *name,
		       bool attention)
{
	html_add(h, attention && n > 0 ? "<li class=\"attention\">" : "<li>");
	html_add(h,
		 "<a href=\"%s\"><span class=\"value\">%" PRId64
		 "</span> <span class=\"name\">%s</span></a></li>\n",
		 address, n, name);
}

static void add_hold(struct html *h, const struct page_view *v, const cJSON *hold)
{
	if (!hold)
		return;
	const char *by = json_get_str(hold, "by"), *reason = json_get_str(hold, "reason");
	html_add(h,
		 "<div class=\"card note\" role=\"status\"><h2>Every change is held</h2>\n<p>by %s",
		 by && *by ? by : "somebody");
	if (reason && *reason)
		html_add(h, ", because: %s", reason);
	html_add(h, " ");
	page_time(h, v, json_get_str(hold, "since"));
	html_add(h, "</p></div>\n");
}

static void add_failure(struct html *h, const cJSON *audit)
{
	if (json_get(audit, "failed"))
		html_add(h,
			 "<div class=\"card alarm\" role=\"alert\"><h2>The audit log cannot be "
			 "written</h2>\n<p>%s</p><p>Nothing is changed until the host is started "
			 "anew.</p></div>\n",
			 json_get_str(audit, "failed"));
}

/* bar NULL: the template of one. */
static void add_bar(struct html *h, const cJSON *bar)
{
	int64_t key = json_get_int(bar, "key", 0), total = json_get_int(bar, "total", 0);
	html_add(h,
		 "<li class=\"bar\" id=\"bar-%" PRId64 "\"><div class=\"head\">"
		 "<label for=\"progress-%" PRId64 "\">%s</label>"
		 "<span class=\"percent\">%s</span></div><progress id=\"progress-%" PRId64 "\"",
		 key, key, json_get_str(bar, "label"), json_get_str(bar, "percent"), key);
	if (total > 0)
		html_add(h, " max=\"%" PRId64 "\" value=\"%" PRId64 "\"", total,
			 json_get_int(bar, "ended", 0));
	html_add(h, ">%s</progress><p class=\"words\">%s</p><p class=\"id resource\">%s</p></li>\n",
		 json_get_str(bar, "percent"), json_get_str(bar, "words"),
		 json_get_str(bar, "resource"));
}

/* A reader without scripts sees them as they are now. */
static void add_bars(struct html *h, const cJSON *bars)
{
	const cJSON *bar;
	html_add(h,
		 "<h2 id=\"watched\">Being watched <span class=\"live\" id=\"live\" hidden></span>"
		 "</h2>\n<section class=\"card\" aria-labelledby=\"watched\">\n"
		 "<ul class=\"bars\" data-live>\n");
	cJSON_ArrayForEach(bar, bars) add_bar(h, bar);
	html_add(h, "</ul>\n<p class=\"quiet\" id=\"unwatched\"");
	if (cJSON_GetArraySize(bars) > 0)
		html_add(h, " hidden");
	html_add(h, ">No run looks at anything that can be counted.</p>\n"
		    "<p class=\"hidden\" role=\"status\" id=\"news\"></p>\n<template id=\"bar\">");
	add_bar(h, NULL);
	html_add(h, "</template></section>\n");
}

void page_overview(struct html *h, const struct page_view *v, const struct overview_shown *shown)
{
	const cJSON *n = json_get(shown->status, "runs"), *runs = json_get(shown->runs, "runs");
	page_begin(h, v, ROOM_OVERVIEW, "Overview");
	add_failure(h, json_get(shown->status, "audit"));
	add_hold(h, v, json_get(shown->status, "hold"));
	html_add(h, "<ul class=\"figures\" aria-label=\"Runs\">\n");
	add_figure(h, "/runs?state=running", json_get_int(n, "running", 0), "running", false);
	add_figure(h, "/runs?state=waiting", json_get_int(n, "waiting", 0), "waiting", false);
	add_figure(h, "/approvals", cJSON_GetArraySize(json_get(shown->approvals, "approvals")),
		   "approvals asked for", true);
	add_figure(h, "/runs?state=queued", json_get_int(n, "queued", 0), "queued", false);
	add_figure(h, "/runs?state=parked", json_get_int(n, "parked", 0),
		   "parked: a person must look", true);
	html_add(h, "</ul>\n");
	add_bars(h, shown->bars);
	html_add(h, "<h2>Recent runs</h2>\n");
	if (cJSON_GetArraySize(runs) == 0)
		page_empty(h, "There were none so far.");
	else
		page_runs_table(h, v, "Newest first", runs, RECENT);
	page_end(h);
}
