#include "local/shell/pace.h"

enum { TIMER_MAX_MS = 60 * 1000 }; /* look at the wall clock that often: it may be set */

void pace_init(struct pace *p, const struct pace_spec *spec)
{
	*p = (struct pace){ .spec = *spec };
}

static void stop_timer(struct pace *p)
{
	if (p->timer)
		p->spec.api->timer_stop(p->spec.api->host, p->timer);
	p->timer = NULL;
}

void pace_stop(struct pace *p)
{
	if (p->spec.api)
		stop_timer(p);
}

int64_t pace_now(struct pace *p)
{
	int64_t now = p->spec.api->now_ms(p->spec.api->host) + p->offset_ms;
	if (now > p->now)
		p->now = now;
	return p->now;
}

static void jump(struct pace *p, int64_t to)
{
	stop_timer(p); /* it was set for the time before */
	p->offset_ms += to - pace_now(p);
	p->spec.moved(p->spec.arg, p->offset_ms);
}

/* One step of the journey, after a turn that has nothing more to do before `next`. */
static int64_t travel(struct pace *p, int64_t next)
{
	bool there = pace_now(p) >= p->target;
	int64_t stop = next < p->target || there ? next : p->target;
	if (next <= p->now || p->spec.busy(p->spec.arg))
		return stop;
	if (!there) {
		jump(p, stop);
		return stop;
	}
	p->target = 0;
	p->spec.arrived(p->spec.arg);
	return next;
}

static void on_timer(void *arg)
{
	struct pace *p = arg;
	p->timer = NULL;
	int64_t next = p->spec.turn(p->spec.arg, pace_now(p));
	if (p->target)
		next = travel(p, next);
	if (next < INT64_MAX)
		pace_wake(p, next);
}

void pace_wake(struct pace *p, int64_t at)
{
	const struct host_api *api = p->spec.api;
	int64_t now = pace_now(p);
	int64_t wait = at > now ? at - now : 0;
	if (wait > TIMER_MAX_MS)
		wait = TIMER_MAX_MS;
	if (p->timer && p->timer_at <= now + wait)
		return;
	stop_timer(p);
	p->timer_at = now + wait;
	p->timer = api->timer_start(api->host, wait, on_timer, p);
}

int pace_advance(struct pace *p, int64_t ms, struct err *err)
{
	if (p->target)
		return err_set(err, ERR_CANCELLED, "the clock is being advanced already");
	if (ms < 0 || ms > PACE_ADVANCE_MAX || p->offset_ms > PACE_ADVANCE_MAX - ms)
		return err_set(err, ERR_INVALID,
			       "the clock goes at most 36525 days ahead of the wall clock");
	p->target = pace_now(p) + ms;
	pace_wake(p, p->now);
	return 0;
}

void pace_abandon(struct pace *p)
{
	p->target = 0;
}

void pace_set_offset(struct pace *p, int64_t offset_ms)
{
	p->offset_ms = offset_ms;
}

void pace_reset(struct pace *p)
{
	stop_timer(p);
	p->now = 0;
	p->offset_ms = 0;
	p->target = 0;
}
