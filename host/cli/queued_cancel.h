/*
 * queued_cancel.h - a person takes a run that was accepted and has not begun out of its queue.
 *
 * Its row says so (store/queued.h), and the audit log who did it: trigger.cancel with the actor, the
 * run, its hook and who sent the delivery, or its schedule and its instant ("due"). Its link to the
 * state says "cancelled", and the delivery stays known: sent again, it starts nothing.
 */
#ifndef CLI_QUEUED_CANCEL_H
#define CLI_QUEUED_CANCEL_H

#include "cli/host.h"
#include "store/queued.h"

/*
 * Where it waits: in a serve, or, where no serve goes on with it, in the store, which is read on the
 * spot. h has a committer.
 *
 * @param actor JSON object: who asks
 * @param why   or NULL
 * @return 1: it is out, durable after the next commit_flush; 0: no such run waits; -ERR
 */
NODISCARD int queued_cancel(struct host *h, const char *run, const char *actor, const char *why,
			    struct err *err);

/* For who has it in memory: its row and its record. */
void queued_cancelled(struct host *h, const struct queued_row *row, const char *actor,
		      const char *why);

#endif
