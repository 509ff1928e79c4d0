/*
 * firings.h - schedules in the store: what became of each instant, and what a schedule has to know
 * of itself when the process is another one. Part of store.h's interface; the same rules.
 *
 * A firing's key is its schedule's name and its instant: there is one row for it, and at most one
 * run, ever. The row of one that starts a run goes into the batch of that run's row, so either both
 * are there after a crash or neither. A row that has its run is final: a batch that would change it
 * fails as a whole.
 */
#ifndef STORE_FIRINGS_H
#define STORE_FIRINGS_H

#include "store/store.h"

enum firing_state {
	FIRING_QUEUED,    /* waits for the end of a run of its schedule */
	FIRING_STARTED,   /* as run */
	FIRING_SKIPPED,   /* why */
	FIRING_MISSED,    /* its time passed while nobody looked; may be made up for later */
	FIRING_FAILED,    /* no run could be started: why */
	FIRING_CANCELLED, /* taken out of its queue by a person: why */
};

const char *firing_state_name(enum firing_state s); /* "queued", "started", ... */

struct firing_row {
	const char *schedule;
	int64_t at_ms; /* the instant of the expression */
	enum firing_state state;
	const char *run;      /* id, or NULL */
	const char *waits_as; /* the id that the run of a queued one will have, or would have had */
	const char *why;      /* one line, or NULL */
	const char *by;       /* JSON object: the actor who asked for it; NULL: the clock */
	int64_t recorded_ms;
	/* What is read beside it; NULL when there is no run, or it was removed. */
	const char *run_state, *run_outcome, *run_message;
};

struct schedule_row {
	const char *name;
	const char *cron, *zone; /* as its course was reckoned with; "": it is not configured */
	const char *options;     /* JSON object, shown: jitter, overlap, ... */
	const char *course;      /* JSON: see trigger/schedule_course.h */
	int64_t next_ms;         /* the next instant; 0: none */
	int64_t missed;          /* instants, ever */
	int failures;            /* runs that failed since the last that did not */
	/* What store_set_pause sets. */
	int64_t paused_ms;      /* since when; 0: it is not */
	const char *paused_by;  /* JSON object: an actor; NULL: the host itself */
	const char *paused_why; /* or NULL */
};

/* ---- writing; see store.h ---- */

/* All but the pause. A schedule that is not there is added. */
void store_set_schedule(struct store_batch *b, const struct schedule_row *s);
/* paused_ms 0 ends the pause. A schedule that is not there is added, not configured. */
void store_set_pause(struct store_batch *b, const struct schedule_row *s);
/* Add it, or say what else became of it. `by` and `waits_as` stay where the row has none. */
void store_set_firing(struct store_batch *b, const struct firing_row *f);
/* Queue the instant for a backfill, unless it has a run or is queued already. */
void store_queue_firing(struct store_batch *b, const struct firing_row *f);
/* Keep the newest so many rows of the schedule, and what is queued. */
void store_remove_firings(struct store_batch *b, const char *schedule, int64_t keep);

/* ---- reading ---- */

typedef int store_schedule_fn(void *arg, const struct schedule_row *s);
typedef int store_firing_fn(void *arg, const struct firing_row *f);

/* By name. */
NODISCARD int store_schedules(struct store_reader *r, store_schedule_fn *fn, void *arg,
			      struct err *err);

struct firing_filter {
	const char *schedule;
	bool queued;  /* these alone, oldest instant first; else all, newest first */
	size_t limit; /* 0: all */
};

NODISCARD int store_firings(struct store_reader *r, const struct firing_filter *f,
			    store_firing_fn *fn, void *arg, struct err *err);

#endif
