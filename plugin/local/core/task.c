#include "local/core/task.h"

#include <stdlib.h>

#include "base/err.h"
#include "local/core/activity.h"
#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/nested.h"
#include "local/core/self_task.h"
#include "local/core/state.h"
#include "local/core/task_events.h"
#include "local/core/task_token.h"

static const char token_suffix[] = ".waitForTaskToken";

/* ---- what it is ---- */

/* NAME of "NAME", "NAME:QUALIFIER", "ACCOUNT:function:NAME" and function ARNs. */
static char *function_name(const char *text)
{
	const char *mark = strstr(text, "function:");
	const char *name = mark ? mark + strlen("function:") : text;
	return mem_dup((struct bytes){ name, strcspn(name, ":") });
}

/* QUALIFIER of these; NULL: there is none. */
static char *function_qualifier(const char *text)
{
	const char *mark = strstr(text, "function:");
	const char *colon = strchr(mark ? mark + strlen("function:") : text, ':');
	return colon && colon[1] ? mem_str(colon + 1) : NULL;
}

static void set_function(struct task *t, const char *text, const char *qualifier)
{
	t->function = function_name(text);
	t->qualifier = qualifier ? mem_str(qualifier) : function_qualifier(text);
}

static enum task_kind kind_of(const char *resource)
{
	if (strstr(resource, ":lambda:") && strstr(resource, ":function:"))
		return TASK_LAMBDA;
	if (strstr(resource, ":states:") && strstr(resource, ":activity:"))
		return TASK_ACTIVITY;
	if (nested_is(resource) && !strstr(resource, token_suffix))
		return TASK_NESTED;
	if (self_task_is(resource))
		return TASK_SELF;
	const char *service = strstr(resource, ":::");
	if (service && strncmp(service, ":::lambda:invoke", 16) == 0)
		return TASK_INVOKE;
	return TASK_OTHER;
}

static struct task *task_new(const struct frame *f)
{
	const char *resource = json_get_str(f->state->def, "Resource");
	struct task *t = mem_zero(sizeof(*t));
	t->resource = mem_str(resource ? resource : "");
	t->kind = kind_of(t->resource);
	t->waits_for_token = strstr(t->resource, token_suffix) != NULL;
	t->deadline_ms = INT64_MAX;
	return t;
}

static void set_token(struct frame *f, char *token)
{
	f->task->token = token;
	table_add(&f->x->e->tokens, bytes_str(token), f);
}

static void set_input(struct task *t, struct doc *input)
{
	t->input = input;
	if (t->kind == TASK_LAMBDA)
		set_function(t, t->resource, NULL);
	if (t->kind == TASK_INVOKE) {
		const char *name = json_get_str(doc_tree(input), "FunctionName");
		set_function(t, name ? name : "", json_get_str(doc_tree(input), "Qualifier"));
	}
}

/* ---- the clock ---- */

void task_heartbeat(struct frame *f)
{
	const struct task *t = f->task;
	int64_t at = t->deadline_ms;
	if (t->heartbeat_s > 0 && f->x->e->now + t->heartbeat_s * 1000 < at)
		at = f->x->e->now + t->heartbeat_s * 1000;
	if (at != INT64_MAX)
		frame_set_alarm(f, at);
}

static void start_clock(struct frame *f)
{
	struct task *t = f->task;
	t->started = true;
	if (t->timeout_s > 0)
		t->deadline_ms = f->x->e->now + t->timeout_s * 1000;
	task_heartbeat(f);
}

/* ---- begin ---- */

/* Hand it to the world. The context object goes along for those who want to know more. */
static void give(struct frame *f)
{
	struct engine *e = f->x->e;
	struct task *t = f->task;
	bool invoke = t->kind == TASK_INVOKE;
	const cJSON *payload = invoke ? json_get(doc_tree(t->input), "Payload") : NULL;
	struct buf input = MEM_BUF, context = MEM_BUF;
	t->id = engine_order(e);
	table_add(&e->tasks, (struct bytes){ (const char *)&t->id, sizeof(t->id) }, f);
	if (payload)
		json_write(&input, payload);
	else if (invoke)
		buf_adds(&input, "{}");
	cJSON *tree = data_context(f, t->token);
	json_write(&context, tree);
	cJSON_Delete(tree);
	const struct engine_task task = {
		.id = t->id,
		.resource = t->resource,
		.function = t->function,
		.qualifier = t->qualifier,
		.input = invoke ? buf_bytes(&input) : doc_text(t->input),
		.context = buf_bytes(&context),
	};
	if (e->world.task_start)
		e->world.task_start(e->world.arg, &task);
	buf_clear(&input);
	buf_clear(&context);
}

/* Everything the task needs to know; f->task stays, whatever happens. */
static int prepare(struct frame *f, struct doc *input, struct err *err)
{
	struct task *t = f->task;
	struct doc *parameters;
	/* A nested execution that is waited for may be cut short by the token of its task, too. */
	bool awaited = t->kind == TASK_NESTED && strstr(t->resource, ".sync");
	if (t->waits_for_token || (awaited && f->state->uses_context))
		set_token(f, task_token_make(f->x->e, t->resource));
	int rc = data_template(f, f->state->parameters, input, t->token, &parameters, err);
	if (rc)
		return rc;
	set_input(t, parameters);
	rc = data_positive(f, input, f->state->def, "TimeoutSeconds", &t->timeout_s, err);
	if (rc)
		return rc;
	return data_positive(f, input, f->state->def, "HeartbeatSeconds", &t->heartbeat_s, err);
}

