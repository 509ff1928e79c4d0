/*
 * schedule.h - timers that say when instants of schedules have come.
 *
 * Schedules decide when, never how: who hears of an instant is handed in, so they neither know runs
 * nor are known by them. Which instants there are is the matter of schedule_rule.h; what becomes of
 * those that were passed over (the process was away, the machine slept, the clock was set) that of
 * schedule_course.h. What may start a run beside another is the owner's, as is keeping courses.
 *
 * The wall clock may be set, and a machine may sleep; so the clock is looked at once a minute at the
 * latest. For the loop's thread.
 */
#ifndef TRIGGER_SCHEDULE_H
#define TRIGGER_SCHEDULE_H

#include "trigger/schedule_course.h"

struct loop;
struct schedule; /* one of them */
struct schedules;

/* From the loop: one look at one schedule, with at least one instant in it. Its course is past them
 * already. May add schedules and pause them; may not take any away. look is borrowed. */
typedef void schedule_fn(void *arg, void *of, const struct schedule_look *look);

struct schedules_spec {
	struct loop *loop;
	schedule_fn *come;
	void *arg;
	int64_t (*now_ms)(void *arg); /* the wall clock; NULL: the system's. Given the same arg */
};

/* @param[out] out owned by the caller; schedules_free */
NODISCARD int schedules_new(struct schedules **out, const struct schedules_spec *spec,
			    struct err *err);
void schedules_free(struct schedules *s); /* nothing comes any more; NULL is fine */

/*
 * Add a schedule; its first look is in a later turn of the loop.
 *
 * @param rule   copied; what it borrows must live as long as the schedule
 * @param course copied; NULL or one that has not begun: from now on
 * @param of     handed to come
 * @param[out] out borrowed until schedules_remove or schedules_free
 */
NODISCARD int schedules_add(struct schedule **out, struct schedules *s,
			    const struct schedule_rule *rule, const struct schedule_course *course,
			    void *of, struct err *err);
void schedules_remove(struct schedules *s, struct schedule *e);

/* Another rule from now on. Its course goes on: what is decided stays so, what is due comes. Unless it is
 * to begin anew, for another expression or zone. */
void schedule_change(struct schedule *e, const struct schedule_rule *rule, bool anew);

/* Nothing comes of a paused one, and what passes meanwhile is neither missed nor made up for: its
 * course begins anew when the pause ends. */
void schedule_pause(struct schedule *e, bool paused);

/* Everything in between is decided by somebody else (schedule_course_add). */
void schedule_decided(struct schedule *e, int64_t from_ms, int64_t to_ms);

const struct schedule_course *schedule_course_of(const struct schedule *e); /* borrowed */
int64_t schedule_next(const struct schedule *e); /* an instant; INT64_MAX: none, or it is paused */

/* When the next of all is due, by the wall clock; INT64_MAX when there is none. */
int64_t schedules_next(const struct schedules *s);

#endif
