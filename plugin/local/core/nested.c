#include "local/core/nested.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "local/core/api.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/redrive.h"
#include "local/core/self_task.h"
#include "local/core/task.h"
#include "local/core/task_events.h"
#include "local/core/version.h"

static const char resource_start[] = ":::states:startExecution";

bool nested_is(const char *resource)
{
	return strstr(resource, resource_start) != NULL;
}

static bool has_suffix(const struct frame *f, const char *suffix)
{
	const char *found = strstr(f->task->resource, resource_start);
	return strcmp(found + strlen(resource_start), suffix) == 0;
}

/* ---- waiting ---- */

/* Two tasks may wait for one execution: StartExecution with the same name and input answers the one
 * that runs. The table has the first, the others hang on it. */
void nested_wait(struct frame *f, char *arn)
{
	struct table *all = &f->x->e->nested;
	struct frame *first = table_find(all, arn);
	f->task->nested = arn;
	f->task->next = first;
	f->task->prev = NULL;
	if (first) {
		(void)table_del(all, bytes_str(arn));
		first->task->prev = f;
	}
	table_add(all, bytes_str(f->task->nested), f);
}

void nested_unwait(struct frame *f)
{
	struct table *all = &f->x->e->nested;
	struct task *t = f->task;
	if (!t || !t->nested)
		return;
	if (t->next)
		t->next->task->prev = t->prev;
	if (t->prev) {
		t->prev->task->next = t->next;
	} else {
		(void)table_del(all, bytes_str(t->nested));
		if (t->next)
			table_add(all, bytes_str(t->next->task->nested), t->next);
	}
	free(t->nested);
	t->nested = NULL;
	t->next = t->prev = NULL;
}

/* ---- start ---- */

/* The arguments of StartExecution: Input may be any JSON, a string stands for itself. */
static cJSON *make_args(const cJSON *parameters)
{
	cJSON *args = cJSON_CreateObject();
	const char *machine = json_get_str(parameters, "StateMachineArn");
	const char *name = json_get_str(parameters, "Name");
	const cJSON *input = json_get(parameters, "Input");
	INVARIANT(args && cJSON_AddStringToObject(args, "stateMachineArn", machine ? machine : ""));
	if (name)
		INVARIANT(cJSON_AddStringToObject(args, "name", name));
	if (input && !cJSON_IsNull(input)) {
		struct buf text = MEM_BUF;
		if (cJSON_IsString(input))
			buf_adds(&text, input->valuestring);
		else
			json_write(&text, input);
		INVARIANT(cJSON_AddStringToObject(args, "input", buf_cstr(&text)));
		buf_clear(&text);
	}
	return args;
}

static int start(struct frame *f, struct execution **out, struct err *err)
{
	struct engine *e = f->x->e;
	struct target to;
	struct buf extra = MEM_BUF;
	cJSON *args = make_args(doc_tree(f->task->input));
	const struct api_call call = { e, args, NULL, &extra, false };
	int rc = target_find(e, json_get_str(args, "stateMachineArn"), &to, err);
	if (!rc)
		rc = api_start(&call, &to, out, err);
	cJSON_Delete(args);
	buf_clear(&extra);
	return rc;
}

