/*
 * schedule_course.h - how far a schedule is: what is decided of its instants, and what is due now.
 *
 * The one rule, whether the process was away, the machine slept or the clock was set. At every look,
 * of the instants between the last look and now:
 *  - the newest is due when it came within the last minute: that is on time;
 *  - one that is later is made up for as `catch_up` says: none; `last`: the newest alone; `all`: each
 *    of them, oldest first. Both up to `window` late, and no more than the newest thousand;
 *  - the others are missed.
 *
 * No instant is decided twice. What was decided is kept as spans of time, so a clock that is set back
 *  - by up to three hours: nothing comes until it has caught up;
 *  - by more (it was wrong before): the schedule begins anew from there, and what comes then is due
 *    unless it lies in a span. Missed instants lie in none: set far on by mistake and back again, a
 *    clock does not silence a schedule.
 * Only SCHEDULE_SPANS_MAX spans are kept; beyond, the two that are nearest to each other become one.
 *
 * Pure: time is a parameter, milliseconds since the epoch.
 */
#ifndef TRIGGER_SCHEDULE_COURSE_H
#define TRIGGER_SCHEDULE_COURSE_H

#include "base/buf.h"
#include "trigger/schedule_rule.h"

enum {
	SCHEDULE_SPANS_MAX = 16,
	SCHEDULE_ITEMS_MAX = 1000,
	SCHEDULE_COUNT_MAX = 10000,
	SCHEDULE_ON_TIME_MS = 60 * 1000,
	SCHEDULE_BACK_MS = 3 * 3600 * 1000,
};

struct schedule_span { /* both ends belong to it */
	int64_t from_ms, to_ms;
};

struct schedule_course { /* a plain value; zeros: nothing is decided yet */
	bool begun;
	int64_t at_ms; /* instants up to it were looked at */
	size_t n;
	struct schedule_span v[SCHEDULE_SPANS_MAX]; /* in order, apart from each other */
};

struct schedule_item {
	int64_t at_ms;
	bool due; /* else missed */
};

struct schedule_look {                              /* what a look found */
	int64_t from_ms, to_ms;                     /* instants behind from_ms, up to to_ms */
	struct schedule_item v[SCHEDULE_ITEMS_MAX]; /* oldest first */
	size_t n;
	int64_t older; /* missed ones before these */
	bool more;     /* older is not all: it stopped at SCHEDULE_COUNT_MAX */
};

/* From now on: what lies between the last look and now is no concern of this schedule. For a new one,
 * another expression, the end of a pause. */
void schedule_course_begin(struct schedule_course *c, const struct schedule_rule *r,
			   int64_t now_ms);

/* Decide what is to be decided. */
void schedule_course_look(struct schedule_course *c, const struct schedule_rule *r, int64_t now_ms,
			  struct schedule_look *out);

/* The next instant; INT64_MAX: none. It is due r->delay_ms later. */
int64_t schedule_course_next(const struct schedule_course *c, const struct schedule_rule *r);

/* All of it is decided, by somebody else. */
void schedule_course_add(struct schedule_course *c, int64_t from_ms, int64_t to_ms);

/* As JSON: [at, [from, to], ...]. */
void schedule_course_write(const struct schedule_course *c, struct buf *out);
/* -ERR_INVALID: it is not what was written; *c is zeros then */
NODISCARD int schedule_course_read(struct schedule_course *c, const char *text);

#endif
