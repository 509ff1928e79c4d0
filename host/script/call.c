#include "script/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "net/loop.h"
#include "script/culprit.h"
#include "script/json_lua.h"
#include "script/record.h"
#include "script/replayed.h"
#include "script/rules.h"

#define OUTCOME_UNKNOWN "OutcomeUnknown"

enum { NEW, RECORDING, IN_FLIGHT, SETTLING, ENDED };

static const struct sm_state states[] = {
	[NEW] = { "new", SM_TO(RECORDING) | SM_TO(ENDED) },
	[RECORDING] = { "recording", SM_TO(IN_FLIGHT) | SM_TO(SETTLING) | SM_TO(ENDED) },
	[IN_FLIGHT] = { "in flight", SM_TO(SETTLING) | SM_TO(ENDED) },
	[SETTLING] = { "settling", SM_TO(ENDED) },
	[ENDED] = { "ended", 0 },
};

enum {
	NOT_AFTER_MS = 14 * 60 * 1000, /* the service remembers a token for 15 minutes */
	DEADLINE_GRACE_MS = 250, /* for the plugin to say how the call ended at its deadline */
	MESSAGE_MAX = 1 << 20,
};

const char *call_outcome_name(enum call_outcome o)
{
	switch (o) {
	case CALL_OK:
		return "ok";
	case CALL_ERROR:
		return "error";
	case CALL_UNKNOWN:
		return "unknown";
	case CALL_REFUSED:
		return "refused";
	case CALL_INVALID:
		return "invalid";
	case CALL_DRY_RUN:
		return "dry_run";
	case CALL_NOT_SENT:
		return "not_sent";
	}
	return "unknown";
}

bool call_changes(const struct call *c)
{
	return c->op->op->flags & OP_CHANGES;
}

bool call_ended(const struct call *c)
{
	return c->sm.now == ENDED;
}

/* ---- life ---- */

struct call *call_new(struct run *r, const struct registered_op *op, unsigned step, cJSON *args)
{
	struct call *c = calloc(1, sizeof(*c));
	if (!c) {
		cJSON_Delete(args);
		return NULL;
	}
	*c = (struct call){
		.runs = r->runs,
		.run = r,
		.sm = { .states = states, .now = NEW },
		.op = op,
		.step = step,
		.args = args,
		.token = "",
	};
	return c;
}

static void free_now(struct call *c)
{
	cJSON_Delete(c->args);
	free(c->args_text);
	free(c->group);
	cJSON_Delete(c->end.answer);
	cJSON_Delete(c->end.extra);
	cJSON_Delete(c->end.context);
	free(c->end.code);
	free(c->end.message);
	free(c->end.request_id);
	free(c);
}

void call_free(struct call *c)
{
	if (!c)
		return;
	INVARIANT(c->sm.now != IN_FLIGHT);
	c->run = NULL;
	c->runs = NULL;
	if (!c->committing)
		free_now(c);
}

static char *copy(const char *s)
{
	return s && *s ? strdup(s) : NULL;
}

static void set_end(struct call *c, enum call_outcome outcome, const char *code,
		    const char *message)
{
	c->end.outcome = outcome;
	c->end.code = copy(code);
	c->end.message = copy(message);
}

/* ---- the end: outcome recorded, durable for a changing call, then the run is woken ---- */

static void enter_ended(struct call *c)
{
	rules_call_ended(c);
	sm_move(&c->sm, ENDED);
	if (c->runs)
		(void)run_wake(c->runs, c->ticket); /* may free c */
	else
		free_now(c);
}

static void on_outcome_durable(void *arg, const struct err *err)
{
	struct call *c = arg;
	c->committing = false;
	INVARIANT(c->sm.now == SETTLING);
	if (err->code != 0 && c->runs) {
		/* It was made, but the log does not say how it ended: the script must not go on. */
		free(c->end.code);
		free(c->end.message);
		c->end.code = copy("AuditUnavailable");
		c->end.message = copy(err->message);
	}
	enter_ended(c);
}

