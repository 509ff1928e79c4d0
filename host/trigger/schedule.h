/*
 * schedule.h - timers that start something when a cron expression is due.
 *
 * Schedules decide when, never how: `start` is handed in, so they neither know runs nor are known
 * by them. Whether a start is skipped because the last run is still going on is its matter.
 *
 * The wall clock may be set, and a machine may sleep; so the clock is looked at once a minute at
 * the latest, and
 *  - instants that were passed over, up to three hours: `start` is called once, for the last one;
 *  - a clock more than three hours further on: the instants between are not made up for;
 *  - a clock set back up to three hours: nothing starts a second time;
 *  - a clock set back further: the schedule begins anew from there.
 * (The three hours are cronie's.)
 */
#ifndef TRIGGER_SCHEDULE_H
#define TRIGGER_SCHEDULE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct loop;
struct schedules;

/* From the loop. due_ms is the instant of the expression, not the moment of the call. May add
 * schedules, may not free them. */
typedef void schedule_fn(void *arg, const char *name, int64_t due_ms);

struct schedule_spec {
	struct loop *loop;
	schedule_fn *start;
	void *arg;
	int64_t (*now_ms)(void *arg); /* the wall clock; NULL: the system's. Given the same arg */
};

/* @param[out] out owned by the caller; schedules_free */
NODISCARD int schedules_new(struct schedules **out, const struct schedule_spec *spec,
			    struct err *err);
void schedules_free(struct schedules *s); /* nothing is started any more; NULL is fine */

/*
 * Add a schedule, due for the first time at the next instant from now.
 *
 * @param name copied
 * @return 0; -ERR_INVALID: err names the schedule, the field and what was expected, or that the
 *         expression never comes
 */
NODISCARD int schedules_add(struct schedules *s, const char *name, const char *cron,
			    struct err *err);

/* When the next of all is due; INT64_MAX when there is none. */
int64_t schedules_next(const struct schedules *s);

#endif
