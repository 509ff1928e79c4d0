/* call_cancel.c - calls whose run ends, or is left to the next process, before they have ended. */
#include "base/clock.h"
#include "script/call_private.h"
#include "script/record.h"
#include "script/rules.h"

static void end_unheard(struct call *c, enum call_outcome outcome, const char *code,
			const char *message)
{
	call_set_end(c, outcome, code, message);
	call_leave_turn(c);
	if (c->started_us > 0)
		c->end.latency_us = clock_mono_us() - c->started_us;
	if (outcome == CALL_UNKNOWN)
		run_add_unknown(c->run, c);
	call_record_end(c, NULL);
	rules_call_ended(c);
	sm_move(&c->sm, CALL_S_ENDED);
}

/* Before anything was recorded. */
static void give_up_preparing(struct call *c)
{
	call_leave_turn(c);
	if (c->looking)
		call_stop_plugin(c);
	call_set_end(c, CALL_NOT_SENT, "Cancelled", "the run was ended before the call was sent");
	rules_call_ended(c);
	sm_move(&c->sm, CALL_S_ENDED);
}

static bool cancel_in_flight(struct call *c, bool force)
{
	static const char cancelled[] = "the run was ended before the answer came";
	bool doubt = call_in_doubt(c);
	if (doubt && !force)
		return true;
	call_stop_plugin(c);
	if (doubt)
		end_unheard(c, CALL_UNKNOWN, OUTCOME_UNKNOWN, cancelled);
	else if (call_changes(c))
		end_unheard(c, CALL_NOT_SENT, "Cancelled",
			    "the run was ended before the call could have an effect");
	else
		end_unheard(c, CALL_ERROR, "Cancelled", cancelled);
	return false;
}

bool call_cancel(struct call *c, bool force)
{
	if (c->unclear)
		return call_cancel_unclear(c, force);
	switch (c->sm.now) {
	case CALL_S_WAITING:
	case CALL_S_PREPARING:
		give_up_preparing(c);
		return false;
	case CALL_S_RECORDING: /* the committer keeps the order: intent first, then this */
		end_unheard(c, CALL_NOT_SENT, "Cancelled",
			    "the run was ended before the call was sent");
		return false;
	case CALL_S_IN_FLIGHT:
		return cancel_in_flight(c, force);
	case CALL_S_SETTLING:
		return !force;
	default:
		return false;
	}
}

/* Its outcome is recorded; its end is not journalled. */
static void leave(struct call *c, enum call_outcome outcome)
{
	call_set_end(c, outcome, outcome == CALL_UNKNOWN ? OUTCOME_UNKNOWN : CALL_SUSPENDED,
		     "the process ended before the answer came; the run goes on in the next one");
	call_leave_turn(c);
	if (c->started_us > 0)
		c->end.latency_us = clock_mono_us() - c->started_us;
	record_outcome(c, NULL);
	sm_move(&c->sm, CALL_S_ENDED);
}

bool call_suspend(struct call *c, bool force)
{
	switch (c->sm.now) {
	case CALL_S_WAITING:
	case CALL_S_PREPARING:
		give_up_preparing(c);
		return false;
	case CALL_S_RECORDING:
		if (call_changes(c) && !force)
			return true;
		leave(c, CALL_NOT_SENT);
		return false;
	case CALL_S_IN_FLIGHT:
		if (call_changes(c) && !force)
			return true;
		call_stop_plugin(c);
		leave(c, call_changes(c) ? CALL_UNKNOWN : CALL_ERROR);
		return false;
	case CALL_S_SETTLING:
		return !force;
	case CALL_S_UNCLEAR:
	case CALL_S_LOOKING:
		call_suspend_unclear(c);
		return false;
	default:
		return false;
	}
}