/* A read's outcome is only handed over; it is delivered in the same turn. */
static void enter_settling(struct call *c)
{
	if (c->started_us > 0)
		c->end.latency_us = clock_mono_us() - c->started_us;
	if (c->end.outcome == CALL_UNKNOWN)
		run_add_unknown(c->run, c);
	sm_move(&c->sm, SETTLING);
	if (!call_changes(c)) {
		record_outcome(c, NULL);
		enter_ended(c);
		return;
	}
	c->committing = true;
	record_outcome(c, on_outcome_durable);
}

/* ---- in flight ---- */

static void stop_plugin(struct call *c)
{
	timer_stop(c->deadline);
	c->deadline = NULL;
	c->op->op->stop(c->op->state, &c->host);
}

/* May it have taken effect? */
static bool in_doubt(const struct call *c)
{
	const struct operation *op = c->op->op;
	return call_changes(c) && (!op->in_doubt || op->in_doubt(c->op->state, &c->host));
}

static void on_deadline(void *arg)
{
	struct call *c = arg;
	bool doubt = in_doubt(c);
	c->deadline = NULL;
	INVARIANT(c->sm.now == IN_FLIGHT);
	stop_plugin(c);
	if (doubt)
		set_end(c, CALL_UNKNOWN, OUTCOME_UNKNOWN,
			"no answer before the deadline of the call: it may have taken effect");
	else
		set_end(c, CALL_ERROR, "DeadlineExceeded",
			"no answer before the deadline of the call");
	c->end.retryable = !doubt;
	enter_settling(c);
}

static int may_send(struct host_call *call, struct err *err)
{
	struct call *c = CONTAINER_OF(call, struct call, host);
	struct ruling v;
	INVARIANT(c->sm.now == IN_FLIGHT);
	rules_judge(&v, c, RULES_ATTEMPT);
	if (v.kind == RULING_ALLOW)
		return 0;
	(void)snprintf(c->denied, sizeof(c->denied), "%s", v.rule);
	return err_named(err, ERR_LIMIT, POLICY_DENIED, "%s", v.message);
}

static void enter_in_flight(struct call *c)
{
	const struct operation *op = c->op->op;
	int64_t timeout = c->run->call_timeout_ms;
	sm_move(&c->sm, IN_FLIGHT);
	c->started_us = clock_mono_us();
	c->host.deadline_ms = clock_mono_ms() + timeout;
	if (c->token[0])
		c->host.not_after_ms =
		    c->intent_ms + (op->resend_ms > 0 ? op->resend_ms : NOT_AFTER_MS);
	if (call_changes(c))
		c->host.may_send = may_send;
	c->deadline = timer_start(c->runs->loop, timeout + DEADLINE_GRACE_MS, on_deadline, c);
	struct culprit *culprit = c->runs->culprit;
	culprit_set(culprit, c->run->facts.id);
	op->start(c->op->state, &c->host);
	culprit_clear(culprit);
}

/* The service answered, but for an older call with the same token: nothing happened now. */
static void mark_replayed(struct call *c)
{
	if (replayed(c->end.answer, c->op->op->answer_date, NULL, c->intent_ms))
		(void)cJSON_AddTrueToObject(c->end.answer, "replayed");
}

/* A changing call without a usable answer may have taken effect all the same. */
static void take_answer(struct call *c, const struct call_result *result)
{
	struct err err = { 0 };
	c->end.answer = json_parse(result->answer, &err);
	if (cJSON_IsObject(c->end.answer)) {
		c->end.outcome = CALL_OK;
		mark_replayed(c);
		return;
	}
	cJSON_Delete(c->end.answer);
	c->end.answer = NULL;
	set_end(c, call_changes(c) ? CALL_UNKNOWN : CALL_ERROR,
		call_changes(c) ? OUTCOME_UNKNOWN : "InvalidAnswer",
		err.code ? err.message : "the answer is not a JSON object");
}

