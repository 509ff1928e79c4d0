/*
 * call_again.h - a call that was begun before: looked into, sent again, replaced, or given its end. What
 * is done when is settle_case.c's for one that another process began, whose struct call lives for one
 * try; for one that ended unclear in this process it is call_unclear.c's.
 */
#ifndef SCRIPT_CALL_AGAIN_H
#define SCRIPT_CALL_AGAIN_H

#include "script/call.h"
#include "store/store.h"

/* The same call of the same attempt has the same token for ever, another has another; so has the
 * link-th that takes its place. */
void call_make_token(char out[UUID_SIZE], const struct run_facts *run, const char *path, int link);

/* Did the gate make that token (NULL: it has none) for the step, as the link-th? Not the script. */
bool call_has_made_token(const char *token, const struct run_facts *run, const char *path,
			 int link);

/* Its token is that of its arguments; "" without one. */
void call_find_token(struct call *c);

/*
 * The call of that row, which has its token and its times.
 *
 * @param r    who makes it; outlives the call
 * @param past outlives the call
 * @return NULL: no memory, or the row's arguments are no JSON object
 */
struct call *call_again_new(struct run *r, const struct registered_op *op,
			    const struct step_row *row, struct call_past *past);

/* Ask the service what became of it; past->looked is told. sent_until_ms: no byte of it can have left
 * later. May be stopped with call_again_stop. */
void call_look(struct call *c, int64_t sent_until_ms, int64_t skew_ms);

/* Send it again, as it is. past->ended is told when that is over; see call_is_end. */
void call_resend(struct call *c);

/* From now on it has that token, if it has any. False: no memory. */
bool call_use_token(struct call *c, const char *token);

/* Replace it by one with that token, the link-th. As call_resend. False: no memory. */
bool call_replace(struct call *c, const char *token, int link);

/* Give it this end, which is in c->end: the journal's from now on. past->ended is told when it is
 * durable. */
void call_settle(struct call *c);

/* Give it up, whatever it is at. The call is to be freed then. */
void call_again_stop(struct call *c);

/* Is c->end the end of its step? Not when it was sent again and the service did not say what became
 * of it: an earlier attempt may have had its effect all the same. */
bool call_is_end(const struct call *c);

/* Take over what the log had as the call.outcome record of it. False: nothing can be made of it. */
bool call_take_record(struct call *c, const char *record);
/* Take over a verdict: CALL_RECONCILED with what was found. False: it is not usable. */
bool call_take_found(struct call *c, const struct call_result *found);

#endif
