#include "trigger/schedule.h"

#include <stdlib.h>

#include "base/clock.h"
#include "net/loop.h"

enum { LOOK_MS = 60 * 1000 };

struct schedule {
	struct schedules *all;
	struct schedule_rule rule;
	struct schedule_course course;
	int64_t next_ms; /* the next instant */
	bool paused;
	void *of;
	struct schedule *next;
};

struct schedules {
	struct schedules_spec spec;
	struct schedule *first, **last;
	struct timer *timer;
	struct schedule_look look; /* the one at hand: large */
};

static int64_t system_clock(void *arg)
{
	(void)arg;
	return clock_wall_ms();
}

static int64_t now_of(const struct schedules *s)
{
	return s->spec.now_ms(s->spec.arg);
}

int schedules_new(struct schedules **out, const struct schedules_spec *spec, struct err *err)
{
	struct schedules *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for schedules");
	s->spec = *spec;
	if (!s->spec.now_ms)
		s->spec.now_ms = system_clock;
	s->last = &s->first;
	*out = s;
	return 0;
}

void schedules_free(struct schedules *s)
{
	if (!s)
		return;
	timer_stop(s->timer);
	while (s->first) {
		struct schedule *e = s->first;
		s->first = e->next;
		free(e);
	}
	free(s);
}

/* ---- when ---- */

/* By the wall clock. */
static int64_t due_ms(const struct schedule *e)
{
	return e->paused || e->next_ms == INT64_MAX ? INT64_MAX : e->next_ms + e->rule.delay_ms;
}

int64_t schedules_next(const struct schedules *s)
{
	int64_t next = INT64_MAX;
	for (const struct schedule *e = s->first; e; e = e->next)
		next = due_ms(e) < next ? due_ms(e) : next;
	return next;
}

int64_t schedule_next(const struct schedule *e)
{
	return e->paused ? INT64_MAX : e->next_ms;
}

const struct schedule_course *schedule_course_of(const struct schedule *e)
{
	return &e->course;
}

static void look_at(struct schedules *s, struct schedule *e, int64_t now)
{
	bool set_back = now - e->rule.delay_ms < e->course.at_ms - SCHEDULE_BACK_MS;
	if (e->paused || (due_ms(e) > now && !set_back))
		return;
	schedule_course_look(&e->course, &e->rule, now, &s->look);
	e->next_ms = schedule_course_next(&e->course, &e->rule);
	if (s->look.n > 0 || s->look.older > 0)
		s->spec.come(s->spec.arg, e->of, &s->look);
}

static void arm(struct schedules *s);

static void on_timer(void *arg)
{
	struct schedules *s = arg;
	int64_t now = now_of(s);
	s->timer = NULL;
	for (struct schedule *e = s->first; e; e = e->next)
		look_at(s, e, now);
	arm(s);
}

static void arm(struct schedules *s)
{
	int64_t next = schedules_next(s), now = now_of(s);
	timer_stop(s->timer);
	s->timer = NULL;
	if (!s->first)
		return;
	int64_t delay = next > now ? next - now : 0;
	s->timer = timer_start(s->spec.loop, delay < LOOK_MS ? delay : LOOK_MS, on_timer, s);
}

/* ---- one of them ---- */

int schedules_add(struct schedule **out, struct schedules *s, const struct schedule_rule *rule,
		  const struct schedule_course *course, void *of, struct err *err)
{
	struct schedule *e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, ERR_NOMEM, "no memory for a schedule");
	*e = (struct schedule){ .all = s, .rule = *rule, .of = of };
	if (course)
		e->course = *course;
	if (!e->course.begun)
		schedule_course_begin(&e->course, rule, now_of(s));
	e->next_ms = schedule_course_next(&e->course, rule);
	*s->last = e;
	s->last = &e->next;
	arm(s);
	*out = e;
	return 0;
}

void schedules_remove(struct schedules *s, struct schedule *e)
{
	struct schedule **at = &s->first;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (s->last == &e->next)
		s->last = at;
	free(e);
	arm(s);
}

void schedule_change(struct schedule *e, const struct schedule_rule *rule, bool anew)
{
	e->rule = *rule;
	if (anew)
		schedule_course_begin(&e->course, rule, now_of(e->all));
	e->next_ms = schedule_course_next(&e->course, rule);
	arm(e->all);
}

void schedule_pause(struct schedule *e, bool paused)
{
	if (e->paused && !paused) {
		schedule_course_begin(&e->course, &e->rule, now_of(e->all));
		e->next_ms = schedule_course_next(&e->course, &e->rule);
	}
	e->paused = paused;
	arm(e->all);
}

void schedule_decided(struct schedule *e, int64_t from_ms, int64_t to_ms)
{
	schedule_course_add(&e->course, from_ms, to_ms);
	e->next_ms = schedule_course_next(&e->course, &e->rule);
	arm(e->all);
}
