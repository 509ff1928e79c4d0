/*
 * approve.h - a step that waits for people: the global approve, and the gate's own question before a
 * call that the rules let through only with an approval.
 *
 * An approval is a step of its own (STEP_APPROVAL; operation: the call's, or none). Its beginning, what
 * is asked (struct approval_row) and its end are journalled; votes come by run_vote.
 */
#ifndef SCRIPT_APPROVE_H
#define SCRIPT_APPROVE_H

#include "script/run_private.h"

/* What is asked; borrowed for the call. */
struct approve_ask {
	const char *operation; /* of a call, or NULL */
	const char *hash;      /* of the arguments, as the step is recorded */
	const char *subject;   /* one line */
	const char *details;   /* JSON object */
	int needed;
	int64_t expires_ms; /* wall clock; INT64_MAX: never */
};

/*
 * Inside the script, as the last act: return approve_begin(...): ask for the step that b is at, then go
 * on with k, which calls approve_result first. Nothing new may be asked while the run replays.
 */
int approve_begin(lua_State *L, struct branch *b, const struct approve_ask *ask, lua_KFunction k);
/* The step is recorded: s has its end, or is waited for again. */
int approve_again(lua_State *L, struct branch *b, struct journal_step *s, lua_KFunction k);

/* Who may approve where nobody is named, parted by blanks; "": anybody but who asks. */
const char *approve_default_people(const struct runs *runs);

/* A vote has come. May free b. */
void approve_look(struct branch *b);

/* Push the answer, a table; or raise ApprovalDenied or ApprovalExpired. operation: in the error. */
int approve_result(lua_State *L, struct branch *b, const char *operation);

#endif
