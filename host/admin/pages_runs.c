/* pages_runs.c - runs: all of them, and one with its steps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/pages_private.h"

enum { ID_SHOWN = 13 };

/* ---- the table of runs ---- */

static const char *const columns[] = {
	"State", "Runbook", "Started", "Took", "What it says", NULL
};

/* A path's last part is what people know it by. */
static const char *file_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? slash + 1 : path;
}

static void add_says(struct html *h, const struct page_view *v, const cJSON *run)
{
	const char *subject = json_get_str(run, "subject"), *message = json_get_str(run, "message");
	const char *wake = json_get_str(run, "wake"), *waits = json_get_str(run, "waitsFor");
	if (subject) {
		cell_begin(h, columns[4]);
		html_add(h, "asks: %s", subject);
		cell_end(h);
	} else if (waits && wake) {
		cell_begin(h, columns[4]);
		html_add(h, "waits for %s until ", waits);
		page_time(h, v, wake);
		cell_end(h);
	} else {
		cell_text(h, columns[4], message);
	}
}

static void add_run(struct html *h, const struct page_view *v, const cJSON *run)
{
	const char *id = json_get_str(run, "id"), *path = json_get_str(run, "path");
	const char *state = json_get_str(run, "state"), *outcome = json_get_str(run, "outcome");
	char brief[ID_SHOWN + 1];
	if (!id)
		return;
	(void)snprintf(brief, sizeof(brief), "%s", id);
	html_add(h, "<tr role=\"row\">");
	cell_begin(h, columns[0]);
	page_state(h, state);
	if (outcome && state && strcmp(outcome, state) != 0)
		page_state(h, outcome);
	cell_end(h);
	html_add(h, "<th scope=\"row\" role=\"rowheader\">");
	page_run_link(h, id, path ? file_of(path) : brief);
	html_add(h, "<br><span class=\"id tight\">%s</span></th>", brief);
	cell_time(h, v, columns[2], json_get_str(run, "started"));
	cell_begin(h, columns[3]);
	page_duration(h, v, json_get_str(run, "started"), json_get_str(run, "ended"));
	cell_end(h);
	add_says(h, v, run);
	html_add(h, "</tr>\n");
}

void page_runs_table(struct html *h, const struct page_view *v, const char *caption,
		     const cJSON *runs, size_t limit)
{
	const cJSON *run;
	size_t n = 0;
	table_begin(h, caption, columns);
	cJSON_ArrayForEach(run, runs)
	{
		if (limit && n++ == limit)
			break;
		add_run(h, v, run);
	}
	table_end(h);
}

/* ---- all of them ---- */

static const struct {
	const char *value, *name;
} state_names[] = {
	{ "", "any" },
	{ "open", "going on or waiting" },
	{ "queued", "queued" },
	{ "running", "running" },
	{ "waiting", "waiting" },
	{ "done", "done" },
	{ "failed", "failed" },
	{ "cancelled", "cancelled" },
	{ "timed_out", "timed out" },
	{ "parked", "parked: a person must look" },
};

static void add_filter(struct html *h, const struct runs_shown *shown)
{
	html_add(h, "<form class=\"filter\" method=\"get\" action=\"/runs\" role=\"search\" "
		    "aria-label=\"Runs\">\n<label>State<select name=\"state\">\n");
	for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
		html_add(h, "<option value=\"%s\"", state_names[i].value);
		if (strcmp(state_names[i].value, shown->state) == 0)
			html_add(h, " selected");
		html_add(h, ">%s</option>\n", state_names[i].name);
	}
	html_add(h,
		 "</select></label>\n<label>Runbook, its whole path"
		 "<input type=\"text\" name=\"runbook\" value=\"%s\" spellcheck=\"false\" "
		 "autocapitalize=\"none\"></label>\n<button>Show</button>\n</form>\n",
		 shown->runbook);
}

/* The address of a page with the same filter. */
static void add_address(struct html *h, const struct runs_shown *shown, const char *before)
{
	html_add(h, "/runs?state=");
	html_path(h, shown->state);
	html_add(h, "&amp;runbook=");
	html_path(h, shown->runbook);
	if (before) {
		html_add(h, "&amp;before=");
		html_path(h, before);
	}
}