void state_task_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input;
	if (!state_input(f, &input))
		return;
	f->task = task_new(f);
	int rc = prepare(f, input, &why);
	doc_unref(input);
	if (rc) {
		task_free(f);
		frame_fault(f, &why);
		return;
	}
	f->order = engine_order(f->x->e);
	task_note_scheduled(f);
	sm_move(&f->phase, FRAME_TASK);
	if (f->task->kind != TASK_ACTIVITY) {
		task_note_started(f, NULL);
		start_clock(f);
		if (f->task->kind == TASK_NESTED)
			nested_start(f);
		else if (f->task->kind == TASK_SELF)
			self_task_start(f);
		else
			give(f);
	} else if (!activity_schedule(f)) {
		char *cause = mem_printf("Activity Does Not Exist: '%s'", f->task->resource);
		task_failed(f, "States.Runtime", cause);
		free(cause);
	}
}

void task_lease(struct frame *f, const char *worker)
{
	activity_unschedule(f);
	set_token(f, task_token_make(f->x->e, f->task->resource));
	task_note_started(f, worker);
	start_clock(f);
	record_touch(f->x->e, &f->x->record);
}

/* ---- stop ---- */

/* The world has nothing to do with it any more. */
static void take_back(struct frame *f)
{
	struct task *t = f->task;
	if (t->id)
		(void)table_del(&f->x->e->tasks,
				(struct bytes){ (const char *)&t->id, sizeof(t->id) });
	t->id = 0;
}

void task_free(struct frame *f)
{
	struct task *t = f->task;
	if (!t)
		return;
	take_back(f);
	activity_unschedule(f);
	if (t->token)
		(void)table_del(&f->x->e->tokens, bytes_str(t->token));
	nested_unwait(f);
	free(t->resource);
	free(t->function);
	free(t->qualifier);
	free(t->token);
	doc_unref(t->input);
	free(t);
	f->task = NULL;
}

void task_stop(struct frame *f)
{
	struct engine *e = f->x->e;
	if (!f->task || f->task->cancelled)
		return;
	nested_stop(f);
	if (f->task->id && e->world.task_stop)
		e->world.task_stop(e->world.arg, f->task->id);
	task_free(f);
}

void task_cancel(struct frame *f)
{
	struct task *t = f->task;
	if (t && t->kind == TASK_ACTIVITY && t->token)
		t->cancelled = true;
}

/* ---- end ---- */

void task_done(struct frame *f, struct bytes output)
{
	cJSON *tree = json_parse(output, NULL);
	if (!tree) {
		task_failed(f, "States.Runtime", "The task's result is not valid JSON");
		return;
	}
	cJSON_Delete(tree);
	if (!f->task->waits_for_token) {
		task_succeeded(f, output);
		return;
	}
	take_back(f);
	task_note_submitted(f, output);
}

void task_succeeded(struct frame *f, struct bytes output)
{
	if (frame_machine_deleted(f))
		return;
	struct doc *result = task_note_succeeded(f, output);
	alarm_off(&f->x->e->alarms, &f->alarm);
	take_back(f);
	task_free(f);
	state_finish(f, result);
	doc_unref(result);
}

void task_failed(struct frame *f, const char *error, const char *cause)
{
	if (frame_machine_deleted(f))
		return;
	task_note_failed(f, false, error, cause);
	alarm_off(&f->x->e->alarms, &f->alarm);
	take_back(f);
	task_free(f);
	frame_fail(f, error, cause);
}

void task_timed_out(struct frame *f)
{
	bool beat_missed = f->x->e->now < f->task->deadline_ms;
	if (beat_missed && f->task->kind == TASK_SELF && f->task->nested) {
		self_task_resume(f);
		return;
	}
	task_note_failed(f, true, "States.Timeout", NULL);
	task_stop(f);
	f->beat_missed = beat_missed;
	frame_fail(f, "States.Timeout", NULL);
}

/* ---- store ---- */

void task_write(struct jsonw *w, const struct frame *f)
{
	struct task *t = f->task;
	if (!t || t->cancelled)
		return;
	jsonw_open(w, "task", '{');
	jsonw_bytes(w, "input", doc_text(t->input));
	jsonw_str(w, "token", t->token);
	jsonw_str(w, "nested", t->nested);
	jsonw_bool(w, "started", t->started);
	jsonw_bool(w, "given", t->id != 0);
	jsonw_int(w, "timeout", t->timeout_s);
	jsonw_int(w, "heartbeat", t->heartbeat_s);
	jsonw_int(w, "deadline", t->deadline_ms);
	jsonw_close(w, '}');
}

void task_restore(struct frame *f, const cJSON *j)
{
	const char *input = json_get_str(j, "input"), *token = json_get_str(j, "token");
	struct task *t = f->task = task_new(f);
	set_input(t, doc_of_text(bytes_str(input ? input : "{}")));
	if (token)
		set_token(f, mem_str(token));
	if (json_get_str(j, "nested"))
		nested_wait(f, mem_str(json_get_str(j, "nested")));
	self_task_restored(f);
	t->started = json_get_bool(j, "started", false);
	t->timeout_s = json_get_int(j, "timeout", 0);
	t->heartbeat_s = json_get_int(j, "heartbeat", 0);
	t->deadline_ms = json_get_int(j, "deadline", INT64_MAX);
	if (t->kind == TASK_ACTIVITY && !t->started)
		(void)activity_schedule(f);
	else if (json_get_bool(j, "given", false))
		give(f);
}
