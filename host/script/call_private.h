/* call_private.h - the states of a call and what its files share; for call*.c only. */
#ifndef SCRIPT_CALL_PRIVATE_H
#define SCRIPT_CALL_PRIVATE_H

#include "commit/commit.h"
#include "script/call.h"

#define OUTCOME_UNKNOWN "OutcomeUnknown"
#define CALL_SUSPENDED "Suspended" /* left to the next process: no end of its step */

enum { CALL_DEADLINE_GRACE_MS = 250 }; /* for the plugin to say how it ended at its deadline */

enum {
	CALL_S_NEW,
	CALL_S_WAITING,
	CALL_S_LOOKING,
	CALL_S_PREPARING,
	CALL_S_RECORDING,
	CALL_S_IN_FLIGHT,
	CALL_S_SETTLING,
	CALL_S_UNCLEAR,
	CALL_S_ENDED,
};

/* A copy; NULL of what says nothing. */
char *call_copy_text(const char *s);

void call_set_end(struct call *c, enum call_outcome outcome, const char *code, const char *message);

/* Into the log and the journal. done may be NULL. */
void call_record_end(struct call *c, commit_done_fn *done);

/* Its intent, of this call or of one before it, is to be recorded; then it leaves. */
void call_enter_recording(struct call *c);

/* call_turn.c: go on when its turn at the service's bucket has come. May go on at once. */
void call_enter_waiting(struct call *c);
/* ... which has: call.c. */
void call_turn_came(struct call *c);
/* It waits no longer, or has left its place under way. Any number of times. */
void call_leave_turn(struct call *c);

/* The end is known: it becomes durable. */
void call_enter_settling(struct call *c);

/* The end is durable, if it is one: its run is woken. May free it. */
void call_enter_ended(struct call *c);

/* Of the record of that end: call_enter_ended follows. A commit_done_fn. */
void call_on_end_durable(void *arg, const struct err *err);

/* Take away what c->end holds. */
void call_clear_end(struct call *c);

/* call_unclear.c: its attempts have ended without a clear answer. Can that be cleared up? Then the
 * outcome that is about to be recorded is not its end. */
void call_begin_unclear(struct call *c);
/* That outcome, or that of a later try, is durable and not its end. May free it. */
void call_go_on_unclear(struct call *c);
/* Nothing more of it is to be sent: its run is ending. */
bool call_unclear_closing(const struct call *c);
/* As call_cancel and call_suspend, of one that is unclear. */
bool call_cancel_unclear(struct call *c, bool force);
void call_suspend_unclear(struct call *c); /* while it waits or is looked into */
void call_free_unclear(struct call *c);

/* call_again.c: the plugin has ended its look. */
void call_looked(struct call *c, const struct call_result *found);

/* It is with the plugin: stop it, and its deadline. */
void call_stop_plugin(struct call *c);

/* May it have taken effect, as things stand? */
bool call_in_doubt(const struct call *c);

#endif
