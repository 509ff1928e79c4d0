/* call_private.h - the states of a call and what its files share; for call*.c only. */
#ifndef SCRIPT_CALL_PRIVATE_H
#define SCRIPT_CALL_PRIVATE_H

#include "commit/commit.h"
#include "script/call.h"

#define OUTCOME_UNKNOWN "OutcomeUnknown"

enum {
	CALL_S_NEW,
	CALL_S_PREPARING,
	CALL_S_RECORDING,
	CALL_S_IN_FLIGHT,
	CALL_S_SETTLING,
	CALL_S_ENDED,
};

void call_set_end(struct call *c, enum call_outcome outcome, const char *code, const char *message);

/* Into the log and the journal. done may be NULL. */
void call_record_end(struct call *c, commit_done_fn *done);

/* It is with the plugin: stop it, and its deadline. */
void call_stop_plugin(struct call *c);

/* May it have taken effect, as things stand? */
bool call_in_doubt(const struct call *c);

#endif