static void add_further(struct html *h, const struct runs_shown *shown, const cJSON *runs)
{
	size_t n = (size_t)cJSON_GetArraySize(runs);
	const char *last = n > shown->limit
			       ? json_get_str(cJSON_GetArrayItem(runs, (int)shown->limit - 1), "id")
			       : NULL;
	if (!last && !shown->older)
		return;
	html_add(h, "<nav aria-label=\"More runs\"><p class=\"more\">");
	if (shown->older) {
		html_add(h, "<a href=\"");
		add_address(h, shown, NULL);
		html_add(h, "\">Newest runs</a>");
	}
	if (last) {
		html_add(h, "<a href=\"");
		add_address(h, shown, last);
		html_add(h, "\" rel=\"next\">Older runs</a>");
	}
	html_add(h, "</p></nav>\n");
}

void page_runs(struct html *h, const struct page_view *v, const struct runs_shown *shown,
	       const cJSON *runs)
{
	const cJSON *list = json_get(runs, "runs");
	page_begin(h, v, ROOM_RUNS, "Runs");
	add_filter(h, shown);
	if (cJSON_GetArraySize(list) == 0) {
		page_empty(h, "There are no such runs.");
	} else {
		page_runs_table(h, v, "Newest first", list, shown->limit);
		add_further(h, shown, list);
	}
	page_end(h);
}

/* ---- one of them ---- */

static void add_facts(struct html *h, const struct page_view *v, const cJSON *run)
{
	html_add(h, "<section class=\"card\" aria-label=\"Facts\"><dl class=\"facts\">\n"
		    "<dt>State</dt><dd>");
	page_state(h, json_get_str(run, "state"));
	const char *outcome = json_get_str(run, "outcome");
	if (outcome && strcmp(outcome, json_get_str(run, "state")) != 0)
		page_state(h, outcome);
	html_add(h, "</dd>\n");
	page_fact(h, "What it says", json_get_str(run, "message"));
	page_fact(h, "It asks", json_get_str(run, "subject"));
	page_fact(h, "Runbook", json_get_str(run, "path"));
	html_add(h, "<dt>Started by</dt><dd>");
	page_actor(h, json_get(run, "actor"));
	html_add(h, "</dd>\n");
	page_fact(h, "Why", json_get_str(run, "reason"));
	page_time_fact(h, v, "Started", json_get_str(run, "started"));
	page_time_fact(h, v, "Ended", json_get_str(run, "ended"));
	html_add(h, "<dt>Took</dt><dd>");
	page_duration(h, v, json_get_str(run, "started"), json_get_str(run, "ended"));
	html_add(h, "</dd>\n");
	page_time_fact(h, v, "Goes on", json_get_str(run, "wake"));
	page_time_fact(h, v, "Must end by", json_get_str(run, "deadline"));
	page_fact(h, "Key", json_get_str(run, "key"));
	html_add(h,
		 "<dt>Attempt</dt><dd>%" PRId64 "</dd>\n"
		 "<dt>Run</dt><dd class=\"mono\">%s</dd>\n</dl>\n",
		 json_get_int(run, "attempt", 1), json_get_str(run, "id"));
	page_json(h, "Input", json_get(run, "input"), false);
	page_json(h, "Result", json_get(run, "result"), true);
	page_json(h, "Options", json_get(run, "options"), false);
	const char *traceback = json_get_str(run, "traceback");
	if (traceback)
		html_add(h,
			 "<details open><summary>Traceback</summary><pre "
			 "tabindex=\"0\">%s</pre></details>\n",
			 traceback);
	html_add(h, "</section>\n");
}

static const char *const step_columns[] = { "Step", "What", "Outcome", "Begun", "Took", NULL };

static void add_step_texts(struct html *h, const cJSON *step)
{
	const cJSON *error = json_get(step, "error");
	const char *resource = json_get_str(step, "resource");
	const char *code = json_get_str(error, "code"), *message = json_get_str(error, "message");
	if (resource)
		html_add(h, "<br><span class=\"quiet mono\">%s</span>", resource);
	if (code || message)
		html_add(h, "<br>%s%s%s", code ? code : "", code && message ? ": " : "",
			 message ? message : "");
	page_json(h, "Arguments", json_get(step, "args"), false);
	page_json(h, "Answer", json_get(step, "answer"), false);
	page_json(h, "Error", error, false);
}

