#include "local/task.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/random.h"
#include "local/core.h"
#include "local/data.h"
#include "local/execution.h"
#include "local/fault.h"
#include "local/frame.h"
#include "local/mem.h"
#include "local/state.h"

static const char invoke_resource[] = "arn:aws:states:::lambda:invoke";

/* The events of the two families. */
struct task_events {
	enum event_type scheduled, started, succeeded, failed, timed_out;
};

static const struct task_events lambda_events = { EV_LAMBDA_SCHEDULED, EV_LAMBDA_STARTED,
						  EV_LAMBDA_SUCCEEDED, EV_LAMBDA_FAILED,
						  EV_LAMBDA_TIMED_OUT };
static const struct task_events service_events = { EV_TASK_SCHEDULED, EV_TASK_STARTED,
						   EV_TASK_SUCCEEDED, EV_TASK_FAILED,
						   EV_TASK_TIMED_OUT };

static const struct task_events *events_of(const struct task *t)
{
	return t->kind == TASK_LAMBDA ? &lambda_events : &service_events;
}

static const char *resource_of(const struct frame *f)
{
	const char *resource = json_get_str(f->state->def, "Resource");
	return resource ? resource : "";
}

/* "arn:aws:states:::aws-sdk:s3:getObject" is of type "aws-sdk:s3", resource "getObject". */
static void add_resource(struct jsonw *w, const struct frame *f)
{
	const char *text = resource_of(f);
	const char *start = strstr(text, ":::");
	start = start ? start + 3 : text;
	const char *colon = strrchr(start, ':');
	jsonw_str(w, "resource", colon ? colon + 1 : start);
	jsonw_bytes(w, "resourceType",
		    (struct bytes){ start, colon ? (size_t)(colon - start) : strlen(start) });
}

/* NAME of "NAME", "NAME:QUALIFIER", "ACCOUNT:function:NAME" and function ARNs. */
static char *function_name(const char *text)
{
	const char *mark = strstr(text, "function:");
	const char *name = mark ? mark + strlen("function:") : text;
	return mem_dup((struct bytes){ name, strcspn(name, ":") });
}

/* ---- begin ---- */

/* TimeoutSeconds or TimeoutSecondsPath. *out 0: none. */
static int timeout_of(const struct frame *f, struct doc *input, int64_t *out, struct err *err)
{
	const char *path = json_get_str(f->state->def, "TimeoutSecondsPath");
	*out = json_get_int(f->state->def, "TimeoutSeconds", 0);
	if (!path)
		return 0;
	cJSON *v;
	int rc = data_path(f, input, path, &v, err);
	if (rc)
		return rc;
	if (!json_int(v, out) || *out <= 0)
		rc = fault(err, "States.Runtime",
			   "The TimeoutSecondsPath parameter does not reference a positive "
			   "integer: %s",
			   path);
	cJSON_Delete(v);
	return rc;
}

static void note_scheduled(struct frame *f, int64_t timeout_s)
{
	struct task *t = f->task;
	struct details d;
	details_open(&d);
	if (t->kind == TASK_LAMBDA) {
		details_data(&d, "input", t->input);
		jsonw_str(&d.w, "resource", resource_of(f));
	} else {
		jsonw_bytes(&d.w, "parameters", doc_text(t->input));
		jsonw_str(&d.w, "region", f->x->e->region);
		add_resource(&d.w, f);
	}
	if (timeout_s > 0)
		jsonw_int(&d.w, "timeoutInSeconds", timeout_s);
	f->last_id = history_add(f->x, events_of(t)->scheduled, f->last_id, &d);
}

static void note_started(struct frame *f)
{
	struct details d;
	if (f->task->kind == TASK_LAMBDA) {
		f->last_id = history_add(f->x, EV_LAMBDA_STARTED, f->last_id, NULL);
		return;
	}
	details_open(&d);
	add_resource(&d.w, f);
	f->last_id = history_add(f->x, EV_TASK_STARTED, f->last_id, &d);
}

/* Hand the task to the world. The context object goes along for those who want to know more. */
static void give(struct frame *f)
{
	struct engine *e = f->x->e;
	struct task *t = f->task;
	const cJSON *payload =
	    t->kind == TASK_INVOKE ? json_get(doc_tree(t->input), "Payload") : NULL;
	struct buf input = MEM_BUF, context = MEM_BUF;
	t->id = engine_order(e);
	table_add(&e->tasks, (struct bytes){ (const char *)&t->id, sizeof(t->id) }, f);
	if (payload)
		json_write(&input, payload);
	else if (t->kind == TASK_INVOKE)
		buf_adds(&input, "{}");
	cJSON *tree = data_context(f, NULL);
	json_write(&context, tree);
	cJSON_Delete(tree);
	const struct engine_task task = {
		.id = t->id,
		.resource = resource_of(f),
		.function = t->function,
		.input = t->kind == TASK_INVOKE ? buf_bytes(&input) : doc_text(t->input),
		.context = buf_bytes(&context),
	};
	if (e->world.task_start)
		e->world.task_start(e->world.arg, &task);
	buf_clear(&input);
	buf_clear(&context);
	record_touch(e, &f->x->record);
}

