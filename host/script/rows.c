#include "script/rows.h"

#include <stdlib.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "script/approval.h"
#include "script/call.h"
#include "script/json_lua.h"
#include "script/observe.h"
#include "script/record.h"
#include "script/rules.h"

static struct store_batch *batch_of(const struct run *r)
{
	return r->runs->store_path && !r->check ? commit_store(r->runs->committer) : NULL;
}

/*
 * For the steps of a run. Once the log takes no more calls (its disk is full), a run goes on with
 * steps that nobody records; what followed them would be a journal with a hole. So from then on
 * only ends of calls that had begun are added, and the next process goes on from there.
 */
static struct store_batch *steps_of(const struct run *r)
{
	return commit_failed(r->runs->committer, NULL) ? NULL : batch_of(r);
}

/* ---- runs ---- */

static struct run_row row_of(const struct run *r, enum run_state state)
{
	const struct run_facts *f = &r->facts;
	return (struct run_row){
		.id = f->id,
		.attempt = f->attempt,
		.state = state,
		.path = f->path,
		.sha256 = f->sha256,
		.input = f->input,
		.actor = f->actor,
		.reason = f->reason,
		.config = f->config,
		.options = f->options,
		.created_ms = f->created_ms,
		.started_ms = f->started_ms,
		.deadline_ms = f->deadline_ms,
		.deaths = f->deaths,
	};
}

static void add_source(struct store_batch *b, const struct run *r)
{
	store_add_source(b, r->facts.sha256, (struct bytes){ r->source, r->n_source });
}

void rows_run_new(struct run *r)
{
	struct store_batch *b = batch_of(r);
	struct run_row row = row_of(r, RUN_STATE_RUNNING);
	r->row_state = RUN_STATE_RUNNING;
	if (!b)
		return;
	row.key = rules_key_of(r->runs->rules, r->facts.id);
	add_source(b, r);
	store_add_run(b, &row);
}

void rows_run_on(struct run *r)
{
	struct store_batch *b = batch_of(r);
	struct run_row row = row_of(r, RUN_STATE_RUNNING);
	r->row_state = RUN_STATE_RUNNING;
	if (!b)
		return;
	if (r->source)
		add_source(b, r);
	store_set_run(b, &row);
}

void rows_run_waits(struct run *r, int64_t until_ms, const char *waits_for)
{
	struct store_batch *b = batch_of(r);
	struct run_row row = row_of(r, RUN_STATE_WAITING);
	r->row_state = RUN_STATE_WAITING;
	row.wake_ms = until_ms == INT64_MAX ? 0 : until_ms;
	row.waits_for = waits_for;
	if (b)
		store_set_run(b, &row);
}

static enum run_state state_of_outcome(enum run_outcome o)
{
	switch (o) {
	case RUN_DONE:
		return RUN_STATE_DONE;
	case RUN_CANCELLED:
		return RUN_STATE_CANCELLED;
	case RUN_TIMED_OUT:
		return RUN_STATE_TIMED_OUT;
	case RUN_UNKNOWN:
	case RUN_PARKED:
		return RUN_STATE_PARKED;
	case RUN_FAILED:
	case RUN_REFUSED:
	case RUN_AUDIT_UNAVAILABLE:
	case RUN_SUSPENDED:
		break;
	}
	return RUN_STATE_FAILED;
}

void rows_run_end(struct run *r, const struct run_end *end)
{
	struct store_batch *b = batch_of(r);
	struct run_row row = row_of(r, state_of_outcome(end->outcome));
	if (!b)
		return;
	/* the result is a piece of a buffer: it ends where its text ends */
	char *result = end->result.n ? strndup(end->result.p, end->result.n) : NULL;
	row.ended_ms = clock_wall_ms();
	row.outcome = run_outcome_name(end->outcome);
	row.result = result;
	row.message = end->message[0] ? end->message : NULL;
	row.traceback = end->traceback[0] ? end->traceback : NULL;
	store_set_run(b, &row);
	free(result);
}

