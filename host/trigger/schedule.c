#include "trigger/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "trigger/cron.h"

enum { LOOK_MS = 60 * 1000, STEP_MS = 3 * 3600 * 1000 };

struct schedule {
	char *name;
	struct cron cron;
	int64_t due_ms; /* the next instant */
	struct schedule *next;
};

struct schedules {
	struct schedule_spec spec;
	struct schedule *first, **last;
	struct timer *timer;
	int64_t seen_ms; /* the wall clock when it was last looked at */
};

static int64_t system_clock(void *arg)
{
	(void)arg;
	return clock_wall_ms();
}

int schedules_new(struct schedules **out, const struct schedule_spec *spec, struct err *err)
{
	struct schedules *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for schedules");
	s->spec = *spec;
	if (!s->spec.now_ms)
		s->spec.now_ms = system_clock;
	s->last = &s->first;
	s->seen_ms = s->spec.now_ms(s->spec.arg);
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
		free(e->name);
		free(e);
	}
	free(s);
}

int64_t schedules_next(const struct schedules *s)
{
	int64_t next = INT64_MAX;
	for (const struct schedule *e = s->first; e; e = e->next)
		next = e->due_ms < next ? e->due_ms : next;
	return next;
}

/* The last instant up to now, from a due one on; *due moves behind it. */
static int64_t last_due(const struct cron *c, int64_t *due, int64_t now)
{
	int64_t last = *due;
	while (*due <= now) {
		last = *due;
		*due = cron_next(c, last);
	}
	return last;
}

static void look_at(struct schedules *s, struct schedule *e, int64_t now)
{
	bool far_back = now<s->seen_ms - STEP_MS, far_on = now - e->due_ms> STEP_MS;
	if (far_back || far_on)
		e->due_ms = cron_next(&e->cron, now - 1); /* this very instant counts */
	if (e->due_ms <= now) {
		int64_t due = last_due(&e->cron, &e->due_ms, now);
		s->spec.start(s->spec.arg, e->name, due);
	}
}

static void arm(struct schedules *s);

static void on_timer(void *arg)
{
	struct schedules *s = arg;
	int64_t now = s->spec.now_ms(s->spec.arg);
	s->timer = NULL;
	for (struct schedule *e = s->first; e; e = e->next)
		look_at(s, e, now);
	s->seen_ms = now;
	arm(s);
}

static void arm(struct schedules *s)
{
	int64_t next = schedules_next(s), now = s->spec.now_ms(s->spec.arg);
	timer_stop(s->timer);
	s->timer = NULL;
	if (next == INT64_MAX)
		return;
	int64_t delay = next - now;
	if (delay < 0)
		delay = 0;
	s->timer = timer_start(s->spec.loop, delay < LOOK_MS ? delay : LOOK_MS, on_timer, s);
}

int schedules_add(struct schedules *s, const char *name, const char *cron, struct err *err)
{
	struct err why = { 0 };
	struct schedule *e = calloc(1, sizeof(*e));
	char *copy = strdup(name);
	int rc = e && copy ? cron_parse(&e->cron, cron, NULL, name, &why) : -ERR_NOMEM;
	if (rc == 0) {
		e->due_ms = cron_next(&e->cron, s->spec.now_ms(s->spec.arg));
		if (e->due_ms != INT64_MAX) {
			e->name = copy;
			*s->last = e;
			s->last = &e->next;
			arm(s);
			return 0;
		}
		rc = err_set(&why, ERR_INVALID, "'%s' never comes", cron);
	}
	free(copy);
	free(e);
	if (rc == -ERR_NOMEM)
		return err_set(err, ERR_NOMEM, "no memory for schedule %s", name);
	return err_set(err, ERR_INVALID, "schedule %s: %s", name, why.message);
}