static void add_step(struct html *h, const struct page_view *v, const cJSON *step)
{
	const char *operation = json_get_str(step, "operation"), *kind = json_get_str(step, "kind");
	const char *begun = json_get_str(step, "begun"), *ended = json_get_str(step, "ended");
	html_add(h,
		 "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\" class=\"mono\">"
		 "<span class=\"hidden\">Step </span>%s</th>",
		 json_get_str(step, "path"));
	cell_begin(h, "");
	html_add(h, "%s", operation ? operation : kind ? kind : "");
	add_step_texts(h, step);
	cell_end(h);
	cell_begin(h, step_columns[2]);
	page_state(h, ended ? json_get_str(step, "outcome") : "running");
	cell_end(h);
	cell_time(h, v, step_columns[3], begun ? begun : ended);
	cell_begin(h, step_columns[4]);
	if (begun)
		page_duration(h, v, begun, ended);
	cell_end(h);
	html_add(h, "</tr>\n");
}

static void add_pages_of_steps(struct html *h, const char *id, size_t from, size_t n)
{
	if (n <= PAGE_STEPS)
		return;
	html_add(h, "<nav aria-label=\"More steps\"><p class=\"more\">");
	if (from > 0)
		html_add(h, "<a href=\"/runs/%s?from=%zu\">Earlier steps</a>", id,
			 from > PAGE_STEPS ? from - PAGE_STEPS : 0);
	if (from + PAGE_STEPS < n)
		html_add(h, "<a href=\"/runs/%s?from=%zu\">Later steps</a>", id, from + PAGE_STEPS);
	html_add(h, "</p></nav>\n");
}

static void add_steps(struct html *h, const struct page_view *v, const cJSON *run, size_t from)
{
	const cJSON *steps = json_get(run, "steps"), *step;
	size_t n = (size_t)cJSON_GetArraySize(steps), at = 0;
	char caption[120];
	html_add(h, "<h2>Steps</h2>\n");
	if (n == 0) {
		page_empty(h, "There are none so far.");
		return;
	}
	size_t end = from + PAGE_STEPS < n ? from + PAGE_STEPS : n;
	(void)snprintf(caption, sizeof(caption), "%zu to %zu of %zu, in the order of the runbook",
		       from + 1, end, n);
	table_begin(h, caption, step_columns);
	cJSON_ArrayForEach(step, steps)
	{
		if (at >= from && at < end)
			add_step(h, v, step);
		at++;
	}
	table_end(h);
	add_pages_of_steps(h, json_get_str(run, "id"), from, n);
}

/* What it has asked people, and what they said. */
static void add_approvals(struct html *h, const struct page_view *v, const cJSON *run)
{
	const cJSON *list = json_get(run, "approvals"), *a;
	if (cJSON_GetArraySize(list) > 0)
		html_add(h, "<h2>Approvals</h2>\n");
	cJSON_ArrayForEach(a, list)
	{
		html_add(h, "<article class=\"card\"><h3>%s</h3><dl class=\"facts\">\n",
			 json_get_str(a, "subject"));
		page_fact(h, "Step", json_get_str(a, "path"));
		page_time_fact(h, v, "Until", json_get_str(a, "expires"));
		page_votes(h, v, a);
		html_add(h, "</dl>\n");
		if (json_get_bool(a, "open", false))
			html_add(h, "<p><a href=\"/approvals\">It waits for people</a></p>\n");
		html_add(h, "</article>\n");
	}
}

void page_run(struct html *h, const struct page_view *v, const cJSON *run, size_t from)
{
	const char *file = file_of(json_get_str(run, "path"));
	size_t n = (size_t)cJSON_GetArraySize(json_get(run, "steps"));
	page_begin(h, v, ROOM_RUNS, file ? file : "A run");
	html_add(h, "<p class=\"back\"><a href=\"/runs\">All runs</a></p>\n");
	add_facts(h, v, run);
	add_approvals(h, v, run);
	add_steps(h, v, run, from < n ? from : 0);
	page_end(h);
}