static struct task *task_new(const struct frame *f, struct doc *input)
{
	const char *resource = resource_of(f);
	struct task *t = mem_zero(sizeof(*t));
	t->input = input;
	t->kind = TASK_OTHER;
	if (strncmp(resource, "arn:aws:lambda:", 15) == 0) {
		t->kind = TASK_LAMBDA;
		t->function = function_name(resource);
	} else if (strcmp(resource, invoke_resource) == 0) {
		const char *name = json_get_str(doc_tree(input), "FunctionName");
		t->kind = TASK_INVOKE;
		t->function = function_name(name ? name : "");
	}
	return t;
}

void state_task_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input, *parameters;
	int64_t timeout_s = 0;
	if (!state_input(f, &input))
		return;
	int rc = data_template(f, f->state->parameters, input, NULL, &parameters, &why);
	if (!rc) {
		rc = timeout_of(f, input, &timeout_s, &why);
		if (rc)
			doc_unref(parameters);
	}
	doc_unref(input);
	if (rc) {
		frame_fault(f, &why);
		return;
	}
	f->task = task_new(f, parameters);
	note_scheduled(f, timeout_s);
	note_started(f);
	sm_move(&f->phase, FRAME_TASK);
	if (timeout_s > 0)
		frame_set_alarm(f, f->x->e->now + timeout_s * 1000);
	give(f);
}

void task_resume(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input, *parameters;
	if (!state_input(f, &input))
		return;
	int rc = data_template(f, f->state->parameters, input, NULL, &parameters, &why);
	doc_unref(input);
	if (rc) {
		frame_fault(f, &why);
		return;
	}
	f->task = task_new(f, parameters);
	give(f);
}

/* ---- end ---- */

void task_free(struct frame *f)
{
	struct task *t = f->task;
	if (!t)
		return;
	(void)table_del(&f->x->e->tasks, (struct bytes){ (const char *)&t->id, sizeof(t->id) });
	free(t->function);
	doc_unref(t->input);
	free(t);
	f->task = NULL;
}

void task_stop(struct frame *f)
{
	struct engine *e = f->x->e;
	if (f->task && e->world.task_stop)
		e->world.task_stop(e->world.arg, f->task->id);
	task_free(f);
}

/* What the Lambda API answers around the payload. */
static struct doc *invoke_answer(struct frame *f, struct bytes payload)
{
	struct buf b = MEM_BUF;
	struct jsonw w = { &b, false };
	char request[UUID_SIZE];
	engine_uuid(f->x->e, request, 4);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "ExecutedVersion", "$LATEST");
	jsonw_raw(&w, "Payload", payload);
	jsonw_open(&w, "SdkHttpMetadata", '{');
	jsonw_open(&w, "HttpHeaders", '{');
	jsonw_str(&w, "Content-Type", "application/json");
	jsonw_str(&w, "x-amzn-RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "HttpStatusCode", 200);
	jsonw_close(&w, '}');
	jsonw_open(&w, "SdkResponseMetadata", '{');
	jsonw_str(&w, "RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "StatusCode", 200);
	jsonw_close(&w, '}');
	size_t n;
	char *text = mem_take(&b, &n);
	return doc_of_owned(text, n);
}

void task_succeeded(struct frame *f, struct bytes output)
{
	struct details d;
	cJSON *tree = json_parse(output, NULL);
	if (!tree) {
		task_failed(f, "States.Runtime", "The task's result is not valid JSON");
		return;
	}
	cJSON_Delete(tree);
	if (frame_machine_deleted(f))
		return;
	const enum event_type type = events_of(f->task)->succeeded;
	struct doc *result =
	    f->task->kind == TASK_INVOKE ? invoke_answer(f, output) : doc_of_text(output);
	details_open(&d);
	details_data(&d, "output", result);
	if (f->task->kind != TASK_LAMBDA)
		add_resource(&d.w, f);
	f->last_id = history_add(f->x, type, f->last_id, &d);
	alarm_off(&f->x->e->alarms, &f->alarm);
	task_free(f);
	state_finish(f, result);
	doc_unref(result);
}

static void end_badly(struct frame *f, bool timed_out, const char *error, const char *cause)
{
	bool lambda = f->task->kind == TASK_LAMBDA;
	enum event_type type =
	    timed_out ? events_of(f->task)->timed_out : events_of(f->task)->failed;
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "error", error);
	jsonw_str(&d.w, "cause", cause);
	if (!lambda)
		add_resource(&d.w, f);
	f->last_id = history_add(f->x, type, f->last_id, &d);
	alarm_off(&f->x->e->alarms, &f->alarm);
	if (timed_out)
		task_stop(f);
	else
		task_free(f);
	frame_fail(f, error, cause);
}

void task_failed(struct frame *f, const char *error, const char *cause)
{
	if (!frame_machine_deleted(f))
		end_badly(f, false, error, cause);
}

void task_timed_out(struct frame *f)
{
	end_badly(f, true, "States.Timeout", NULL);
}
