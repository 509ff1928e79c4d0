#include "sfn/judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ---- times ---- */

/* The member as milliseconds; false when it is missing or no time. */
static bool date_of(int64_t *out_ms, const cJSON *object, const char *name)
{
	const cJSON *v = json_get(object, name);
	if (cJSON_IsString(v))
		return iso8601_parse(out_ms, bytes_str(v->valuestring)) == 0;
	if (!cJSON_IsNumber(v) || fabs(v->valuedouble) > 1e12)
		return false;
	*out_ms = llround(v->valuedouble * 1000);
	return true;
}

static int64_t window_begin(const struct findings *f)
{
	return f->intent_ms - f->skew_ms;
}

static int64_t window_end(const struct findings *f)
{
	int64_t until = f->sent_until_ms > f->intent_ms ? f->sent_until_ms : f->intent_ms;
	return until + f->skew_ms;
}

static bool in_window(const struct findings *f, int64_t date_ms)
{
	return date_ms >= window_begin(f) && date_ms <= window_end(f);
}

/* ---- verdicts ---- */

static void PRINTF_LIKE(3, 4)
    decide(struct judgement *out, enum verdict verdict, const char *fmt, ...)
{
	va_list ap;
	out->verdict = verdict;
	va_start(ap, fmt);
	(void)vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

/* Not done, if the look was late enough to be believed. */
static void decide_not_done(struct judgement *out, const struct findings *f, const char *why)
{
	int64_t settled = window_end(f) + JUDGE_SETTLE_MS;
	out->early = f->asked_ms < settled;
	if (!out->early)
		decide(out, VERDICT_NOT_DONE, "%s", why);
	else
		decide(out, VERDICT_UNKNOWN,
		       "%s, but reads lag behind: that proves nothing for another %" PRId64 " s",
		       why, (settled - f->asked_ms + 999) / 1000);
}

/* Done; the answer has this member of what was found. */
static void decide_done(struct judgement *out, const struct findings *f, const char *member,
			const char *why)
{
	cJSON *date = cJSON_Duplicate(json_get(f->now, member), true);
	out->answer = cJSON_CreateObject();
	if (!date || !cJSON_AddItemToObject(out->answer, member, date)) {
		cJSON_Delete(date);
		decide(out, VERDICT_UNKNOWN, "no memory for the answer");
		return;
	}
	decide(out, VERDICT_DONE, "%s", why);
}

/* Something of the kind happened at date_ms, outside the window. */
static void decide_others(struct judgement *out, const struct findings *f, const char *what,
			  int64_t date_ms)
{
	char date[ISO8601_SIZE], from[ISO8601_SIZE], to[ISO8601_SIZE];
	iso8601_format(date, date_ms);
	iso8601_format(from, window_begin(f));
	iso8601_format(to, window_end(f));
	decide(out, VERDICT_UNKNOWN, "%s at %s, not between %s and %s: someone else's", what, date,
	       from, to);
}

/* ---- RedriveExecution ---- */

static void judge_counts(struct judgement *out, const struct findings *f, int64_t before,
			 int64_t count)
{
	int64_t date, old;
	if (count == before) {
		decide_not_done(out, f, "redriveCount is what it was before the call");
	} else if (count != before + 1) {
		decide(out, VERDICT_UNKNOWN,
		       "redriveCount went from %" PRId64 " to %" PRId64
		       ": this call's redrive may be among them or not",
		       before, count);
	} else if (!date_of(&date, f->now, "redriveDate")) {
		decide(out, VERDICT_UNKNOWN, "redriveCount went up by one, but there is no date");
	} else if (date_of(&old, f->baseline, "redriveDate") && date <= old) {
		decide(out, VERDICT_UNKNOWN, "redriveCount went up by one, redriveDate did not");
	} else if (!in_window(f, date)) {
		decide_others(out, f, "redriveCount went up by one", date);
	} else {
		decide_done(out, f, "redriveDate", "redriveCount went up by one during the call");
	}
}

static void judge_without_baseline(struct judgement *out, const struct findings *f, int64_t count)
{
	int64_t date;
	if (count == 0)
		decide_not_done(out, f, "the execution has never been redriven");
	else if (date_of(&date, f->now, "redriveDate") && date < window_begin(f))
		decide_not_done(out, f, "the last redrive was before the call");
	else
		decide(out, VERDICT_UNKNOWN,
		       "the execution was redriven since, but redriveCount before the call is not "
		       "known");
}

static void judge_redrive(struct judgement *out, const struct findings *f)
{
	int64_t before, count;
	if (!f->now)
		decide(out, VERDICT_UNKNOWN, "the execution does not exist any more");
	else if (!json_int(json_get(f->now, "redriveCount"), &count))
		decide(out, VERDICT_UNKNOWN, "the service does not tell redriveCount");
	else if (!json_int(json_get(f->baseline, "redriveCount"), &before))
		judge_without_baseline(out, f, count);
	else
		judge_counts(out, f, before, count);
}

/* ---- StopExecution ---- */

static bool is_open(const char *status)
{
	return strcmp(status, "RUNNING") == 0 || strcmp(status, "PENDING_REDRIVE") == 0;
}

static void judge_stop(struct judgement *out, const struct findings *f)
{
	const char *status = json_get_str(f->now, "status");
	int64_t redriven, stopped;
	if (!status)
		decide(out, VERDICT_UNKNOWN, "the execution does not exist any more");
	else if (date_of(&redriven, f->now, "redriveDate") && redriven >= window_begin(f))
		decide(out, VERDICT_UNKNOWN, "the execution was redriven during or after the call");
	else if (is_open(status))
		decide_not_done(out, f, "the execution is still running");
	else if (!date_of(&stopped, f->now, "stopDate"))
		decide(out, VERDICT_UNKNOWN, "the execution is closed, but has no stopDate");
	else if (stopped > window_end(f))
		decide_not_done(out, f, "the execution ran on after the call");
	else
		decide_done(out, f, "stopDate", "the execution is closed since the call or before");
}

/* ---- StartExecution ---- */

static bool same_input(const cJSON *args, const cJSON *now)
{
	const char *given = json_get_str(args, "input"), *found = json_get_str(now, "input");
	return found && strcmp(given ? given : "{}", found) == 0;
}

static void judge_start(struct judgement *out, const struct findings *f)
{
	int64_t started;
	if (!f->now)
		decide(out, VERDICT_UNKNOWN,
		       "there is no execution of that name, which proves nothing where the state "
		       "machine is an Express one");
	else if (!date_of(&started, f->now, "startDate"))
		decide(out, VERDICT_UNKNOWN, "the service does not tell startDate");
	else if (!in_window(f, started))
		decide_others(out, f, "an execution of that name was started", started);
	else if (!same_input(f->args, f->now))
		decide(out, VERDICT_UNKNOWN,
		       "an execution of that name was started with another input: someone else's");
	else
		decide_done(out, f, "startDate", "an execution of that name was started");
	const char *arn = json_get_str(f->now, "executionArn");
	if (out->answer && arn)
		(void)cJSON_AddStringToObject(out->answer, "executionArn", arn);
}

/* ---- UpdateMapRun ---- */

static const char *const settings[] = { "maxConcurrency", "toleratedFailurePercentage",
					"toleratedFailureCount", NULL };

static bool is_as(const cJSON *object, const char *name, const cJSON *value)
{
	const cJSON *v = json_get(object, name);
	return v && json_equal(v, value);
}

static void judge_update(struct judgement *out, const struct findings *f)
{
	int differ = 0, as_before = 0;
	for (const char *const *name = settings; *name; name++) {
		const cJSON *given = json_get(f->args, *name), *now = json_get(f->now, *name);
		if (!given || (now && json_equal(now, given)))
			continue;
		differ++;
		as_before += now && is_as(f->baseline, *name, now);
	}
	if (!f->now) {
		decide(out, VERDICT_UNKNOWN, "the Map Run does not exist any more");
	} else if (differ == 0) {
		out->answer = cJSON_CreateObject();
		decide(out, VERDICT_DONE, "the Map Run has the settings that were given");
	} else if (differ == as_before) {
		decide_not_done(out, f, "the Map Run has the settings it had before the call");
	} else {
		decide(out, VERDICT_UNKNOWN,
		       "the Map Run has neither the settings that were given nor those before");
	}
}

/* ---- the questions ---- */

static bool ask_map_run(cJSON *question, const cJSON *args)
{
	const char *arn = json_get_str(args, "mapRunArn");
	return arn && cJSON_AddStringToObject(question, "mapRunArn", arn);
}

static bool ask_execution(cJSON *question, const cJSON *args)
{
	const char *arn = json_get_str(args, "executionArn");
	return arn && cJSON_AddStringToObject(question, "executionArn", arn) &&
	       cJSON_AddStringToObject(question, "includedData", "METADATA_ONLY");
}

/* "arn:aws:states:R:A:stateMachine:NAME" and behind NAME perhaps ":" and a version or alias. */
static bool ask_started(cJSON *question, const cJSON *args)
{
	static const char kind[] = ":stateMachine:";
	const char *machine = json_get_str(args, "stateMachineArn");
	const char *name = json_get_str(args, "name");
	const char *at = machine ? strstr(machine, kind) : NULL;
	char arn[1024];
	if (!at || !name)
		return false;
	const char *machine_name = at + sizeof(kind) - 1;
	int n = snprintf(arn, sizeof(arn), "%.*s:execution:%.*s:%s", (int)(at - machine), machine,
			 (int)strcspn(machine_name, ":"), machine_name, name);
	return n > 0 && (size_t)n < sizeof(arn) &&
	       cJSON_AddStringToObject(question, "executionArn", arn);
}

static const char *const redrive_facts[] = { "status", "redriveCount", "redriveDate", NULL };
static const char *const stop_facts[] = { "status", "stopDate", "redriveCount", "redriveDate",
					  NULL };
static const char *const start_facts[] = { "executionArn", "status", "startDate", NULL };

static const struct subject subjects[] = {
	{
	    .about = "RedriveExecution",
	    .question = "DescribeExecution",
	    .missing = "ExecutionDoesNotExist",
	    .ask = ask_execution,
	    .baseline = redrive_facts,
	    .evidence = redrive_facts,
	    .judge = judge_redrive,
	},
	{
	    .about = "StopExecution",
	    .question = "DescribeExecution",
	    .missing = "ExecutionDoesNotExist",
	    .ask = ask_execution,
	    .evidence = stop_facts,
	    .judge = judge_stop,
	},
	{
	    .about = "StartExecution",
	    .question = "DescribeExecution",
	    .missing = "ExecutionDoesNotExist",
	    .ask = ask_started,
	    .evidence = start_facts,
	    .judge = judge_start,
	},
	{
	    .about = "UpdateMapRun",
	    .question = "DescribeMapRun",
	    .missing = "ResourceNotFound",
	    .ask = ask_map_run,
	    .baseline = settings,
	    .evidence = settings,
	    .judge = judge_update,
	},
};

const struct subject *subject_of(const char *wire_name)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(subjects[i].about, wire_name) == 0)
			return &subjects[i];
	}
	return NULL;
}

cJSON *subject_keep(const cJSON *answer, const char *const *names)
{
	cJSON *out = cJSON_CreateObject();
	for (; out && *names; names++) {
		const cJSON *v = json_get(answer, *names);
		cJSON *copy = v ? cJSON_Duplicate(v, true) : NULL;
		if (copy && !cJSON_AddItemToObject(out, *names, copy))
			cJSON_Delete(copy);
	}
	return out;
}
