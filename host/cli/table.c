#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { SHORT_TEXT = 100, TEXT_MAX = 32 << 20 };

void table_clean(const char *text, size_t max)
{
	size_t n = strlen(text), cut = n > max ? max : n;
	for (size_t i = 0; i < cut; i++)
		(void)putchar((unsigned char)text[i] < ' ' || text[i] == 127 ? ' ' : text[i]);
	if (cut < n)
		(void)fputs("...", stdout);
}

static const char *text_of(const cJSON *o, const char *name)
{
	const char *s = json_get_str(o, name);
	return s ? s : "";
}

static bool time_of(const cJSON *o, const char *name, int64_t *ms)
{
	const char *s = json_get_str(o, name);
	return s && iso8601_parse(ms, bytes_str(s)) == 0;
}

/* "340ms", "12.3s", "4m05s", "3h07m", "2d04h" in buf. */
static const char *span(char buf[32], int64_t ms)
{
	int64_t s = ms / 1000, m = s / 60, h = m / 60;
	if (s < 1)
		(void)snprintf(buf, 32, "%" PRId64 "ms", ms);
	else if (m < 1)
		(void)snprintf(buf, 32, "%" PRId64 ".%" PRId64 "s", s, ms % 1000 / 100);
	else if (h < 1)
		(void)snprintf(buf, 32, "%" PRId64 "m%02" PRId64 "s", m, s % 60);
	else if (h < 24)
		(void)snprintf(buf, 32, "%" PRId64 "h%02" PRId64 "m", h, m % 60);
	else
		(void)snprintf(buf, 32, "%" PRId64 "d%02" PRId64 "h", h / 24, h % 24);
	return buf;
}

static const char *took(char buf[32], const cJSON *o, const char *from, const char *to)
{
	int64_t a, b;
	if (!time_of(o, from, &a) || !time_of(o, to, &b))
		return "";
	return span(buf, b > a ? b - a : 0);
}

void table_json(const cJSON *v)
{
	struct buf text = BUF_INIT((size_t)1 << 30);
	json_write(&text, v);
	(void)puts(buf_cstr(&text));
	buf_clear(&text);
}

/* ---- many ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void print_what_about(const cJSON *r)
{
	if (json_get_bool(r, "unattended", false))
		printf("no process goes on with it%s",
		       json_get(r, "subject") || json_get(r, "wake") || text_of(r, "message")[0]
			   ? ", "
			   : "");
	if (json_get(r, "subject")) {
		printf("approval of ");
		table_clean(text_of(r, "subject"), SHORT_TEXT);
	} else if (json_get(r, "wake"))
		printf("%s until %s", text_of(r, "waitsFor"), text_of(r, "wake"));
	else if (text_of(r, "hook")[0] || text_of(r, "schedule")[0])
		printf("waits for %s since %s", text_of(r, "waitsFor"), text_of(r, "created"));
	else
		table_clean(text_of(r, "message"), SHORT_TEXT);
	printf("\n");
}

/* Of one that has not begun, what it waits for to begin. */
static void print_origin(const cJSON *r)
{
	char text[64];
	const char *hook = text_of(r, "hook"), *schedule = text_of(r, "schedule");
	if (*hook || *schedule)
		(void)snprintf(text, sizeof(text), "%s %.50s", *hook ? "hook" : "schedule",
			       *hook ? hook : schedule);
	else
		(void)snprintf(text, sizeof(text), "%.60s", file_name(text_of(r, "path")));
	printf("%-28s  ", text);
}

void table_runs(const cJSON *answer)
{
	const cJSON *r;
	char buf[32];
	printf("%-36s  %-9s  %-24s  %8s  %-28s  %s\n", "RUN", "STATE", "STARTED", "TOOK", "RUNBOOK",
	       "");
	cJSON_ArrayForEach(r, json_get(answer, "runs"))
	{
		printf("%-36s  %-9s  %-24s  %8s  ", text_of(r, "id"), text_of(r, "state"),
		       text_of(r, "started"), took(buf, r, "started", "ended"));
		print_origin(r);
		print_what_about(r);
	}
}

/* ---- one ---- */

static void print_line(const char *label, const char *text)
{
	if (!text[0])
		return;
	printf("%-10s ", label);
	table_clean(text, TEXT_MAX);
	printf("\n");
}

static void print_json(const char *label, const cJSON *v, size_t max)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	if (!v)
		return;
	json_write(&text, v);
	printf("%-10s ", label);
	table_clean(buf_cstr(&text), max);
	printf("\n");
	buf_clear(&text);
}

