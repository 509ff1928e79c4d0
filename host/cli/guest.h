/*
 * guest.h - runs that the owner of a state directory goes through for other processes.
 *
 * What a run logs and how it ends is sent to the process that asked; when that has left, the run
 * goes on all the same and its end is on record.
 */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include "admin/control.h"
#include "cli/host.h"

struct guest;

struct guests {
	struct host *host;
	struct guest *first;
};

/*
 * Start the run that the request asks for; ends the request when the run has ended, or at once when
 * it cannot be started.
 *
 * @param request see cli/start.h; a file is named by its absolute path
 */
void guests_take(struct guests *g, struct control_request *q, const cJSON *request);

/* Ctrl-C there: the first cancels, the second does not wait. NULL: it is over here. */
void guest_interrupt(struct guest *g);

/* The process that asked has gone. */
void guest_left(struct guest *g);

/* Nobody is told of their ends any more. */
void guests_forget(struct guests *g);

#endif
