#include "script/call_again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/call_private.h"
#include "script/json_lua.h"
#include "script/record.h"
#include "script/rows.h"

/* ---- tokens ---- */

void call_make_token(char out[UUID_SIZE], const struct run_facts *run, const char *path, int link)
{
	char text[STEP_PATH_SIZE + 128];
	uint8_t hash[SHA256_LEN];
	int n = snprintf(text, sizeof(text), "token/%s/%d/%s", run->id, run->attempt, path);
	if (link > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "/%d", link);
	INVARIANT(n > 0 && (size_t)n < sizeof(text));
	INVARIANT(sha256(hash, (struct bytes){ text, (size_t)n }) == 0);
	uuid_format(out, hash, 8);
}

bool call_has_made_token(const char *token, const struct run_facts *run, const char *path, int link)
{
	char made[UUID_SIZE];
	if (!token || link > 0)
		return true;
	call_make_token(made, run, path, 0);
	return strcmp(made, token) == 0;
}

static const struct member *token_member(const struct operation *op)
{
	for (const struct member *m = op->members; m && m->name; m++)
		if (m->flags & MEMBER_TOKEN)
			return m;
	return NULL;
}

void call_find_token(struct call *c)
{
	const struct member *m = token_member(c->op->op);
	const char *token = m ? json_get_str(c->args, m->name) : NULL;
	c->token_name = m ? m->name : NULL;
	c->token = token ? token : "";
}

/* ---- as it was ---- */

struct call *call_again_new(struct run *r, const struct registered_op *op,
			    const struct step_row *row, struct call_past *past)
{
	struct branch at = { .run = r };
	cJSON *args = json_parse(bytes_str(row->args ? row->args : "{}"), NULL);
	(void)snprintf(at.path, sizeof(at.path), "%s", row->path);
	struct call *c = cJSON_IsObject(args) ? call_new(&at, op, args) : NULL;
	if (!c) {
		if (!cJSON_IsObject(args))
			cJSON_Delete(args);
		return NULL;
	}
	(void)snprintf(c->hash, sizeof(c->hash), "%s", row->args_hash ? row->args_hash : "");
	c->past = past;
	c->begun = true;
	c->intent = row->intent;
	c->intent_ms = past->first_ms;
	c->intent_boot_ms = past->boot_ms;
	c->host.not_after_ms = row->not_after_ms > 0 ? row->not_after_ms + past->set_by_ms : 0;
	c->baseline = call_copy_text(row->baseline);
	c->group = strdup(row->group ? row->group : "");
	call_find_token(c);
	if (call_write_args(c) && c->group && (!row->baseline || c->baseline))
		return c;
	call_free(c);
	return NULL;
}

/* ---- a look ---- */

void call_looked(struct call *c, const struct call_result *found)
{
	c->looking = false;
	c->past->looked(c->past->arg, found); /* may free c */
}

static void on_look_deadline(void *arg)
{
	struct call *c = arg;
	c->deadline = NULL;
	call_stop_plugin(c);
	call_looked(c,
		    &(struct call_result){ .code = "DeadlineExceeded",
					   .message = "no answer before the deadline of the call",
					   .retryable = true });
}

static void on_look_recorded(void *arg, const struct err *err)
{
	struct call *c = arg;
	int64_t timeout = c->run ? c->run->call_timeout_ms : 0;
	c->committing = false;
	if (!c->runs) {
		call_free(c);
		return;
	}
	if (c->sm.now != CALL_S_LOOKING)
		return; /* given up; its run still has it */
	if (err->code != 0) {
		call_looked(c, &(struct call_result){ .code = "AuditUnavailable",
						      .message = err->message });
		return;
	}
	c->looking = true;
	c->host.deadline_ms = clock_mono_ms() + timeout;
	c->deadline =
	    timer_start(c->runs->loop, timeout + CALL_DEADLINE_GRACE_MS, on_look_deadline, c);
	c->op->op->reconcile(c->op->state, &c->host);
}

void call_look(struct call *c, int64_t sent_until_ms, int64_t skew_ms)
{
	sm_move(&c->sm, CALL_S_LOOKING);
	c->host.baseline = bytes_str(c->baseline ? c->baseline : "");
	c->host.intent_ms = c->past->first_ms + c->past->set_by_ms;
	c->host.sent_until_ms = sent_until_ms + c->past->set_by_ms;
	c->host.skew_ms = skew_ms;
	c->host.not_after_ms = 0; /* of its token, not of a look */
	c->host.may_send = NULL;  /* likewise */
	c->committing = true;
	record_look(c, on_look_recorded);
}

