#include "local/core/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/mem.h"

static const struct {
	const char *name;
	const char *details; /* the member that holds them */
} types[EVENT_TYPES] = {
	[EV_ACTIVITY_FAILED] = { "ActivityFailed", "activityFailedEventDetails" },
	[EV_ACTIVITY_SCHEDULED] = { "ActivityScheduled", "activityScheduledEventDetails" },
	[EV_ACTIVITY_STARTED] = { "ActivityStarted", "activityStartedEventDetails" },
	[EV_ACTIVITY_SUCCEEDED] = { "ActivitySucceeded", "activitySucceededEventDetails" },
	[EV_ACTIVITY_TIMED_OUT] = { "ActivityTimedOut", "activityTimedOutEventDetails" },
	[EV_EXECUTION_ABORTED] = { "ExecutionAborted", "executionAbortedEventDetails" },
	[EV_EXECUTION_FAILED] = { "ExecutionFailed", "executionFailedEventDetails" },
	[EV_EXECUTION_REDRIVEN] = { "ExecutionRedriven", "executionRedrivenEventDetails" },
	[EV_EXECUTION_STARTED] = { "ExecutionStarted", "executionStartedEventDetails" },
	[EV_EXECUTION_SUCCEEDED] = { "ExecutionSucceeded", "executionSucceededEventDetails" },
	[EV_EXECUTION_TIMED_OUT] = { "ExecutionTimedOut", "executionTimedOutEventDetails" },
	[EV_LAMBDA_FAILED] = { "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails" },
	[EV_LAMBDA_SCHEDULED] = { "LambdaFunctionScheduled",
				  "lambdaFunctionScheduledEventDetails" },
	[EV_LAMBDA_STARTED] = { "LambdaFunctionStarted", NULL },
	[EV_LAMBDA_SUCCEEDED] = { "LambdaFunctionSucceeded",
				  "lambdaFunctionSucceededEventDetails" },
	[EV_LAMBDA_TIMED_OUT] = { "LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails" },
	[EV_MAP_ITERATION_ABORTED] = { "MapIterationAborted", "mapIterationAbortedEventDetails" },
	[EV_MAP_ITERATION_FAILED] = { "MapIterationFailed", "mapIterationFailedEventDetails" },
	[EV_MAP_ITERATION_STARTED] = { "MapIterationStarted", "mapIterationStartedEventDetails" },
	[EV_MAP_ITERATION_SUCCEEDED] = { "MapIterationSucceeded",
					 "mapIterationSucceededEventDetails" },
	[EV_MAP_RUN_ABORTED] = { "MapRunAborted", NULL },
	[EV_MAP_RUN_FAILED] = { "MapRunFailed", "mapRunFailedEventDetails" },
	[EV_MAP_RUN_REDRIVEN] = { "MapRunRedriven", "mapRunRedrivenEventDetails" },
	[EV_MAP_RUN_STARTED] = { "MapRunStarted", "mapRunStartedEventDetails" },
	[EV_MAP_RUN_SUCCEEDED] = { "MapRunSucceeded", NULL },
	[EV_MAP_STATE_ABORTED] = { "MapStateAborted", NULL },
	[EV_MAP_STATE_FAILED] = { "MapStateFailed", NULL },
	[EV_MAP_STATE_STARTED] = { "MapStateStarted", "mapStateStartedEventDetails" },
	[EV_MAP_STATE_SUCCEEDED] = { "MapStateSucceeded", NULL },
	[EV_PARALLEL_STATE_ABORTED] = { "ParallelStateAborted", NULL },
	[EV_PARALLEL_STATE_FAILED] = { "ParallelStateFailed", NULL },
	[EV_PARALLEL_STATE_STARTED] = { "ParallelStateStarted", NULL },
	[EV_PARALLEL_STATE_SUCCEEDED] = { "ParallelStateSucceeded", NULL },
	[EV_TASK_FAILED] = { "TaskFailed", "taskFailedEventDetails" },
	[EV_TASK_SCHEDULED] = { "TaskScheduled", "taskScheduledEventDetails" },
	[EV_TASK_STARTED] = { "TaskStarted", "taskStartedEventDetails" },
	[EV_TASK_STATE_ABORTED] = { "TaskStateAborted", NULL },
	[EV_TASK_SUBMITTED] = { "TaskSubmitted", "taskSubmittedEventDetails" },
	[EV_TASK_SUCCEEDED] = { "TaskSucceeded", "taskSucceededEventDetails" },
	[EV_TASK_TIMED_OUT] = { "TaskTimedOut", "taskTimedOutEventDetails" },
	[EV_WAIT_STATE_ABORTED] = { "WaitStateAborted", NULL },
	[EV_CHOICE_ENTERED] = { "ChoiceStateEntered", "stateEnteredEventDetails" },
	[EV_CHOICE_EXITED] = { "ChoiceStateExited", "stateExitedEventDetails" },
	[EV_FAIL_ENTERED] = { "FailStateEntered", "stateEnteredEventDetails" },
	[EV_MAP_ENTERED] = { "MapStateEntered", "stateEnteredEventDetails" },
	[EV_MAP_EXITED] = { "MapStateExited", "stateExitedEventDetails" },
	[EV_PARALLEL_ENTERED] = { "ParallelStateEntered", "stateEnteredEventDetails" },
	[EV_PARALLEL_EXITED] = { "ParallelStateExited", "stateExitedEventDetails" },
	[EV_PASS_ENTERED] = { "PassStateEntered", "stateEnteredEventDetails" },
	[EV_PASS_EXITED] = { "PassStateExited", "stateExitedEventDetails" },
	[EV_SUCCEED_ENTERED] = { "SucceedStateEntered", "stateEnteredEventDetails" },
	[EV_SUCCEED_EXITED] = { "SucceedStateExited", "stateExitedEventDetails" },
	[EV_TASK_ENTERED] = { "TaskStateEntered", "stateEnteredEventDetails" },
	[EV_TASK_EXITED] = { "TaskStateExited", "stateExitedEventDetails" },
	[EV_WAIT_ENTERED] = { "WaitStateEntered", "stateEnteredEventDetails" },
	[EV_WAIT_EXITED] = { "WaitStateExited", "stateExitedEventDetails" },
};