/* over: the run is. */
static void print_step(const cJSON *s, size_t max, bool over)
{
	char buf[32];
	const char *operation = text_of(s, "operation");
	printf("  %-8s %-24s ", text_of(s, "path"),
	       text_of(s, "begun")[0] ? text_of(s, "begun") : text_of(s, "ended"));
	const char *end = text_of(s, "outcome");
	if (!end[0])
		end = over ? "without an end" : "under way";
	if (json_get(s, "waitsFor"))
		end = "waits for its turn";
	printf("%-30s %s", operation[0] ? operation : text_of(s, "kind"), end);
	const char *time = took(buf, s, "begun", "ended");
	printf("%s%s", time[0] ? ", took " : "", time);
	if (json_get(s, "waitsFor"))
		printf(" for %s, at %s", span(buf, json_get_int(s, "waitedMs", 0)),
		       text_of(s, "waitsFor"));
	printf("\n");
	print_json("           arguments", json_get(s, "args"), max);
	print_json("           answer", json_get(s, "answer"), max);
	print_json("           error", json_get(s, "error"), max);
	print_line("           until", over || text_of(s, "ended")[0] ? "" : text_of(s, "until"));
}

/* Uncut, for who votes has to know all of it. */
static void print_approval(const cJSON *a)
{
	const cJSON *v, *details = json_get(a, "details");
	printf("approval   step %s: ", text_of(a, "path"));
	table_clean(text_of(a, "subject"), TEXT_MAX);
	const char *people = text_of(details, "people");
	printf("; needs %" PRId64 "%s", json_get_int(a, "needed", 1), people[0] ? " of " : "");
	table_clean(people, TEXT_MAX);
	printf("%s%s\n", text_of(a, "expires")[0] ? ", until " : "", text_of(a, "expires"));
	print_json("           arguments", json_get(details, "args"), TEXT_MAX);
	print_line("           because", text_of(details, "why"));
	cJSON_ArrayForEach(v, json_get(a, "votes"))
	{
		printf("           ");
		table_clean(text_of(v, "voter"), TEXT_MAX);
		printf(" %s at %s", json_get_bool(v, "approve", false) ? "approved" : "rejected",
		       text_of(v, "at"));
		printf("%s%s%s ", text_of(v, "by")[0] ? " (" : "", text_of(v, "by"),
		       text_of(v, "by")[0] ? ")" : "");
		table_clean(text_of(v, "comment"), TEXT_MAX);
		printf("\n");
	}
	cJSON_ArrayForEach(v, json_get(a, "links"))
	{
		printf("           ");
		table_clean(text_of(v, "person"), TEXT_MAX);
		printf(" approves: %s\n", text_of(v, "approve"));
		printf("           ");
		table_clean(text_of(v, "person"), TEXT_MAX);
		printf(" rejects: %s\n", text_of(v, "reject"));
	}
}

void table_approvals(const cJSON *answer)
{
	const cJSON *a;
	if (!json_get(answer, "approvals") || !json_get(answer, "approvals")->child)
		printf("nothing waits for an approval\n");
	cJSON_ArrayForEach(a, json_get(answer, "approvals"))
	{
		printf("run        %s\n", text_of(a, "run"));
		print_approval(a);
	}
}

void table_run(const cJSON *run, bool full)
{
	size_t max = full ? TEXT_MAX : SHORT_TEXT;
	const cJSON *v;
	char buf[32];
	printf("run        %s, attempt %" PRId64 "\n", text_of(run, "id"),
	       json_get_int(run, "attempt", 1));
	printf("state      %s", text_of(run, "state"));
	if (text_of(run, "outcome")[0] &&
	    strcmp(text_of(run, "outcome"), text_of(run, "state")) != 0)
		printf(" (%s)", text_of(run, "outcome"));
	printf("%s\n",
	       json_get_bool(run, "unattended", false)
		   ? ", no process goes on with it: 'runbook resume' or 'runbook serve' does"
		   : "");
	print_line("message", text_of(run, "message"));
	print_line("hook", text_of(run, "hook"));
	print_line("schedule", text_of(run, "schedule"));
	print_line("due", text_of(run, "due"));
	print_line("runbook", text_of(run, "path"));
	print_line("sha256", text_of(run, "sha256"));
	print_json("actor", json_get(run, "actor"), TEXT_MAX);
	print_line("reason", text_of(run, "reason"));
	print_json("input", json_get(run, "input"), max);
	print_line("created", text_of(run, "created"));
	print_line("started", text_of(run, "started"));
	print_line("ended", text_of(run, "ended"));
	print_line("took", took(buf, run, "started", "ended"));
	print_line("waits for", text_of(run, "waitsFor"));
	print_line("until", text_of(run, "wake"));
	print_line("deadline", text_of(run, "deadline"));
	print_json("deaths", json_get(run, "deaths"), max);
	cJSON_ArrayForEach(v, json_get(run, "modules"))
	    printf("module     %s %s\n", text_of(v, "name"), text_of(v, "sha256"));
	cJSON_ArrayForEach(v, json_get(run, "approvals")) print_approval(v);
	if (json_get(run, "steps") && json_get(run, "steps")->child)
		printf("steps\n");
	cJSON_ArrayForEach(v, json_get(run, "steps")) print_step(v, max, text_of(run, "ended")[0]);
	print_json("result", json_get(run, "result"), max);
	print_line("traceback", text_of(run, "traceback"));
}