static void take_error(struct call *c, const struct call_result *result)
{
	const char *message = result->message ? result->message : result->code;
	if (!result->unknown || !call_changes(c)) {
		bool denied = c->denied[0] && strcmp(result->code, POLICY_DENIED) == 0;
		set_end(c, denied ? CALL_REFUSED : CALL_ERROR, result->code, message);
		if (denied)
			(void)rules_note_denied(c, c->denied);
		return;
	}
	struct buf text = BUF_INIT(MESSAGE_MAX);
	buf_adds(&text, "it may have taken effect: ");
	if (strcmp(result->code, OUTCOME_UNKNOWN) != 0)
		buf_addf(&text, "%s: ", result->code);
	buf_adds(&text, message);
	set_end(c, CALL_UNKNOWN, OUTCOME_UNKNOWN, buf_cstr(&text));
	buf_clear(&text);
	c->end.retryable = false;
}

void run_call_done(struct host_call *call, const struct call_result *result)
{
	struct call *c = CONTAINER_OF(call, struct call, host);
	INVARIANT(c->sm.now == IN_FLIGHT);
	timer_stop(c->deadline);
	c->deadline = NULL;
	c->end.status = result->status;
	c->end.attempts = result->attempts;
	c->end.retryable = result->retryable;
	c->end.request_id = copy(result->request_id);
	c->end.extra = result->extra.n ? json_parse(result->extra, NULL) : NULL;
	c->end.context = result->context.n ? json_parse(result->context, NULL) : NULL;
	if (!result->code)
		take_answer(c, result);
	else
		take_error(c, result);
	enter_settling(c);
}

/* ---- start ---- */

static void on_intent_recorded(void *arg, const struct err *err)
{
	struct call *c = arg;
	c->committing = false;
	if (!c->runs) { /* the run has gone meanwhile; its outcome says not_sent */
		free_now(c);
		return;
	}
	INVARIANT(c->sm.now == RECORDING);
	if (err->code != 0) {
		set_end(c, CALL_NOT_SENT, "AuditUnavailable", err->message);
		enter_ended(c);
		return;
	}
	enter_in_flight(c);
}

static bool write_args(struct call *c)
{
	struct buf text = BUF_INIT(JSON_TEXT_MAX);
	json_write(&text, c->args);
	c->args_text = text.err ? NULL : text.p;
	c->host.args = (struct bytes){ c->args_text, text.n };
	if (text.err)
		buf_clear(&text);
	return c->args_text;
}

void call_start(struct call *c, struct run_ticket ticket)
{
	c->ticket = ticket;
	INVARIANT(write_args(c));
	sm_move(&c->sm, RECORDING);
	c->intent_ms = clock_wall_ms();
	c->committing = true;
	c->intent = record_intent(c, on_intent_recorded);
}

void call_settle_unsent(struct call *c, enum call_outcome outcome, const char *code,
			const char *message)
{
	set_end(c, outcome, code, message);
	c->intent = record_intent(c, NULL);
	record_outcome(c, NULL);
	sm_move(&c->sm, ENDED);
}

void call_settle_unrecorded(struct call *c, const char *code, const char *message)
{
	set_end(c, CALL_NOT_SENT, code, message);
	sm_move(&c->sm, ENDED);
}

/* ---- cancel ---- */

static void end_unheard(struct call *c, enum call_outcome outcome, const char *code,
			const char *message)
{
	set_end(c, outcome, code, message);
	if (c->started_us > 0)
		c->end.latency_us = clock_mono_us() - c->started_us;
	if (outcome == CALL_UNKNOWN)
		run_add_unknown(c->run, c);
	record_outcome(c, NULL);
	rules_call_ended(c);
	sm_move(&c->sm, ENDED);
}

static bool cancel_in_flight(struct call *c, bool force)
{
	static const char cancelled[] = "the run was ended before the answer came";
	bool doubt = in_doubt(c);
	if (doubt && !force)
		return true;
	stop_plugin(c);
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
	switch (c->sm.now) {
	case RECORDING: /* the committer keeps the order: intent first, then this */
		end_unheard(c, CALL_NOT_SENT, "Cancelled",
			    "the run was ended before the call was sent");
		return false;
	case IN_FLIGHT:
		return cancel_in_flight(c, force);
	case SETTLING:
		return !force;
	default:
		return false;
	}
}
