#include "script/call_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "net/loop.h"
#include "script/call_again.h"
#include "script/culprit.h"
#include "script/json_lua.h"
#include "script/record.h"
#include "script/replayed.h"
#include "script/rows.h"
#include "script/rules.h"

static const struct sm_state states[] = {
	[CALL_S_NEW] = { "new", SM_TO(CALL_S_WAITING) | SM_TO(CALL_S_LOOKING) |
				    SM_TO(CALL_S_RECORDING) | SM_TO(CALL_S_SETTLING) |
				    SM_TO(CALL_S_ENDED) },
	[CALL_S_WAITING] = { "waiting", SM_TO(CALL_S_PREPARING) | SM_TO(CALL_S_RECORDING) |
					    SM_TO(CALL_S_ENDED) },
	[CALL_S_LOOKING] = { "looking", SM_TO(CALL_S_RECORDING) | SM_TO(CALL_S_SETTLING) |
					    SM_TO(CALL_S_UNCLEAR) | SM_TO(CALL_S_ENDED) },
	[CALL_S_PREPARING] = { "preparing", SM_TO(CALL_S_RECORDING) | SM_TO(CALL_S_ENDED) },
	[CALL_S_RECORDING] = { "recording", SM_TO(CALL_S_IN_FLIGHT) | SM_TO(CALL_S_SETTLING) |
						SM_TO(CALL_S_UNCLEAR) | SM_TO(CALL_S_ENDED) },
	[CALL_S_IN_FLIGHT] = { "in flight", SM_TO(CALL_S_SETTLING) | SM_TO(CALL_S_ENDED) },
	[CALL_S_SETTLING] = { "settling", SM_TO(CALL_S_UNCLEAR) | SM_TO(CALL_S_ENDED) },
	[CALL_S_UNCLEAR] = { "unclear", SM_TO(CALL_S_LOOKING) | SM_TO(CALL_S_RECORDING) |
					    SM_TO(CALL_S_SETTLING) | SM_TO(CALL_S_ENDED) },
	[CALL_S_ENDED] = { "ended", 0 },
};

enum {
	NOT_AFTER_MS = 14 * 60 * 1000, /* the service remembers a token for 15 minutes */
	MESSAGE_MAX = 1 << 20,
};

bool call_changes(const struct call *c)
{
	return c->op->op->flags & OP_CHANGES;
}

bool call_ended(const struct call *c)
{
	return c->sm.now == CALL_S_ENDED;
}

/* ---- life ---- */

struct call *call_new(struct branch *b, const struct registered_op *op, cJSON *args)
{
	struct call *c = calloc(1, sizeof(*c));
	if (!c) {
		cJSON_Delete(args);
		return NULL;
	}
	*c = (struct call){
		.runs = b->run->runs,
		.run = b->run,
		.sm = { .states = states, .now = CALL_S_NEW },
		.op = op,
		.args = args,
		.token = "",
		.asked_ms = clock_wall_ms(),
	};
	(void)snprintf(c->path, sizeof(c->path), "%s", b->path);
	return c;
}

bool call_write_args(struct call *c)
{
	struct buf text = BUF_INIT(JSON_TEXT_MAX);
	uint8_t hash[SHA256_LEN];
	json_write(&text, c->args);
	if (text.err) {
		buf_clear(&text);
		return false;
	}
	free(c->args_text);
	c->args_text = text.p;
	c->host.args = buf_bytes(&text);
	c->op = registry_variant(c->op, c->host.args);
	if (c->hash[0])
		return true;
	if (sha256(hash, c->malformed ? bytes_str(c->malformed) : c->host.args) < 0)
		return false;
	hex_lower(c->hash, hash, sizeof(hash));
	return true;
}

void call_clear_end(struct call *c)
{
	free(c->end.answer_text);
	cJSON_Delete(c->end.answer);
	cJSON_Delete(c->end.extra);
	cJSON_Delete(c->end.context);
	free(c->end.code);
	free(c->end.message);
	free(c->end.request_id);
	c->end = (struct call_end){ 0 };
}

static void free_now(struct call *c)
{
	call_free_unclear(c);
	call_clear_end(c);
	cJSON_Delete(c->args);
	free(c->args_text);
	free(c->group);
	free(c->malformed);
	free(c->baseline);
	free(c);
}

void call_free(struct call *c)
{
	if (!c)
		return;
	INVARIANT(c->sm.now != CALL_S_IN_FLIGHT && c->sm.now != CALL_S_PREPARING &&
		  c->sm.now != CALL_S_WAITING);
	call_leave_turn(c);
	call_free_unclear(c);
	c->run = NULL;
	c->runs = NULL;
	if (!c->committing)
		free_now(c);
}

