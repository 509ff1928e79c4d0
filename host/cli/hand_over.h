/*
 * hand_over.h - a run that the owner of the state directory goes through, seen from here: its log
 * lines, its progress, its end, and Ctrl-C on the way.
 */
#ifndef CLI_HAND_OVER_H
#define CLI_HAND_OVER_H

#include "base/json.h"
#include "cli/host.h"

enum hand_over_end {
	HAND_OVER_ENDED,  /* on_end was called */
	HAND_OVER_NOBODY, /* nobody serves the control socket (any more, or not yet) */
	HAND_OVER_LOST, /* the owner has gone before the end of the run: it is to be asked for again */
	HAND_OVER_REFUSED,    /* err says why */
	HAND_OVER_SILENT,     /* there is an owner that did not answer in a second; err names it */
	HAND_OVER_UNANSWERED, /* it took the run, but not the Ctrl-C; err says so */
};

struct hand_over {
	struct host *host;    /* its loop, terminal and configuration */
	const cJSON *request; /* {"op":"run", ...} */
	void (*on_end)(void *arg, const struct run_end *end);
	void *arg;
	struct ask *ask;        /* while it goes on */
	struct timer *patience; /* after a Ctrl-C */
	bool interrupted;
	enum hand_over_end end;
	struct err err;
};

/*
 * Go through it: runs the loop until the run has ended or the owner has gone. An owner with another
 * configuration or other environment variables for its plugins is refused: the run would do
 * something else there.
 */
enum hand_over_end hand_over_run(struct hand_over *h);

/* Ctrl-C: the owner cancels the run; again: it does not wait for an answer any longer. */
void hand_over_interrupt(struct hand_over *h);

#endif
