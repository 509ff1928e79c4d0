/* serve_firing.h - one schedule of serve and what it starts; for serve_schedules*.c and serve_firing.c. */
#ifndef CLI_SERVE_FIRING_H
#define CLI_SERVE_FIRING_H

#include "cli/serve.h"
#include "cli/serve_schedules.h"
#include "store/firings.h"
#include "trigger/schedule.h"

struct waiting_firing {
	int64_t at_ms;
	char *by;              /* owned; NULL: the clock */
	char run[RUN_ID_SIZE]; /* the id that its run will have */
	bool backfill;         /* lets the others pass, and is not replaced by them */
};

struct firing {
	struct firings *all;
	const struct config_schedule *c;
	struct schedule *timer;
	struct waiting_firing *queue; /* oldest instant first */
	size_t n_queue;
	int64_t missed;
	int failures;
	int64_t paused_ms; /* 0: it is not */
	unsigned rows;     /* written since old ones were removed */
	char why[160];     /* what the last were skipped for; "": nothing is left to be recorded */
	uint64_t unrecorded;
	int64_t recorded_ms; /* when that was recorded last; monotonic */
};

struct backfill;

struct firings {
	struct serve *serve;
	struct schedules *schedules; /* NULL once stopped */
	struct firing **v;           /* as the configuration has them */
	size_t n;
	struct timer *later;       /* to start what waits */
	struct backfill *backfill; /* the one under way; NULL */
	bool changing;             /* a reload is under way: none begins */
	int64_t last_hand_ms;      /* the instant of what was fired last by hand */
};

struct firing_fate { /* what became of an instant */
	enum firing_state state;
	char run[RUN_ID_SIZE]; /* of a started one */
	char why[256];         /* of another */
};

/* An instant has come: deal with it as overlap says. by: a JSON object, or NULL: the clock. */
void firing_due(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate);
void firing_missed(struct firing *f, const struct schedule_look *look);
/* The oldest that waits, if no run goes on; with replace, what goes on is cancelled for it. */
void firing_start_waiting(struct firing *f);
/* run: the id that its run will have; NULL: a new one. -ERR_NOMEM */
NODISCARD int firing_wait(struct firing *f, int64_t at_ms, const char *by, const char *run);
/* A person, actor, takes it out of the queue. False: nothing of that id waits. */
bool firing_cancel(struct firing *f, const char *run, const char *actor, const char *why);
void firing_skip(struct firing *f, int64_t at_ms, const char *by, const char *why);
void firing_skip_waiting(struct firing *f, const char *why);
/* One more has failed; may pause the schedule. */
void firing_failed(struct firing *f, const char *why);
void firing_pause(struct firing *f, const char *by, const char *why);
void firing_clear_queue(struct firing *f);

/* Keep how far it is. */
void firing_save(const struct firing *f);
void firing_record_skips(struct firing *f);
void firing_record_backfill(const struct firing *f, const struct firings_span *span,
			    const char *by);

/* In a later turn of the loop. */
void firings_start_waiting(struct firings *fs);
void firings_forget_backfill(struct firings *fs);
struct firing *firings_find(const struct firings *fs, const char *name);

/* ---- schedules come and go ---- */

#define NOT_CONFIGURED "its schedule is not configured any more"

/* NULL: no memory */
struct firing *firing_new(struct firings *fs, const struct config_schedule *c);
void firing_free(struct firing *f);
/* As the store has left it, but for its course. */
void firing_take_row(struct firing *f, const struct schedule_row *row);
/* The row of one that is not configured any more: should it come back, it begins anew, but for what is
 * decided of it. */
void firings_take_leave(struct firings *fs, const struct schedule_row *row);

#endif