void rows_module(struct run *r, const char *name, const char *path, struct bytes source)
{
	struct store_batch *b = batch_of(r);
	uint8_t hash[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	if (!b)
		return;
	INVARIANT(sha256(hash, source) == 0);
	hex_lower(hex, hash, sizeof(hash));
	store_add_source(b, hex, source);
	store_add_module(b, r->facts.id, r->facts.attempt, name, path, hex);
}

static void on_committed(void *arg, const struct err *err)
{
	(void)arg, (void)err;
}

void rows_soon(struct run *r)
{
	if (batch_of(r))
		commit_flush(r->runs->committer, on_committed, NULL);
}

/* ---- calls ---- */

static const char *text_or_null(const char *s)
{
	return s && *s ? s : NULL;
}

void rows_call_begin(const struct call *c)
{
	const struct run *r = c->run;
	const struct operation *op = c->op->op;
	struct store_batch *b = batch_of(r);
	/* The times of a call that is sent again are by the clock that its first intent was dated with. */
	const struct call_past *again = c->past && !c->past->replaces ? c->past : NULL;
	int64_t set_by_ms = again ? again->set_by_ms : 0;
	if (!b)
		return;
	store_add_step(
	    b, &(struct step_row){
		   .run = r->facts.id,
		   .attempt = r->facts.attempt,
		   .path = c->path,
		   .kind = STEP_CALL,
		   .operation = c->op->full_name,
		   .args = c->args_text,
		   .args_hash = c->hash,
		   .resource = op->resource ? json_get_str(c->args, op->resource) : NULL,
		   .group = text_or_null(c->group),
		   .token = text_or_null(c->token),
		   .baseline = c->baseline,
		   .begun_ms = c->intent_ms,
		   .until_ms = clock_wall_ms() - set_by_ms + r->call_timeout_ms,
		   .not_after_ms = c->host.not_after_ms > 0 ? c->host.not_after_ms - set_by_ms : 0,
		   .segment = c->segment,
		   .intent = c->intent,
		   .link = c->past ? c->past->link : 0,
		   .boot = again ? again->boot : text_or_null(r->runs->boot),
		   .boot_ms = c->intent_boot_ms,
	       });
}

static void add_text(cJSON *out, const char *name, const char *text)
{
	if (text && *text)
		(void)cJSON_AddStringToObject(out, name, text);
}

/* What error_object_push needs again. */
static void write_error(struct buf *out, const struct call_end *e)
{
	cJSON *v = cJSON_CreateObject();
	add_text(v, "code", e->code);
	add_text(v, "message", e->message);
	add_text(v, "requestId", e->request_id);
	(void)cJSON_AddBoolToObject(v, "retryable", e->retryable);
	json_set_int(v, "status", e->status);
	json_set_int(v, "attempts", e->attempts);
	if (e->extra)
		(void)cJSON_AddItemReferenceToObject(v, "extra", e->extra);
	json_write(out, v);
	cJSON_Delete(v);
}

/* The arguments of what has no beginning: for people. */
static void write_args(struct buf *out, const struct call *c)
{
	if (c->end.outcome != CALL_INVALID && c->args_text &&
	    !record_has_sensitive(c->op->op->members)) {
		buf_adds(out, c->args_text);
		return;
	}
	cJSON *shown = record_redacted(c->args, c->op->op->members, c->runs->committer);
	json_write(out, shown);
	cJSON_Delete(shown);
}

bool rows_call_end(const struct call *c)
{
	struct run *r = c->run;
	struct store_batch *b = c->begun ? batch_of(r) : steps_of(r);
	observe_step_ended(r, STEP_CALL);
	if (!b)
		return true;
	struct buf answer = BUF_INIT(JSON_TEXT_MAX), error = BUF_INIT(JSON_TEXT_MAX),
		   args = BUF_INIT(JSON_TEXT_MAX);
	if (c->end.code)
		write_error(&error, &c->end);
	else if (c->end.answer_text)
		buf_adds(&answer, c->end.answer_text);
	else
		json_write(&answer, c->end.answer);
	if (!c->begun)
		write_args(&args, c);
	size_t n = answer.n + error.n;
	bool fits = !answer.err && !error.err && n <= RUN_ANSWERS_MAX - r->answer_bytes;
	r->answer_bytes += fits ? n : 0;
	store_add_end(b, &(struct step_end){
			     .run = r->facts.id,
			     .attempt = r->facts.attempt,
			     .path = c->path,
			     .kind = STEP_CALL,
			     .operation = c->op->full_name,
			     .args_hash = c->hash,
			     .args = c->begun || args.err ? NULL : buf_cstr(&args),
			     .outcome = call_outcome_name(c->end.outcome),
			     .answer = fits && !c->end.code ? buf_cstr(&answer) : NULL,
			     .error = fits && c->end.code ? buf_cstr(&error) : NULL,
			     .begun_ms = c->begun ? 0 : c->asked_ms,
			     .ended_ms = clock_wall_ms(),
			     .intent = c->intent,
			 });
	buf_clear(&answer);
	buf_clear(&error);
	buf_clear(&args);
	return fits;
}

/* ---- other steps ---- */

void rows_begin(struct branch *br, enum step_kind kind, const char *operation, const char *hash,
		int64_t until_ms)
{
	const struct run *r = br->run;
	struct store_batch *b = steps_of(r);
	if (!b)
		return;
	store_add_step(b, &(struct step_row){
			      .run = r->facts.id,
			      .attempt = r->facts.attempt,
			      .path = br->path,
			      .kind = kind,
			      .operation = operation,
			      .args = "{}",
			      .args_hash = hash,
			      .begun_ms = clock_wall_ms(),
			      .until_ms = until_ms == INT64_MAX ? 0 : until_ms,
			  });
}

void rows_end(struct branch *br, const struct rows_end *e)
{
	const struct run *r = br->run;
	struct store_batch *b = steps_of(r);
	observe_step_ended(r, e->kind);
	if (!b)
		return;
	store_add_end(b, &(struct step_end){
			     .run = r->facts.id,
			     .attempt = r->facts.attempt,
			     .path = br->path,
			     .kind = e->kind,
			     .operation = e->operation,
			     .args_hash = e->hash,
			     .args = e->args,
			     .outcome = e->outcome,
			     .answer = e->answer,
			     .error = e->error,
			     .ended_ms = clock_wall_ms(),
			 });
}

void rows_approval(struct branch *br, const struct approval *a)
{
	const struct run *r = br->run;
	struct store_batch *b = steps_of(r);
	if (!b)
		return;
	store_add_approval(b, &(struct approval_row){
				  .run = r->facts.id,
				  .attempt = r->facts.attempt,
				  .path = br->path,
				  .subject = a->subject,
				  .details = a->details,
				  .asker = r->facts.actor,
				  .needed = a->needed,
				  .expires_ms = a->expires_ms == INT64_MAX ? 0 : a->expires_ms,
			      });
}

void rows_vote(struct runs *runs, const struct vote_row *v)
{
	bool taken = runs->store_path && !commit_failed(runs->committer, NULL);
	struct store_batch *b = taken ? commit_store(runs->committer) : NULL;
	if (b)
		store_add_vote(b, v);
}
