/* pages_schedules.c - schedules, and what became of their instants. */
#include <inttypes.h>

#include "admin/pages_private.h"

static const char *const columns[] = { "Schedule", "When", "Next", "Last", NULL };

static void add_when(struct html *h, const cJSON *s)
{
	const char *words = json_get_str(s, "words"), *zone = json_get_str(s, "tz");
	html_add(h, "<code>%s</code>", json_get_str(s, "cron"));
	if (zone)
		html_add(h, " <span class=\"quiet small\">%s</span>", zone);
	if (words)
		html_add(h, "<br><span class=\"quiet\">%s</span>", words);
}

/* One that waits is no reason to worry, one that is paused may be. */
static void add_next(struct html *h, const struct page_view *v, const cJSON *s)
{
	const cJSON *pause = json_get(s, "paused"), *next;
	int n = 0;
	if (pause) {
		page_state(h, "paused");
		page_time(h, v, json_get_str(pause, "since"));
		if (json_get_str(pause, "why"))
			html_add(h, "<br><span class=\"quiet\">%s</span>",
				 json_get_str(pause, "why"));
		return;
	}
	cJSON_ArrayForEach(next, json_get(s, "nexts"))
	{
		if (n++)
			html_add(h, "<br>");
		if (n == 1)
			page_time(h, v, next->valuestring);
		else
			page_clock(h, next->valuestring);
	}
	if (n == 0 && json_get_str(s, "next"))
		page_time(h, v, json_get_str(s, "next"));
	else if (n == 0)
		html_add(h, "<span class=\"quiet\">never</span>");
}

static void add_outcome(struct html *h, const cJSON *firing)
{
	const char *outcome = json_get_str(firing, "runOutcome");
	const char *state = json_get_str(firing, "runState");
	page_state(h, json_get_str(firing, "state"));
	if (outcome || state)
		page_state(h, outcome ? outcome : state);
}

static void add_link(struct html *h, const char *name)
{
	html_add(h, "<a href=\"/schedules/");
	html_path(h, name);
	html_add(h, "\">%s</a>", name);
}

static void add_schedule(struct html *h, const struct page_view *v, const cJSON *s)
{
	const cJSON *last = json_get(s, "last");
	const char *name = json_get_str(s, "name");
	if (!name)
		return;
	html_add(h, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
	add_link(h, name);
	html_add(h, "</th>");
	cell_begin(h, columns[1]);
	if (json_get_bool(s, "configured", false))
		add_when(h, s);
	else
		html_add(h, "<span class=\"quiet\">not configured any more</span>");
	cell_end(h);
	cell_begin(h, columns[2]);
	add_next(h, v, s);
	cell_end(h);
	cell_begin(h, columns[3]);
	if (last) {
		add_outcome(h, last);
		page_time(h, v, json_get_str(last, "due"));
	} else {
		html_add(h, "<span class=\"quiet\">not yet</span>");
	}
	cell_end(h);
	html_add(h, "</tr>\n");
}

void page_schedules(struct html *h, const struct page_view *v, const cJSON *schedules)
{
	const cJSON *list = json_get(schedules, "schedules"), *s;
	page_begin(h, v, ROOM_SCHEDULES, "Schedules");
	if (cJSON_GetArraySize(list) == 0) {
		page_empty(h, "There are no schedules.");
	} else {
		table_begin(h, "By name, with their next times", columns);
		cJSON_ArrayForEach(s, list) add_schedule(h, v, s);
		table_end(h);
	}
	page_end(h);
}

/* ---- one of them ---- */

static const char *const firing_columns[] = { "Due", "Became", "Run", "Why", NULL };

static void add_firing(struct html *h, const struct page_view *v, const cJSON *f)
{
	const char *run = json_get_str(f, "run"), *why = json_get_str(f, "why");
	const char *says = json_get_str(f, "runMessage");
	html_add(h, "<tr role=\"row\">");
	cell_time(h, v, firing_columns[0], json_get_str(f, "due"));
	cell_begin(h, firing_columns[1]);
	add_outcome(h, f);
	cell_end(h);
	cell_begin(h, firing_columns[2]);
	if (run)
		page_run_link(h, run, NULL);
	cell_end(h);
	cell_text(h, firing_columns[3], why ? why : says);
	html_add(h, "</tr>\n");
}

static void add_number_fact(struct html *h, const char *name, int64_t n)
{
	if (n)
		html_add(h, "<dt>%s</dt><dd>%" PRId64 "</dd>\n", name, n);
}

void page_schedule(struct html *h, const struct page_view *v, const cJSON *s)
{
	const char *name = json_get_str(s, "name");
	const cJSON *firings = json_get(s, "firings"), *f;
	page_begin(h, v, ROOM_SCHEDULES, name ? name : "A schedule");
	html_add(h, "<p class=\"back\"><a href=\"/schedules\">All schedules</a></p>\n"
		    "<section class=\"card\" aria-label=\"Facts\"><dl class=\"facts\">\n");
	if (json_get_bool(s, "configured", false)) {
		html_add(h, "<dt>When</dt><dd>");
		add_when(h, s);
		html_add(h, "</dd>\n");
	}
	html_add(h, "<dt>Next</dt><dd>");
	add_next(h, v, s);
	html_add(h, "</dd>\n");
	add_number_fact(h, "Waiting", json_get_int(s, "waiting", 0));
	add_number_fact(h, "Missed, ever", json_get_int(s, "missed", 0));
	add_number_fact(h, "Failures in a row", json_get_int(s, "failures", 0));
	html_add(h, "</dl>\n");
	page_json(h, "Options", json_get(s, "options"), false);
	html_add(h, "</section>\n<h2>Its last times</h2>\n");
	if (cJSON_GetArraySize(firings) == 0) {
		page_empty(h, "There are none so far.");
	} else {
		table_begin(h, "Newest first", firing_columns);
		cJSON_ArrayForEach(f, firings) add_firing(h, v, f);
		table_end(h);
	}
	page_end(h);
}
