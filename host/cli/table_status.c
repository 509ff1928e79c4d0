/* table_status.c - the answer of `runbook status`, as people read it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"

static const char *text_of(const cJSON *o, const char *name)
{
	const char *s = json_get_str(o, name);
	return s ? s : "";
}

/* Control characters would drive the terminal. */
static void line(const char *name, const char *text)
{
	printf("%-10s ", name);
	for (; *text; text++)
		(void)putchar((unsigned char)*text < ' ' || *text == 127 ? ' ' : *text);
	(void)putchar('\n');
}

static void say_owner(const cJSON *o)
{
	char text[512];
	const cJSON *owner = json_get(o, "owner");
	if (json_get(o, "silent")) {
		line("owner", text_of(o, "silent"));
	} else if (!owner) {
		line("owner", "none: no process goes on with the runs of this state directory");
	} else {
		(void)snprintf(text, sizeof(text),
			       "runbook %.20s, pid %" PRId64 ", since %.40s, version %.40s",
			       text_of(owner, "command"), json_get_int(owner, "pid", 0),
			       text_of(owner, "since"), text_of(owner, "version"));
		line("owner", text);
		if (!json_get_bool(owner, "confined", true))
			line("", "no system call is refused to it (seccomp)");
	}
	line("state", text_of(o, "stateDir"));
}

static void say_runs(const cJSON *o)
{
	char text[256];
	const cJSON *runs = json_get(o, "runs");
	if (!runs) {
		line("runs", "none was ever started");
		return;
	}
	(void)snprintf(
	    text, sizeof(text),
	    "%" PRId64 " queued, %" PRId64 " running, %" PRId64 " waiting, %" PRId64 " parked%s",
	    json_get_int(runs, "queued", 0), json_get_int(runs, "running", 0),
	    json_get_int(runs, "waiting", 0), json_get_int(runs, "parked", 0),
	    json_get_int(runs, "parked", 0) ? ": a person must look ('runbook runs --state parked')"
					    : "");
	line("runs", text);
	(void)snprintf(text, sizeof(text), "%" PRId64 " changes without a known end",
		       json_get_int(o, "unsettledCalls", 0));
	line("calls", text);
}

static void say_turns(const cJSON *o)
{
	char text[512];
	const cJSON *t;
	cJSON_ArrayForEach(t, json_get(o, "turns"))
	{
		(void)snprintf(text, sizeof(text),
			       "%" PRId64 " calls wait for their turn at %.300s, the oldest for "
			       "%" PRId64 " s",
			       json_get_int(t, "waiting", 0), text_of(t, "bucket"),
			       json_get_int(t, "oldestMs", 0) / 1000);
		line("", text);
	}
}

static void say_hold(const cJSON *o)
{
	char text[1024];
	const cJSON *hold = json_get(o, "hold");
	const char *why = text_of(hold, "reason");
	if (!hold)
		return;
	(void)snprintf(text, sizeof(text), "every change is held since %.40s by %.128s%s%.512s",
		       text_of(hold, "since"), text_of(hold, "by"), *why ? ": " : "", why);
	line("hold", text);
}

static void say_audit(const cJSON *o)
{
	char text[1400];
	const cJSON *audit = json_get(o, "audit"), *disk = json_get(o, "disk");
	const char *failed = text_of(audit, "failed"), *last = text_of(audit, "lastCheckpoint");
	if (*failed) {
		(void)snprintf(text, sizeof(text), "NOT RECORDED: %.1200s", failed);
		line("audit", text);
	}
	(void)snprintf(text, sizeof(text), "last checkpoint %.40s", *last ? last : "never");
	line("audit", text);
	if (json_get(audit, "lagMs")) {
		(void)snprintf(text, sizeof(text),
			       "%" PRId64 " records so far, %" PRId64 " ms behind",
			       json_get_int(audit, "records", 0), json_get_int(audit, "lagMs", 0));
		line("", text);
	}
	if (!disk) /* there is no state directory yet */
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64 " %% full, %" PRId64 " MiB free",
		       json_get_int(disk, "percent", 0), json_get_int(disk, "free", 0) >> 20);
	line("disk", text);
}

static void say_triggers(const cJSON *o)
{
	char text[256];
	const cJSON *schedules = json_get(o, "schedules"), *place;
	const char *next = text_of(schedules, "next");
	if (json_get_int(schedules, "count", 0) > 0) {
		(void)snprintf(
		    text, sizeof(text),
		    "%" PRId64 ", %" PRId64 " paused, %" PRId64 " instants missed, next %.40s",
		    json_get_int(schedules, "count", 0), json_get_int(schedules, "paused", 0),
		    json_get_int(schedules, "missed", 0), *next ? next : "never");
		line("schedules", text);
	}
	cJSON_ArrayForEach(place, json_get(o, "listeners"))
	{
		if (cJSON_IsString(place))
			line("listens", place->valuestring);
	}
}

void table_status(const cJSON *o)
{
	say_owner(o);
	say_runs(o);
	say_turns(o);
	say_hold(o);
	say_audit(o);
	say_triggers(o);
}
