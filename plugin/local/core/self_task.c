#include "local/core/self_task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "local/core/api.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/nested.h"
#include "local/core/task.h"

static const char resource_start[] = ":::aws-sdk:sfn:";

enum { NAME_SIZE = 128 };

bool self_task_is(const char *resource)
{
	return strstr(resource, resource_start) != NULL;
}

static char upper(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* "...:sfn:describeMapRun.waitForTaskToken" is the operation "DescribeMapRun". */
static void operation_name(char out[NAME_SIZE], const char *resource)
{
	const char *name = strstr(resource, resource_start) + strlen(resource_start);
	(void)snprintf(out, NAME_SIZE, "%.*s", (int)strcspn(name, "."), name);
	out[0] = upper(out[0]);
}

/* ---- arguments ---- */

/* The members below v in the spelling of the wire. */
static void lower_members(cJSON *v)
{
	for (cJSON *m = v->child; m; m = m->next) {
		if (cJSON_IsObject(v))
			m->string[0] = lower(m->string[0]);
		lower_members(m);
	}
}

static bool is_text(const struct arg *members, const char *name)
{
	const struct arg *m = members;
	while (m->name && strcmp(m->name, name) != 0)
		m++;
	return m->name && m->type == ARG_STRING;
}

static void to_text(cJSON *args, const char *name, const cJSON *v)
{
	struct buf text = MEM_BUF;
	json_write(&text, v);
	cJSON *string = cJSON_CreateString(buf_cstr(&text));
	INVARIANT(string && cJSON_ReplaceItemInObjectCaseSensitive(args, name, string));
	buf_clear(&text);
}

/* @param[out] out  the request's arguments, owned by the caller */
static int make_args(const cJSON *parameters, const struct arg *members, cJSON **out,
		     struct err *err)
{
	if (!cJSON_IsObject(parameters))
		return fault(err, "States.Runtime", "The Parameters must be an object");
	*out = cJSON_CreateObject();
	INVARIANT(*out);
	for (const cJSON *p = parameters->child; p; p = p->next) {
		char name[NAME_SIZE];
		if (lower(p->string[0]) == p->string[0]) {
			cJSON_Delete(*out);
			return fault(err, "States.Runtime",
				     "The field '%s' is not supported by Step Functions",
				     p->string);
		}
		cJSON *v = cJSON_Duplicate(p, true);
		(void)snprintf(name, sizeof(name), "%s", p->string);
		name[0] = lower(name[0]);
		INVARIANT(v && cJSON_AddItemToObject(*out, name, v));
		bool structure = cJSON_IsObject(v) || cJSON_IsArray(v);
		if (structure && is_text(members, name))
			to_text(*out, name, v);
		else
			lower_members(v);
	}
	return 0;
}

/* ---- results ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), len = strlen(end);
	return n >= len && strcmp(name + n - len, end) == 0;
}

static void write_number(struct jsonw *w, const char *name, const cJSON *v)
{
	int64_t n;
	if (name && (ends_with(name, "Date") || strcmp(name, "Timestamp") == 0)) {
		char text[ISO8601_SIZE];
		iso8601_format(text, (int64_t)llround(v->valuedouble * 1000));
		jsonw_str(w, name, text);
	} else if (json_int(v, &n) && !(name && ends_with(name, "Percentage"))) {
		jsonw_int(w, name, n);
	} else {
		jsonw_double(w, name, v->valuedouble);
	}
}

/* An answer of the wire as the SDK prints it. @param name  NULL: an element, or the whole */
static void write_value(struct jsonw *w, const char *name, const cJSON *v)
{
	bool object = cJSON_IsObject(v);
	if (cJSON_IsString(v)) {
		jsonw_str(w, name, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		write_number(w, name, v);
	} else if (cJSON_IsBool(v)) {
		jsonw_bool(w, name, cJSON_IsTrue(v));
	} else if (object || cJSON_IsArray(v)) {
		jsonw_open(w, name, object ? '{' : '[');
		for (const cJSON *m = v->child; m; m = m->next) {
			char member[NAME_SIZE];
			if (object && strcmp(m->string, "__type") == 0)
				continue;
			(void)snprintf(member, sizeof(member), "%s", object ? m->string : "");
			member[0] = upper(member[0]);
			write_value(w, object ? member : NULL, m);
		}
		jsonw_close(w, object ? '}' : ']');
	}
}

static void succeed(struct frame *f, struct bytes answer)
{
	struct buf text = MEM_BUF;
	struct jsonw w = { &text, false };
	cJSON *tree = json_parse(answer, NULL);
	INVARIANT(tree);
	write_value(&w, NULL, tree);
	cJSON_Delete(tree);
	task_done(f, buf_bytes(&text));
	buf_clear(&text);
}

/* @param more  further members of the error, or nothing */
static void refuse(struct frame *f, const struct err *why, struct bytes more)
{
	char request[UUID_SIZE];
	cJSON *members = more.n ? json_parse(more, NULL) : NULL;
	const char *longer = json_get_str(members, "message");
	const char *end = ends_with(why->name, "Exception") ? "" : "Exception";
	engine_uuid(f->x->e, request, 4);
	char *error = mem_printf("Sfn.%s%s", why->name, end);
	char *cause = mem_printf("%s (Service: Sfn, Status Code: %d, Request ID: %s) "
				 "(SDK Attempt Count: 1)",
				 longer ? longer : why->message, why->status, request);
	task_failed(f, error, cause);
	free(error);
	free(cause);
	cJSON_Delete(members);
}

/* ---- serving ---- */

/* Wait for what `answer` names (api_wait). */
static void wait_for(struct frame *f, struct bytes answer)
{
	cJSON *how = json_parse(answer, NULL);
	int64_t until = f->x->e->now + json_get_int(how, "seconds", 0) * 1000;
	nested_wait(f, mem_str(json_get_str(how, "key")));
	frame_set_alarm(f, until < f->task->deadline_ms ? until : f->task->deadline_ms);
	cJSON_Delete(how);
}

/* The operation may end any execution, this one too. */
static bool still_there(const struct frame *f)
{
	return f->phase.now == FRAME_TASK && f->task;
}

static void serve(struct frame *f, const char *op, const cJSON *args, bool may_wait)
{
	struct err why = { 0 };
	struct buf answer = MEM_BUF;
	int rc = api_serve(f->x->e, &(struct api_request){ op, args, true }, &answer, &why);
	if (!still_there(f)) {
		buf_clear(&answer);
		return;
	}
	if (err_code_of(rc) == ERR_TIMEOUT && may_wait)
		wait_for(f, buf_bytes(&answer));
	else if (err_code_of(rc) == ERR_TIMEOUT)
		task_done(f, BYTES_LIT("{}"));
	else if (rc)
		refuse(f, &why, buf_bytes(&answer));
	else
		succeed(f, buf_bytes(&answer));
	buf_clear(&answer);
}

static void call(struct frame *f, bool may_wait)
{
	char op[NAME_SIZE];
	struct err why = { 0 };
	cJSON *args;
	operation_name(op, f->task->resource);
	const struct arg *members = api_members(op);
	int rc = 0;
	if (!members)
		rc = fault(&why, "States.Runtime", "The resource '%s' is not recognized",
			   f->task->resource);
	else
		rc = make_args(doc_tree(f->task->input), members, &args, &why);
	if (rc) {
		task_failed(f, why.name, why.message);
		return;
	}
	serve(f, op, args, may_wait);
	cJSON_Delete(args);
}

void self_task_start(struct frame *f)
{
	call(f, true);
}

void self_task_wake(struct frame *f)
{
	frame_set_alarm(f, f->x->e->now);
}

void self_task_restored(struct frame *f)
{
	struct task *t = f->task;
	bool waits = t->kind == TASK_SELF && t->nested;
	struct execution *x = waits ? table_find(&f->x->e->executions, t->nested) : NULL;
	if (x)
		x->sync = true;
}

void self_task_resume(struct frame *f)
{
	char op[NAME_SIZE];
	char *key = mem_str(f->task->nested);
	operation_name(op, f->task->resource);
	nested_unwait(f);
	alarm_off(&f->x->e->alarms, &f->alarm);
	task_heartbeat(f);
	if (strcmp(op, "StartSyncExecution") == 0) {
		cJSON *args = cJSON_CreateObject();
		INVARIANT(args && cJSON_AddStringToObject(args, "executionArn", key));
		serve(f, API_COLLECT, args, false);
		cJSON_Delete(args);
	} else {
		call(f, false);
	}
	free(key);
}
