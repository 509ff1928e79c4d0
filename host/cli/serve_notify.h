/*
 * serve_notify.h - people are told of incidents: [notify] of the configuration.
 *
 * A message is a run of a small runbook (lua/notify_event.lua), which is durable, audited, held and
 * replayed like any other, and whose request is sent again after a crash. Told is what changes, once:
 *
 *	schedule/NAME, hook/NAME   failure when its last run ended badly, recovery when the next ends well
 *	approval/RUN/STEP/ATTEMPT  approval, once
 *	slow/schedule/NAME, ...    slow, when a run has taken slow_factor times the median of those that
 *	                           ended well (five at least, of the last twenty), and slow_at_least
 *
 * The part before is the name of the incident. Its state needs no table of its own: what was told is in
 * the input of the newest run that told of it, what is the case in the newest runs themselves. Both are
 * compared at the start, so what a dead process owed is made good. One message of an incident at a time:
 * a recovery waits until the failure is told, and a failure is told even if another run has ended well
 * before there was time to tell it. Runs that people start by hand are theirs to watch; one
 * that was cancelled says nothing either way.
 */
#ifndef CLI_SERVE_NOTIFY_H
#define CLI_SERVE_NOTIFY_H

#include "cli/serve.h"
#include "script/run.h"

struct notify;
struct run_row;

/* Reads the store where there is a [notify]. @param[out] out owned by the caller; notify_free */
NODISCARD int notify_start(struct notify **out, struct serve *s, struct err *err);
/* There is another configuration. Where [notify] is new, people are told of what happens from then on. */
void notify_changed(struct notify *n);
/* Nobody is told of anything any more; while the loop is there. NULL is fine, here and below */
void notify_stop(struct notify *n);
/* After notify_stop, if it was started. */
void notify_free(struct notify *n);

/* A run that serve knows has ended. */
void notify_run_ended(struct notify *n, const struct config_start *start, const char *run,
		      const struct run_end *end, int64_t took_ms);
void notify_asked(struct notify *n, const struct run_question *q);

#endif
