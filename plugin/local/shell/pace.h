/*
 * pace.h - the engine's time: the wall clock plus an offset, and who is woken when.
 *
 * Time never goes back. It may be advanced: a journey to a later instant, which stops at every
 * moment at which something is due, so that everything happens in its order and at its own time,
 * only without the waiting in between.
 *
 *	turn -> more at once?        -> turn
 *	     -> nothing before T     -> the clock jumps to T, or to the end of the journey -> turn
 *	     -> work outside is busy -> real time passes; whoever ends it asks for a turn
 *
 * One timer. For the loop's thread.
 */
#ifndef LOCAL_PACE_H
#define LOCAL_PACE_H

#include "plugin_api.h"

/* The longest journey: a hundred years. */
#define PACE_ADVANCE_MAX (INT64_C(36525) * 24 * 3600 * 1000)

struct pace_spec {
	const struct host_api *api; /* borrowed */
	/* Do what is due. @return when to be called again; now: at once; INT64_MAX: when asked to */
	int64_t (*turn)(void *arg, int64_t now);
	/* Is work under way that takes real time? Then a journey does not jump. */
	bool (*busy)(void *arg);
	void (*moved)(void *arg, int64_t offset_ms); /* the new offset, to be kept */
	void (*arrived)(void *arg);                  /* the journey is over */
	void *arg;
};

struct pace {
	struct pace_spec spec;
	int64_t now;       /* the latest that was told */
	int64_t offset_ms; /* ahead of the wall clock */
	int64_t target;    /* of the journey; 0: none */
	struct timer *timer;
	int64_t timer_at;
};

void pace_init(struct pace *p, const struct pace_spec *spec); /* the spec is copied */
void pace_stop(struct pace *p);                               /* no more turns */

int64_t pace_now(struct pace *p);

/* Have a turn at `at`, or earlier when one is due earlier. */
void pace_wake(struct pace *p, int64_t at);

/* Begin a journey of ms. -ERR_INVALID: too far; -ERR_CANCELLED: another one is not over */
NODISCARD int pace_advance(struct pace *p, int64_t ms, struct err *err);

void pace_abandon(struct pace *p); /* the journey ends where it is; `arrived` is not called */

void pace_set_offset(struct pace *p, int64_t offset_ms); /* as it was kept */

/* Back to the wall clock: for an engine that has nothing left to remember. No journey goes on. */
void pace_reset(struct pace *p);

#endif
