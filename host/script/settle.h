/*
 * settle.h - at the start of a process: changing calls of earlier ones whose end the journal lacks are
 * given one, before their runs are carried on.
 *
 * Oldest first, several on one resource one after the other, others side by side. What is done with
 * each is settle_decide.h's; whatever leaves the machine passes the rules first (a hold and a freeze
 * stop recovery too) and is recorded like any call:
 *
 *	call.intent "resends"     the same call, token and all: its outcome is the step's end. In the
 *	                          store it is one more beginning of the step, with the times of the first
 *	call.look, call.settle    what a look found: "reconciled", "unknown"; or "not_done", and
 *	call.intent "replaces"    ... another call took its place (struct step_row.link)
 *	call.settle               also of an outcome that only the log had
 *
 * A call whose end stays unknown has its run parked, with a message that says which and how to see
 * what became of it. One that cannot be settled now (held, nobody answers, too early to tell) stays
 * as it is: its run is not carried on, run_resume refuses it, and it is tried again as long as the
 * process lives, else by the next. Dying in the middle is harmless: the same rules hold again.
 *
 * For the loop's thread.
 */
#ifndef SCRIPT_SETTLE_H
#define SCRIPT_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "plugin_api.h"

#define SETTLE_OPEN "NotSettled" /* err.name: the run has such a call */

struct runs;
struct settle;

struct settle_spec {
	struct runs *runs; /* borrowed; durable. Outlives it */

	/* From the loop; text is borrowed. What became of each call, one line. */
	void (*on_log)(void *arg, enum log_level level, const char *text);
	/* Every call has been tried once. */
	void (*on_tried)(void *arg);
	/* After that: the run's last open call has got its end. May be NULL. */
	void (*on_run)(void *arg, const char *run, bool parked);
	void *arg;
};

/* Reads the store, which blocks. @param[out] out owned by the caller; settle_free before runs_free */
NODISCARD int settle_new(struct settle **out, const struct settle_spec *spec, struct err *err);
void settle_free(struct settle *s); /* NULL is fine */

/* Begin, in a later turn of the loop. */
void settle_start(struct settle *s);

/* Nothing more is done: what is in flight is left to the next process. */
void settle_stop(struct settle *s);

size_t settle_open(const struct settle *s); /* calls without an end */

/* Why the run cannot go on, in one line; NULL: nothing of it is open, or s is NULL. */
const char *settle_why(const struct settle *s, const char *run);

/* The message of a run that was parked here, by its id or the beginning of one; NULL: there is none, or
 * s is NULL. */
const char *settle_parked(const struct settle *s, const char *run);

#endif
