/*
 * schedule_rule.h - which instants a schedule has, and what is to become of those that were missed.
 *
 * The instants are those of the cron expression without the ones before `start`, after `end` and on
 * a day of `exclude`, all by the clocks of the schedule's zone: what is left out never comes, so it
 * is neither missed nor skipped. An instant is also the firing's key, whatever `delay_ms` it is
 * started with.
 *
 * Pure: time is a parameter, milliseconds since the epoch.
 */
#ifndef TRIGGER_SCHEDULE_RULE_H
#define TRIGGER_SCHEDULE_RULE_H

#include "trigger/cron.h"
#include "trigger/schedule_dates.h"

struct tz;

enum schedule_catch_up { CATCH_UP_NONE, CATCH_UP_LAST, CATCH_UP_ALL };
enum schedule_overlap {
	OVERLAP_SKIP,      /* while a run goes on, none is started */
	OVERLAP_QUEUE,     /* one waits for its end */
	OVERLAP_QUEUE_ALL, /* all wait, each for the end of the one before */
	OVERLAP_REPLACE,   /* what goes on is cancelled, then this one is started */
	OVERLAP_ALLOW,     /* started beside it */
};

struct schedule_rule { /* a plain value */
	struct cron cron;
	const struct tz *zone;                /* borrowed, as is exclude; NULL: UTC */
	const struct schedule_dates *exclude; /* NULL: none */
	int64_t start_ms, end_ms;             /* the first and the last that may be; 0: any */
	int64_t start_day, end_day; /* likewise as days of the zone (schedule_dates.h); 0: any */
	int64_t delay_ms;           /* from the instant to the start of its run: jitter */
	enum schedule_catch_up catch_up;
	int64_t window_ms; /* how late an instant may be made up for */
	enum schedule_overlap overlap;
};

/* The first instant after after_ms (strictly); INT64_MAX: none. */
int64_t schedule_rule_next(const struct schedule_rule *r, int64_t after_ms);

/* The last one in (after_ms, until_ms]; INT64_MIN: none. */
int64_t schedule_rule_last(const struct schedule_rule *r, int64_t after_ms, int64_t until_ms);

/* A delay below jitter_ms that depends on the name alone. */
int64_t schedule_rule_delay(const char *name, int64_t jitter_ms);

const char *schedule_catch_up_name(enum schedule_catch_up c); /* "none", "last", "all" */
const char *schedule_overlap_name(enum schedule_overlap o);   /* "skip", "queue_all", ... */
/* -ERR_INVALID: there is none of that name */
NODISCARD int schedule_catch_up_parse(enum schedule_catch_up *out, const char *name);
NODISCARD int schedule_overlap_parse(enum schedule_overlap *out, const char *name);

#endif