char *call_copy_text(const char *s)
{
	return s && *s ? strdup(s) : NULL;
}

void call_set_end(struct call *c, enum call_outcome outcome, const char *code, const char *message)
{
	c->end.outcome = outcome;
	c->end.code = call_copy_text(code);
	c->end.message = call_copy_text(message);
}

/* ---- the end: outcome recorded, durable for a changing call, then the run is woken ---- */

void call_enter_ended(struct call *c)
{
	call_leave_turn(c);
	if (c->unclear && !call_is_end(c)) {
		call_go_on_unclear(c);
		return;
	}
	rules_call_ended(c);
	sm_move(&c->sm, CALL_S_ENDED);
	if (!c->runs)
		free_now(c);
	else if (c->past && c->past->ended)
		c->past->ended(c->past->arg); /* likewise */
	else
		(void)run_wake(c->runs, c->ticket); /* may free c */
}

void call_on_end_durable(void *arg, const struct err *err)
{
	struct call *c = arg;
	c->committing = false;
	INVARIANT(c->sm.now == CALL_S_SETTLING);
	if (err->code != 0 && c->runs) {
		/* It was made, but the log does not say how it ended: the script must not go on. */
		free(c->end.code);
		free(c->end.message);
		c->end.code = call_copy_text("AuditUnavailable");
		c->end.message = call_copy_text(err->message);
	}
	call_enter_ended(c);
}

/* Into the log and the journal. */
void call_record_end(struct call *c, commit_done_fn *done)
{
	/* A read that went on without a log has no intent that an outcome could name. */
	if (c->intent == 0 && !done && commit_failed(c->run->runs->committer, NULL))
		return;
	record_outcome(c, done);
	if (call_is_end(c) && !rows_call_end(c))
		run_too_much(c->run);
}

/* A read's outcome is only handed over; it is delivered when its turn has come. */
void call_enter_settling(struct call *c)
{
	call_leave_turn(c);
	if (c->started_us > 0)
		c->end.latency_us = clock_mono_us() - c->started_us;
	if (c->end.outcome == CALL_UNKNOWN && !c->past)
		call_begin_unclear(c);
	if (c->end.outcome == CALL_UNKNOWN && call_is_end(c))
		run_add_unknown(c->run, c);
	sm_move(&c->sm, CALL_S_SETTLING);
	if (call_is_end(c))
		(void)run_came(c->runs, c->ticket);
	if (!call_changes(c)) {
		call_record_end(c, NULL);
		call_enter_ended(c);
		return;
	}
	c->committing = true;
	call_record_end(c, call_on_end_durable);
}

/* ---- in flight ---- */

void call_stop_plugin(struct call *c)
{
	timer_stop(c->deadline);
	c->deadline = NULL;
	c->op->op->stop(c->op->state, &c->host);
}

/* May it have taken effect, as things stand? */
bool call_in_doubt(const struct call *c)
{
	const struct operation *op = c->op->op;
	return call_changes(c) && (!op->in_doubt || op->in_doubt(c->op->state, &c->host));
}

static void on_deadline(void *arg)
{
	struct call *c = arg;
	c->deadline = NULL;
	INVARIANT(c->sm.now == CALL_S_IN_FLIGHT);
	bool doubt = call_in_doubt(c);
	call_stop_plugin(c);
	if (doubt)
		call_set_end(c, CALL_UNKNOWN, OUTCOME_UNKNOWN,
			     "no answer before the deadline of the call: it may have taken effect");
	else
		call_set_end(c, CALL_ERROR, "DeadlineExceeded",
			     "no answer before the deadline of the call");
	c->end.retryable = !doubt;
	call_enter_settling(c);
}

static int may_send(struct host_call *call, struct err *err)
{
	struct call *c = CONTAINER_OF(call, struct call, host);
	struct ruling v;
	INVARIANT(c->sm.now == CALL_S_IN_FLIGHT);
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
	sm_move(&c->sm, CALL_S_IN_FLIGHT);
	c->started_us = clock_mono_us();
	c->host.deadline_ms = clock_mono_ms() + timeout;
	if (call_changes(c))
		c->host.may_send = may_send;
	c->deadline = timer_start(c->runs->loop, timeout + CALL_DEADLINE_GRACE_MS, on_deadline, c);
	struct culprit *culprit = c->runs->culprit;
	culprit_set(culprit, c->run->facts.id);
	op->start(c->op->state, &c->host);
	culprit_clear(culprit);
}