/* ---- once more ---- */

void call_resend(struct call *c)
{
	c->past->replaces = false;
	call_enter_recording(c);
}

bool call_use_token(struct call *c, const char *token)
{
	if (!c->token_name || strcmp(token, c->token) == 0)
		return true;
	cJSON *made = cJSON_CreateString(token);
	if (!made || !cJSON_ReplaceItemInObjectCaseSensitive(c->args, c->token_name, made)) {
		cJSON_Delete(made);
		return false;
	}
	call_find_token(c);
	return call_write_args(c);
}

bool call_replace(struct call *c, const char *token, int link)
{
	if (!call_use_token(c, token))
		return false;
	record_settle(c, "not_done", NULL);
	c->past->replaces = true;
	c->past->link = link;
	call_enter_recording(c);
	return true;
}

static bool is_proof(const struct operation *op, const char *code)
{
	for (const char *const *name = op->undone; name && *name && code; name++)
		if (strcmp(*name, code) == 0)
			return true;
	return false;
}

bool call_is_end(const struct call *c)
{
	const struct call_end *e = &c->end;
	if (!c->past || c->started_us == 0 || e->outcome == CALL_OK)
		return true;
	/* What came before it was not done: a script may be told that this was not done either. */
	if (c->past->replaces && c->unclear)
		return e->outcome != CALL_UNKNOWN;
	if (e->outcome != CALL_ERROR)
		return false;
	return c->past->replaces ? !e->retryable : is_proof(c->op->op, e->code);
}

/* ---- the end ---- */

void call_settle(struct call *c)
{
	sm_move(&c->sm, CALL_S_SETTLING);
	c->committing = true;
	c->started_us = 0;
	if (c->end.outcome == CALL_UNKNOWN)
		run_add_unknown(c->run, c);
	(void)run_came(c->runs, c->ticket);
	record_settle(c, call_outcome_name(c->end.outcome), call_on_end_durable);
	if (!rows_call_end(c))
		run_too_much(c->run);
}

void call_again_stop(struct call *c)
{
	if (c->sm.now != CALL_S_LOOKING) {
		(void)call_suspend(c, true);
		return;
	}
	if (c->looking)
		call_stop_plugin(c);
	c->looking = false;
	sm_move(&c->sm, CALL_S_ENDED);
}

/* ---- ends from elsewhere ---- */

static void take_text(char **to, const cJSON *from, const char *name)
{
	free(*to);
	*to = call_copy_text(json_get_str(from, name));
}

/* Of the answer the log has what its operation declares to be a key fact. */
static bool take_facts(struct call *c, const cJSON *record)
{
	const cJSON *facts = json_get(record, "facts");
	if (facts && !cJSON_IsObject(facts))
		return false;
	c->end.answer = facts ? cJSON_Duplicate(facts, true) : cJSON_CreateObject();
	if (c->end.answer && json_get_bool(record, "replayed", false))
		(void)cJSON_AddTrueToObject(c->end.answer, "replayed");
	return c->end.answer;
}

bool call_take_record(struct call *c, const char *text)
{
	struct call_end *e = &c->end;
	cJSON *record = json_parse(bytes_str(text), NULL);
	const char *name = json_get_str(record, "outcome");
	bool good = name && call_outcome_parse(&e->outcome, name) && e->outcome != CALL_UNKNOWN;
	take_text(&e->code, record, "code");
	take_text(&e->message, record, "message");
	take_text(&e->request_id, record, "requestId");
	e->status = (int)json_get_int(record, "status", 0);
	e->attempts = (int)json_get_int(record, "attempts", 0);
	if (good && e->outcome == CALL_OK)
		good = take_facts(c, record);
	else
		good = good && e->code && strcmp(e->code, CALL_SUSPENDED) != 0;
	cJSON_Delete(record);
	return good;
}

bool call_take_found(struct call *c, const struct call_result *found)
{
	struct call_end *e = &c->end;
	e->outcome = CALL_RECONCILED;
	e->answer = json_parse(found->answer.n > 0 ? found->answer : BYTES_LIT("{}"), NULL);
	e->context = found->context.n > 0 ? json_parse(found->context, NULL) : NULL;
	e->request_id = call_copy_text(found->request_id);
	e->message = call_copy_text(found->message);
	return cJSON_IsObject(e->answer);
}
