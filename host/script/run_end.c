/* run_end.c - how a run ends: by itself, from within, or from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "script/call.h"
#include "script/check_replay.h"
#include "script/json_lua.h"
#include "script/observe.h"
#include "script/record.h"
#include "script/render.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_machine.h"
#include "script/run_wake.h"
#include "script/unknown.h"

static const struct sm_state states[] = {
	[RUN_M_READY] = { "ready", SM_TO(RUN_M_RUNNING) | SM_TO(RUN_M_ENDED) },
	[RUN_M_RUNNING] = { "running",
			    SM_TO(RUN_M_WAITING) | SM_TO(RUN_M_ENDING) | SM_TO(RUN_M_ENDED) },
	[RUN_M_WAITING] = { "waiting",
			    SM_TO(RUN_M_RUNNING) | SM_TO(RUN_M_ENDING) | SM_TO(RUN_M_ENDED) },
	[RUN_M_ENDING] = { "ending", SM_TO(RUN_M_ENDED) },
	[RUN_M_ENDED] = { "ended", 0 },
};

void run_machine_init(struct run *r)
{
	r->sm = (struct sm){ .states = states, .now = RUN_M_READY };
}

const char *run_outcome_name(enum run_outcome o)
{
	switch (o) {
	case RUN_DONE:
		return "done";
	case RUN_FAILED:
		return "failed";
	case RUN_CANCELLED:
		return "cancelled";
	case RUN_TIMED_OUT:
		return "timed_out";
	case RUN_UNKNOWN:
		return "unknown";
	case RUN_REFUSED:
		return "refused";
	case RUN_AUDIT_UNAVAILABLE:
		return "audit_unavailable";
	case RUN_PARKED:
		return "parked";
	case RUN_SUSPENDED:
		return "suspended";
	}
	return "failed";
}

enum run_outcome run_outcome_of(const char *name)
{
	for (enum run_outcome o = RUN_DONE; o <= RUN_SUSPENDED; o++) {
		if (strcmp(run_outcome_name(o), name) == 0)
			return o;
	}
	return RUN_FAILED;
}

void run_add_unknown(struct run *r, const struct call *c)
{
	unknown_add(&r->unknown, c);
}

/* ---- the end ---- */

static void stop_timers(struct run *r)
{
	timer_stop(r->wake);
	timer_stop(r->timeout);
	timer_stop(r->grace);
	r->wake = r->timeout = r->grace = NULL;
	for (struct branch *b = r->branches; b; b = b->next) {
		timer_stop(b->wait.timer);
		b->wait.timer = NULL;
	}
}

/* Branches of parallel may still be at it when the run is ended from within. */
static bool has_calls(const struct run *r)
{
	for (const struct branch *b = r->branches; b; b = b->next)
		if (b->call && b->wait.kind == WAIT_CALL && !call_ended(b->call))
			return true;
	return false;
}

static void end(struct run *r, struct run_end *e)
{
	if (r->check) {
		stop_timers(r);
		check_replay_end(r, e); /* frees r */
		return;
	}
	if (has_calls(r) && r->sm.now != RUN_M_ENDING) {
		run_end_early(r, e->outcome, e->message, false);
		return;
	}
	sm_move(&r->sm, RUN_M_ENDED);
	stop_timers(r);
	e->id = r->facts.id;
	e->unknown = r->unknown.v;
	e->n_unknown = r->unknown.n;
	if (e->n_unknown > 0 && e->outcome != RUN_PARKED) {
		e->outcome = RUN_UNKNOWN;
		if (!e->message[0])
			e->message = "it returned, but how a change it made ended is not known";
	}
	record_run_end(r, e);
	observe_run_ended(r, e);
	rows_run_end(r, e);
	rules_run_end(r->runs->rules, r);
	struct runs *runs = r->runs;
	r->listener.on_end(r->listener.arg, e);
	run_free(r);
	runs_made_room(runs);
}

void run_end_with(struct run *r, enum run_outcome outcome, const char *message)
{
	char copy[RUN_MESSAGE_SIZE];
	(void)snprintf(copy, sizeof(copy), "%s", message);
	end(r, &(struct run_end){ .outcome = outcome, .message = copy, .traceback = "" });
}

