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
	CALL_S_LOOKING,
	CALL_S_PREPARING,
	CALL_S_RECORDING,
	CALL_S_IN_FLIGHT,
	CALL_S_SETTLING,
	CALL_S_ENDED,
};

void call_set_end(struct call *c, enum call_outcome outcome, const char *code, const char *message);

/* Into the log and the journal. done may be NULL. */
void call_record_end(struct call *c, commit_done_fn *done);

/* Its intent, of this call or of one before it, is to be recorded; then it leaves. */
void call_enter_recording(struct call *c);

/* The end is known: it becomes durable. */
void call_enter_settling(struct call *c);

/* call_again.c: the plugin has ended its look. */
void call_looked(struct call *c, const struct call_result *found);

/* It is with the plugin: stop it, and its deadline. */
void call_stop_plugin(struct call *c);

/* May it have taken effect, as things stand? */
bool call_in_doubt(const struct call *c);

#endif
