/*
 * serve_schedules.h - how an instant of a schedule becomes a run, exactly once.
 *
 * What becomes of an instant is a row (store/firings.h) that is written together with the run it
 * starts and with how far the schedule is: after a crash either all of it is there or nothing, and
 * then the instant is one that passed while nobody looked (trigger/schedule_course.h).
 *
 * An instant that finds a run of its schedule still going on (started by it or by hand, by this
 * process or one before) is dealt with as `overlap` says. What waits is a row too. With `replace`
 * what goes on is cancelled and the new one waits for its end; at most FIRINGS_QUEUE_MAX wait.
 *
 * A paused schedule starts nothing but what is fired by hand; what waited when the pause began is
 * skipped. `pause_after_failures` counts runs that ended in any other way than done, cancelled or
 * left to the next process, and firings without a run; a run that is done begins the count anew.
 *
 * Everything is recorded: trigger.accept beside run.start; trigger.queue; trigger.reject with the
 * reason for what is skipped, missed (one record for all that were passed over together) or failed;
 * schedule.pause, schedule.resume and schedule.backfill with who did it. While one firing after the
 * other is skipped for the same reason, one record a minute says how many. Each instant has its row,
 * but of missed ones only the newest hundred passed over together; the newest FIRINGS_KEPT are kept.
 */
#ifndef CLI_SERVE_SCHEDULES_H
#define CLI_SERVE_SCHEDULES_H

#include "base/json.h"
#include "cli/config.h"
#include "script/run.h"

struct host;
struct serve;
struct firings; /* all schedules of a serve */

enum { FIRINGS_KEPT = 1000, FIRINGS_QUEUE_MAX = 1000 };

/*
 * Take up the schedules of the configuration where the store has left them. Blocks while it reads;
 * before the loop runs. Nothing is started before the loop turns.
 *
 * @param[out] out owned by the caller; firings_free
 */
NODISCARD int firings_open(struct firings **out, struct serve *s, struct err *err);
void firings_stop(struct firings *f); /* no instant comes any more; NULL is fine */
void firings_free(struct firings *f); /* NULL is fine */

int64_t firings_next(const struct firings *f); /* of all; INT64_MAX: none */

/*
 * Other schedules from one moment on (serve_schedules_change.c). One that stays goes on with its course, its
 * queue, its pause and its runs, as it is configured from then on; with another expression or zone it
 * begins anew at that moment, as does one that is new: nothing is made up for. Of one that is gone
 * nothing comes any more, and what waits is skipped.
 *
 * In this order: firings_change_new; firings_change_look; firings_change_ready, and in the same turn of
 * the loop firings_change_take, which cannot fail; or firings_change_free at any time before.
 */
struct firings_change;
struct store_reader;
/* config must live as long as the schedules are of it. No backfill begins meanwhile. -ERR_NOMEM */
NODISCARD int firings_change_new(struct firings_change **out, struct firings *f,
				 const struct config *config, struct err *err);
/* On the worker: what the store has of those that are new. */
NODISCARD int firings_change_look(struct firings_change *c, struct store_reader *reader,
				  struct err *err);
NODISCARD int firings_change_ready(struct firings_change *c, struct err *err);
void firings_change_take(struct firings_change *c); /* c is gone */
void firings_change_free(struct firings_change *c); /* NULL is fine */

/* A run has ended; nothing where it is of no schedule. From on_end. */
void firings_run_ended(struct firings *f, const struct config_start *start,
		       const struct run_end *end);

/* ---- by hand; actor is a JSON object, who asks ---- */

/* -ERR_INVALID with err->name "NoSuchSchedule", "AlreadyPaused" or "NotPaused". Who resumes has
 * looked: failures are counted anew. */
NODISCARD int firings_pause(struct firings *f, const char *name, const char *actor, const char *why,
			    struct err *err);
NODISCARD int firings_resume(struct firings *f, const char *name, const char *actor,
			     struct err *err);

/* What waits as that run is taken out of its queue. False: there is no such. */
bool firings_cancel(struct firings *f, const char *run, const char *actor, const char *why);

struct firings_span { /* both ends belong to it */
	int64_t from_ms, to_ms;
};

/* Now, also while it is paused; overlap is heeded.
 * @param[out] answer {"state":"started","run":...}, {"state":"queued","run":..., "why":...} or
 *                    {"state":..., "why":...}; owned by the caller */
NODISCARD int firings_fire(struct firings *f, const char *name, const char *actor, cJSON **answer,
			   struct err *err);

/*
 * Queue the instants in [from, to] that have no run yet, to be started one after the other, whatever
 * `overlap` says, while nothing else of the schedule waits. Reads the store while the loop waits, once.
 *
 * @param done once, from the loop or firings_free, unless this fails: {"queued":N} is durable, or err
 * @return 0; -ERR_INVALID with err->name "NoSuchSchedule", "Paused", "Busy", "InvalidRequest"
 */
typedef void firings_done_fn(void *arg, size_t queued, const struct err *err);
NODISCARD int firings_backfill(struct firings *f, const char *name, const struct firings_span *span,
			       const char *actor, firings_done_fn *done, void *arg,
			       struct err *err);

/* ---- where no serve goes on ---- */

/* The row and the record alone: the next serve finds them. since_ms 0: the pause ends. */
void firings_note_pause(struct host *h, const char *name, int64_t since_ms, const char *actor,
			const char *why);

#endif
