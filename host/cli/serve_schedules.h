/*
 * serve_schedules.h - how an instant of a schedule becomes a run, exactly once.
 *
 * What becomes of an instant is a row (store/firings.h) that is written together with the run it
 * starts and with how far the schedule is: after a crash either all of it is there or nothing, and
 * then the instant is one that passed while nobody looked (trigger/schedule_course.h).
 *
 * An instant that finds a run of its schedule still going on (started by it or by hand, by this
 * process or one before) is dealt with as `overlap` says. What waits is a row too. With `replace`
 * what goes on is cancelled and the new one waits for its end; at most QUEUE_MAX wait.
 *
 * A paused schedule starts nothing; what waited when the pause began is skipped. `pause_after_failures` counts runs that ended in any other way than done, cancelled or
 * left to the next process, and firings without a run; a run that is done begins the count anew.
 *
 * Everything is recorded: trigger.accept beside run.start; trigger.queue; trigger.reject with the
 * reason for what is skipped, missed (one record for all that were passed over together) or failed;
 * schedule.pause. While one firing after the
 * other is skipped for the same reason, one record a minute says how many; each has its row.
 */
#ifndef CLI_SERVE_SCHEDULES_H
#define CLI_SERVE_SCHEDULES_H

#include "cli/config.h"
#include "script/run.h"

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

/* A run has ended; nothing where it is of no schedule. From on_end. */
void firings_run_ended(struct firings *f, const struct config_start *start,
		       const struct run_end *end);

#endif