void run_drop(struct run *r)
{
	sm_move(&r->sm, RUN_M_ENDED);
	stop_timers(r);
	run_free(r);
}

void run_leave(struct run *r)
{
	r->listener.on_end(r->listener.arg,
			   &(struct run_end){ .id = r->facts.id,
					      .outcome = RUN_SUSPENDED,
					      .message = "left for the next process",
					      .traceback = "" });
	run_drop(r);
}

/* The script has ended, but it was recorded to have asked for more. */
static bool asked_less(struct run *r)
{
	char text[RUN_MESSAGE_SIZE];
	const struct journal_step *s = run_replays(r) ? journal_unasked(r->journal) : NULL;
	if (!s)
		return false;
	(void)snprintf(
	    text, sizeof(text),
	    "not deterministic: step %s (%s) is recorded, but the script ended before it", s->path,
	    s->operation ? s->operation : "not a call");
	run_end_with(r, RUN_PARKED, text);
	return true;
}

void run_end_returned(struct run *r)
{
	struct buf result = BUF_INIT(r->result_max);
	struct err err;
	if (asked_less(r))
		return;
	if (render_result(r->state, &result, &err) < 0)
		run_end_with(r, RUN_FAILED, err.message);
	else
		end(r, &(struct run_end){ .outcome = RUN_DONE,
					  .result = buf_bytes(&result),
					  .message = "",
					  .traceback = "" });
	buf_clear(&result);
}

static enum run_outcome outcome_of(const struct rendered *why)
{
	if (strcmp(why->code, POLICY_DENIED) == 0)
		return RUN_REFUSED;
	if (strcmp(why->code, "AuditUnavailable") == 0)
		return RUN_AUDIT_UNAVAILABLE;
	return RUN_FAILED;
}

void run_end_raised(struct run *r)
{
	struct rendered why;
	if (r->state->fatal == FATAL_NONE && asked_less(r))
		return;
	render_error(r->state, &why);
	end(r, &(struct run_end){ .outcome = outcome_of(&why),
				  .message = why.message,
				  .traceback = buf_cstr(&why.trace) });
	buf_clear(&why.trace);
}

void run_end_stopped(struct run *r)
{
	run_end_with(r, r->ending, r->why);
}

/* ---- from outside ---- */

void run_end_when_quiet(struct run *r)
{
	if (!has_calls(r))
		run_end_with(r, r->ending, r->why);
}

static void on_grace(void *arg)
{
	struct run *r = arg;
	r->grace = NULL;
	for (struct branch *b = r->branches; b; b = b->next)
		if (b->call)
			(void)call_cancel(b->call, true);
	run_end_with(r, r->ending, r->why);
}

static bool cancel_calls(struct run *r, bool force)
{
	bool left = false;
	for (struct branch *b = r->branches; b; b = b->next)
		if (b->call && call_cancel(b->call, force))
			left = true;
	return left;
}

void run_end_early(struct run *r, enum run_outcome outcome, const char *why, bool force)
{
	if (r->sm.now != RUN_M_ENDING) {
		r->ending = outcome;
		(void)snprintf(r->why, sizeof(r->why), "%s", why);
	}
	if (!cancel_calls(r, force)) {
		if (has_calls(r) && r->sm.now != RUN_M_ENDING)
			sm_move(&r->sm,
				RUN_M_ENDING); /* what is being recorded is not waited for */
		run_end_with(r, r->ending, r->why);
		return;
	}
	if (r->sm.now == RUN_M_ENDING)
		return;
	timer_stop(r->wake);
	r->wake = NULL;
	sm_move(&r->sm, RUN_M_ENDING);
	r->grace = timer_start(r->runs->loop, RUN_GRACE_MS, on_grace, r);
}

static void on_timeout(void *arg)
{
	struct run *r = arg;
	r->timeout = NULL;
	if (r->sm.now != RUN_M_ENDING)
		run_end_early(r, RUN_TIMED_OUT, "the run's time is up", false);
}

void run_start_timeout(struct run *r, int64_t after_ms)
{
	r->timeout = timer_start(r->runs->loop, after_ms, on_timeout, r);
}
