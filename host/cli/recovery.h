/*
 * recovery.h - what a process does about the runs of those before it, when it has become the owner of
 * the state directory: their open calls are settled (script/settle.h) before anything goes on.
 */
#ifndef CLI_RECOVERY_H
#define CLI_RECOVERY_H

#include "cli/host.h"

/*
 * Try to settle every open call once; runs the loop meanwhile. What could not be settled is tried
 * again while the process lives; then on_run is told of each run that is settled (NULL: nobody is).
 *
 * @return 0; -ERR_CANCELLED after recovery_interrupt; -ERR_IO, -ERR_NOMEM
 */
NODISCARD int recovery_run(struct host *h, void (*on_run)(void *arg, const char *run), void *arg,
			   struct err *err);

/* Ctrl-C while recovery_run runs: what is open stays so. False: it does not run. */
bool recovery_interrupt(struct host *h);

/* Name the unfinished runs that stay as they are, but for this one; NULL: all. */
void recovery_say_others(struct host *h, const char *but);

/* Has the run a call that is not settled yet? Then it does not go on. */
bool recovery_open(const struct host *h, const char *id);

/* The message of a run that was parked by recovery_run, found by its id or the beginning of one; NULL:
 * there is none. */
const char *recovery_parked(const struct host *h, const char *id);

/* Before the runs are freed. */
void recovery_end(struct host *h);

#endif