/* What the Step Functions API answered, as a task sees it. */
static void write_answer(struct buf *out, struct frame *f, const struct execution *x)
{
	struct jsonw w = { out, false };
	char request[UUID_SIZE];
	engine_uuid(f->x->e, request, 4);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "ExecutionArn", x->arn);
	jsonw_open(&w, "SdkHttpMetadata", '{');
	jsonw_open(&w, "AllHttpHeaders", '{');
	jsonw_open(&w, "x-amzn-RequestId", '[');
	jsonw_str(&w, NULL, request);
	jsonw_close(&w, ']');
	jsonw_raw(&w, "Content-Type", BYTES_LIT("[\"application/x-amz-json-1.0\"]"));
	jsonw_close(&w, '}');
	jsonw_open(&w, "HttpHeaders", '{');
	jsonw_str(&w, "Content-Type", "application/x-amz-json-1.0");
	jsonw_str(&w, "x-amzn-RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "HttpStatusCode", 200);
	jsonw_close(&w, '}');
	jsonw_open(&w, "SdkResponseMetadata", '{');
	jsonw_str(&w, "RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "StartDate", x->start_ms);
	jsonw_close(&w, '}');
}

static void refused(struct frame *f, const struct err *why)
{
	char request[UUID_SIZE];
	engine_uuid(f->x->e, request, 4);
	char *error = mem_printf("StepFunctions.%sException", why->name);
	char *cause = mem_printf("%s (Service: AWSStepFunctions; Status Code: 400; Error Code: %s; "
				 "Request ID: %s; Proxy: null)",
				 why->message, why->name, request);
	task_failed(f, error, cause);
	free(error);
	free(cause);
}

void nested_start(struct frame *f)
{
	struct err why = { 0 };
	struct execution *x;
	struct buf answer = MEM_BUF;
	if (start(f, &x, &why) != 0) {
		refused(f, &why);
		return;
	}
	write_answer(&answer, f, x);
	if (has_suffix(f, "")) {
		task_succeeded(f, buf_bytes(&answer));
	} else {
		task_note_submitted(f, buf_bytes(&answer));
		nested_wait(f, mem_str(x->arn));
	}
	buf_clear(&answer);
}

/* ---- end ---- */

/* Input or output: text for .sync, JSON for .sync:2. */
static void write_data(struct jsonw *w, const char *name, struct doc *d, bool as_json)
{
	char about[24];
	if (!d)
		return;
	(void)snprintf(about, sizeof(about), "%sDetails", name);
	if (as_json)
		jsonw_raw(w, name, doc_text(d));
	else
		jsonw_bytes(w, name, doc_text(d));
	jsonw_raw(w, about, BYTES_LIT("{\"Included\":true}"));
}

/* DescribeExecution in the spelling of a task's result. */
static void write_description(struct buf *out, const struct execution *x, bool as_json)
{
	struct jsonw w = { out, false };
	const char *why = redrive_refusal(x, x->stop_ms);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "Cause", x->cause);
	jsonw_str(&w, "Error", x->error);
	jsonw_str(&w, "ExecutionArn", x->arn);
	write_data(&w, "Input", x->input, as_json);
	jsonw_str(&w, "Name", x->name);
	write_data(&w, "Output", x->output, as_json);
	jsonw_int(&w, "RedriveCount", x->redrive_count);
	jsonw_str(&w, "RedriveStatus", why ? "NOT_REDRIVABLE" : "REDRIVABLE");
	jsonw_str(&w, "RedriveStatusReason", why);
	jsonw_int(&w, "StartDate", x->start_ms);
	jsonw_str(&w, "StateMachineArn", x->machine_arn);
	jsonw_str(&w, "Status", execution_status_name(x->status.now));
	jsonw_int(&w, "StopDate", x->stop_ms);
	jsonw_close(&w, '}');
}

void nested_ended(struct execution *x)
{
	struct frame *f;
	while ((f = table_find(&x->e->nested, x->arn)) != NULL) {
		if (f->task->kind == TASK_SELF) {
			self_task_wake(f); /* nobody else waits for a synchronous one */
			return;
		}
		struct buf text = MEM_BUF;
		write_description(&text, x, has_suffix(f, ".sync:2"));
		nested_unwait(f);
		if (x->status.now == EXECUTION_SUCCEEDED)
			task_succeeded(f, buf_bytes(&text));
		else
			task_failed(f, "States.TaskFailed", buf_cstr(&text));
		buf_clear(&text);
	}
}

void nested_stop(struct frame *f)
{
	if (!f->task || !f->task->nested)
		return;
	struct execution *x = table_find(&f->x->e->executions, f->task->nested);
	nested_unwait(f);
	if (!x || table_find(&x->e->nested, x->arn))
		return; /* others wait for it */
	bool collect = x->sync;
	x->sync = false; /* nobody will ask for its end */
	if (execution_is_open(x))
		execution_abort(x, NULL, NULL);
	else if (collect)
		execution_bury(x);
}
