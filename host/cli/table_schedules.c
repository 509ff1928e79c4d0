/* table_schedules.c - schedules as people read them. */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHORT_TEXT = 100, TEXT_MAX = 1 << 20 };

static const char *text_of(const cJSON *o, const char *name)
{
	const char *s = json_get_str(o, name);
	return s ? s : "";
}

/* Who did it: the most certain name that is known. */
static const char *person_of(const cJSON *by)
{
	static const char *const names[] = { "verifiedUser", "loginUser", "sudoUser", "user",
					     "type" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (json_get_str(by, names[i]))
			return json_get_str(by, names[i]);
	}
	return "";
}

/* "started, done", "skipped". */
static void print_outcome(const cJSON *firing)
{
	const char *run = text_of(firing, "runOutcome");
	printf("%s%s%s", text_of(firing, "state"), text_of(firing, "runState")[0] ? ", " : "",
	       run[0] ? run : text_of(firing, "runState"));
}

static void print_pause(const cJSON *s)
{
	const cJSON *pause = json_get(s, "paused");
	if (!pause)
		return;
	printf("paused since %s", text_of(pause, "since"));
	if (person_of(json_get(pause, "by"))[0]) {
		printf(" by ");
		table_clean(person_of(json_get(pause, "by")), SHORT_TEXT);
	}
	if (text_of(pause, "why")[0]) {
		printf(": ");
		table_clean(text_of(pause, "why"), SHORT_TEXT);
	}
}

static void print_notes(const cJSON *s)
{
	int64_t missed = json_get_int(s, "missed", 0), failures = json_get_int(s, "failures", 0);
	int64_t waiting = json_get_int(s, "waiting", 0);
	if (!json_get_bool(s, "configured", true))
		printf("no serve has it  ");
	if (missed > 0)
		printf("%" PRId64 " missed  ", missed);
	if (waiting > 0)
		printf("%" PRId64 " waiting  ", waiting);
	if (failures > 0)
		printf("%" PRId64 " failed in a row  ", failures);
	print_pause(s);
}

void table_schedules(const cJSON *answer)
{
	const cJSON *s;
	printf("%-20s  %-20s  %-18s  %-24s  %-24s  %s\n", "SCHEDULE", "CRON", "ZONE", "NEXT",
	       "LAST", "");
	cJSON_ArrayForEach(s, json_get(answer, "schedules"))
	{
		const cJSON *last = json_get(s, "last");
		const char *next = text_of(s, "next");
		printf("%-20.60s  %-20.80s  %-18.40s  %-24s  %-24s  ", text_of(s, "name"),
		       text_of(s, "cron"), text_of(s, "tz"), next[0] ? next : "-",
		       last ? text_of(last, "due") : "-");
		if (last) {
			print_outcome(last);
			printf("  ");
		}
		print_notes(s);
		printf("\n");
	}
}

/* ---- one ---- */

static void print_line(const char *label, const char *text)
{
	if (!text[0])
		return;
	printf("%-12s ", label);
	table_clean(text, TEXT_MAX);
	printf("\n");
}

static void print_firing(const cJSON *f)
{
	const char *why = text_of(f, "why"), *person = person_of(json_get(f, "by"));
	printf("  %-24s  %-36s  ", text_of(f, "due"), text_of(f, "run"));
	print_outcome(f);
	if (person[0]) {
		printf(", by ");
		table_clean(person, SHORT_TEXT);
	}
	if (!why[0])
		why = text_of(f, "runMessage");
	if (why[0]) {
		printf("  ");
		table_clean(why, SHORT_TEXT);
	}
	printf("\n");
}

void table_schedule(const cJSON *s)
{
	const cJSON *o;
	print_line("schedule", text_of(s, "name"));
	print_line("cron", text_of(s, "cron"));
	print_line("zone", text_of(s, "tz"));
	cJSON_ArrayForEach(o, json_get(s, "options"))
	{
		if (cJSON_IsString(o))
			print_line(o->string, o->valuestring);
	}
	print_line("next", text_of(s, "next"));
	printf("%-12s ", "now");
	print_notes(s);
	printf("\nfirings\n");
	cJSON_ArrayForEach(o, json_get(s, "firings")) print_firing(o);
}