const char *event_type_name(enum event_type type)
{
	return types[type].name;
}

enum event_type event_type_of(const char *name)
{
	enum event_type t = 0;
	while (t < EVENT_TYPES && strcmp(types[t].name, name) != 0)
		t++;
	return t;
}

void details_open(struct details *d)
{
	d->text = MEM_BUF;
	d->w = (struct jsonw){ &d->text, false };
	jsonw_open(&d->w, NULL, '{');
}

void details_data(struct details *d, const char *name, struct doc *data)
{
	char about[32];
	(void)snprintf(about, sizeof(about), "%sDetails", name);
	jsonw_bytes(&d->w, name, doc_text(data));
	jsonw_raw(&d->w, about, BYTES_LIT("{\"truncated\":false}"));
}

int64_t history_add(struct execution *x, enum event_type type, int64_t prev, struct details *d)
{
	struct history *h = &x->history;
	if (x->express) {
		if (d)
			buf_clear(&d->text);
		return ++h->n;
	}
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 4;
		h->events = mem_resize(h->events, h->cap, sizeof(*h->events));
	}
	struct event *ev = &h->events[h->n++];
	*ev = (struct event){ .ms = x->e->now, .prev = (int32_t)prev, .type = type };
	if (d) {
		size_t n;
		jsonw_close(&d->w, '}');
		ev->details = mem_take(&d->text, &n);
		ev->details = mem_resize(ev->details, n + 1, 1);
	}
	record_touch(x->e, &x->record);
	return h->n;
}

int64_t history_add_error(struct execution *x, enum event_type type, int64_t prev,
			  const char *error, const char *cause)
{
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "error", error);
	jsonw_str(&d.w, "cause", cause);
	return history_add(x, type, prev, &d);
}

/* The details without the data members; error and cause stay (recorded). */
static void write_without_data(struct jsonw *w, const char *name, const char *details)
{
	static const char *const data[] = { "input", "inputDetails", "output", "outputDetails",
					    "parameters" };
	cJSON *v = json_parse(bytes_str(details), NULL);
	INVARIANT(v);
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(v, data[i]);
	struct buf b = MEM_BUF;
	json_write(&b, v);
	jsonw_raw(w, name, buf_bytes(&b));
	buf_clear(&b);
	cJSON_Delete(v);
}

void history_write(struct jsonw *w, const struct history *h, uint32_t id, bool data)
{
	const struct event *ev = &h->events[id - 1];
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "__type", "com.amazonaws.swf.base.model#HistoryEvent");
	if (ev->details && data)
		jsonw_raw(w, types[ev->type].details, bytes_str(ev->details));
	else if (ev->details)
		write_without_data(w, types[ev->type].details, ev->details);
	jsonw_int(w, "id", id);
	jsonw_int(w, "previousEventId", ev->prev);
	jsonw_date(w, "timestamp", ev->ms);
	jsonw_str(w, "type", types[ev->type].name);
	jsonw_close(w, '}');
}

void history_clear(struct history *h)
{
	for (uint32_t i = 0; h->events && i < h->n; i++)
		free(h->events[i].details);
	free(h->events);
	*h = (struct history){ 0 };
}