static void keep_answer(struct call *c, struct bytes answer)
{
	c->end.outcome = CALL_OK;
	/* The service answered, but for an older call with the same token: nothing happened now. */
	cJSON *baseline = c->baseline ? json_parse(bytes_str(c->baseline), NULL) : NULL;
	if (replayed(c->end.answer, c->op->op->answer_date, baseline, c->intent_ms))
		(void)cJSON_AddTrueToObject(c->end.answer, "replayed");
	else if (c->runs->store_path && !memchr(answer.p, '\0', answer.n))
		c->end.answer_text = strndup(answer.p, answer.n);
	cJSON_Delete(baseline);
}

/* A changing call without a usable answer may have taken effect all the same. */
static void take_answer(struct call *c, const struct call_result *result)
{
	struct err err = { 0 };
	c->end.answer = json_parse(result->answer, &err);
	if (cJSON_IsObject(c->end.answer)) {
		keep_answer(c, result->answer);
		return;
	}
	cJSON_Delete(c->end.answer);
	c->end.answer = NULL;
	call_set_end(c, call_changes(c) ? CALL_UNKNOWN : CALL_ERROR,
		     call_changes(c) ? OUTCOME_UNKNOWN : "InvalidAnswer",
		     err.code ? err.message : "the answer is not a JSON object");
}

static void take_error(struct call *c, const struct call_result *result)
{
	const char *message = result->message ? result->message : result->code;
	if (!result->unknown || !call_changes(c)) {
		bool denied = c->denied[0] && strcmp(result->code, POLICY_DENIED) == 0;
		call_set_end(c, denied ? CALL_REFUSED : CALL_ERROR, result->code, message);
		if (denied)
			(void)rules_note_denied(c, c->denied);
		return;
	}
	struct buf text = BUF_INIT(MESSAGE_MAX);
	buf_adds(&text, "it may have taken effect: ");
	if (strcmp(result->code, OUTCOME_UNKNOWN) != 0)
		buf_addf(&text, "%s: ", result->code);
	buf_adds(&text, message);
	call_set_end(c, CALL_UNKNOWN, OUTCOME_UNKNOWN, buf_cstr(&text));
	buf_clear(&text);
	c->end.retryable = false;
}

static void take_baseline(struct call *c, const struct call_result *result);

void run_call_done(struct host_call *call, const struct call_result *result)
{
	struct call *c = CONTAINER_OF(call, struct call, host);
	timer_stop(c->deadline);
	c->deadline = NULL;
	if (c->sm.now == CALL_S_PREPARING) {
		take_baseline(c, result);
		return;
	}
	if (c->sm.now == CALL_S_LOOKING) {
		call_looked(c, result);
		return;
	}
	INVARIANT(c->sm.now == CALL_S_IN_FLIGHT);
	c->end.status = result->status;
	c->end.attempts = result->attempts;
	c->end.retryable = result->retryable;
	c->end.request_id = call_copy_text(result->request_id);
	c->end.extra = result->extra.n ? json_parse(result->extra, NULL) : NULL;
	c->end.context = result->context.n ? json_parse(result->context, NULL) : NULL;
	if (!result->code)
		take_answer(c, result);
	else
		take_error(c, result);
	call_enter_settling(c);
}

/* ---- start ---- */

static void say_unrecorded(const struct call *c, const struct err *err)
{
	const struct run_listener *to = &c->run->listener;
	char text[1200];
	(void)snprintf(text, sizeof(text), "audit log unavailable, %.80s is not recorded: %.1000s",
		       c->op->full_name, err->message);
	if (to->on_log)
		to->on_log(to->arg, c->run->facts.id, LOG_WARN, text);
}

static void on_intent_recorded(void *arg, const struct err *err)
{
	struct call *c = arg;
	c->committing = false;
	if (!c->runs) { /* the run has gone meanwhile; its outcome says not_sent */
		free_now(c);
		return;
	}
	if (c->sm.now == CALL_S_ENDED)
		return; /* left for the next process; its run still has it */
	INVARIANT(c->sm.now == CALL_S_RECORDING);
	/* Without a log reads go on, and say so; c->intent is 0 then. */
	bool goes_on =
	    err->code == 0 || (!call_changes(c) && commit_failed(c->runs->committer, NULL));
	if (err->code != 0 && goes_on)
		say_unrecorded(c, err);
	if (!goes_on) {
		call_set_end(c, CALL_NOT_SENT, "AuditUnavailable", err->message);
		call_enter_ended(c);
		return;
	}
	if (call_unclear_closing(c)) {
		call_set_end(c, CALL_NOT_SENT, "Cancelled",
			     "the run was ended before the call was sent again");
		call_enter_settling(c);
		return;
	}
	enter_in_flight(c);
}

/* The time in which a token may be used is that of its first intent. */
void call_enter_recording(struct call *c)
{
	const struct operation *op = c->op->op;
	struct commit_stats log;
	sm_move(&c->sm, CALL_S_RECORDING);
	c->committing = true;
	c->intent_ms = clock_wall_ms();
	c->intent_boot_ms = clock_boot_ms();
	if (c->past && !c->past->replaces) {
		c->intent_ms = c->past->first_ms;
		c->intent_boot_ms = c->past->boot_ms;
	} else if (c->token[0]) {
		c->host.not_after_ms =
		    c->intent_ms + (op->resend_ms > 0 ? op->resend_ms : NOT_AFTER_MS);
	}
	c->begun = call_changes(c);
	c->intent = record_intent(c, on_intent_recorded);
	commit_stats(c->runs->committer, &log);
	(void)snprintf(c->segment, sizeof(c->segment), "%s", log.segment);
	if (c->begun && c->intent > 0)
		rows_call_begin(c);
}

/* ---- the baseline ---- */

static char *error_baseline(const char *code, const char *message)
{
	struct buf text = BUF_INIT(MESSAGE_MAX);
	buf_adds(&text, "{\"error\":{\"code\":");
	json_write_string(&text, bytes_str(code));
	buf_adds(&text, ",\"message\":");
	json_write_string(&text, bytes_str(message));
	buf_adds(&text, "}}");
	if (!text.err)
		return text.p;
	buf_clear(&text);
	return NULL;
}

/* A prepare that fails does not keep the call from being made. */
static void take_baseline(struct call *c, const struct call_result *result)
{
	cJSON *v = result->code ? NULL : json_parse(result->answer, NULL);
	struct buf text = BUF_INIT(JSON_TEXT_MAX);
	if (cJSON_IsObject(v)) {
		json_write(&text, v);
		c->baseline = text.err ? NULL : text.p;
		if (text.err)
			buf_clear(&text);
	} else {
		c->baseline =
		    error_baseline(result->code ? result->code : "InvalidAnswer",
				   result->message ? result->message : "no baseline was given");
	}
	cJSON_Delete(v);
	call_enter_recording(c);
}

static void on_prepare_deadline(void *arg)
{
	struct call *c = arg;
	c->deadline = NULL;
	call_stop_plugin(c);
	c->baseline =
	    error_baseline("DeadlineExceeded", "no answer before the deadline of the call");
	call_enter_recording(c);
}

static void on_prepare_recorded(void *arg, const struct err *err)
{
	struct call *c = arg;
	c->committing = false;
	if (!c->runs) {
		free_now(c);
		return;
	}
	INVARIANT(c->sm.now == CALL_S_PREPARING);
	if (err->code != 0) {
		call_set_end(c, CALL_NOT_SENT, "AuditUnavailable", err->message);
		call_enter_ended(c);
		return;
	}
	int64_t timeout = c->run->call_timeout_ms;
	c->looking = true;
	c->host.deadline_ms = clock_mono_ms() + timeout;
	c->deadline =
	    timer_start(c->runs->loop, timeout + CALL_DEADLINE_GRACE_MS, on_prepare_deadline, c);
	c->op->op->prepare(c->op->state, &c->host);
}

static void enter_preparing(struct call *c)
{
	sm_move(&c->sm, CALL_S_PREPARING);
	c->committing = true;
	record_prepare(c, on_prepare_recorded);
}

void call_start(struct call *c, struct run_ticket ticket)
{
	c->ticket = ticket;
	call_enter_waiting(c);
}

void call_turn_came(struct call *c)
{
	if (c->op->op->prepare)
		enter_preparing(c);
	else
		call_enter_recording(c);
}

/* ---- without being sent ---- */

void call_settle_unsent(struct call *c, enum call_outcome outcome, const char *code,
			const char *message)
{
	call_set_end(c, outcome, code, message);
	c->intent = record_intent(c, NULL);
	call_record_end(c, NULL);
	sm_move(&c->sm, CALL_S_ENDED);
}

void call_settle_unrecorded(struct call *c, const char *code, const char *message)
{
	call_set_end(c, CALL_NOT_SENT, code, message);
	sm_move(&c->sm, CALL_S_ENDED);
}
