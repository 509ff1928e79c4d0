/*
 * history.h - the events of an execution.
 *
 * Ids count from 1. An event's previousEventId is the event it follows in its own branch of the
 * execution, not simply the one before. Details are kept as the JSON text of the one ...EventDetails
 * member; NULL where the service writes none. Express executions count their events without keeping
 * them: no operation shows them.
 */
#ifndef LOCAL_HISTORY_H
#define LOCAL_HISTORY_H

#include <stdint.h>

#include "local/core/doc.h"
#include "local/core/jsonw.h"

struct execution;

enum event_type {
	EV_ACTIVITY_FAILED,
	EV_ACTIVITY_SCHEDULED,
	EV_ACTIVITY_STARTED,
	EV_ACTIVITY_SUCCEEDED,
	EV_ACTIVITY_TIMED_OUT,
	EV_EXECUTION_ABORTED,
	EV_EXECUTION_FAILED,
	EV_EXECUTION_REDRIVEN,
	EV_EXECUTION_STARTED,
	EV_EXECUTION_SUCCEEDED,
	EV_EXECUTION_TIMED_OUT,
	EV_LAMBDA_FAILED,
	EV_LAMBDA_SCHEDULED,
	EV_LAMBDA_STARTED,
	EV_LAMBDA_SUCCEEDED,
	EV_LAMBDA_TIMED_OUT,
	EV_MAP_ITERATION_ABORTED,
	EV_MAP_ITERATION_FAILED,
	EV_MAP_ITERATION_STARTED,
	EV_MAP_ITERATION_SUCCEEDED,
	EV_MAP_RUN_ABORTED,
	EV_MAP_RUN_FAILED,
	EV_MAP_RUN_REDRIVEN,
	EV_MAP_RUN_STARTED,
	EV_MAP_RUN_SUCCEEDED,
	EV_MAP_STATE_ABORTED,
	EV_MAP_STATE_FAILED,
	EV_MAP_STATE_STARTED,
	EV_MAP_STATE_SUCCEEDED,
	EV_PARALLEL_STATE_ABORTED,
	EV_PARALLEL_STATE_FAILED,
	EV_PARALLEL_STATE_STARTED,
	EV_PARALLEL_STATE_SUCCEEDED,
	EV_TASK_FAILED,
	EV_TASK_SCHEDULED,
	EV_TASK_STARTED,
	EV_TASK_STATE_ABORTED,
	EV_TASK_SUBMITTED,
	EV_TASK_SUCCEEDED,
	EV_TASK_TIMED_OUT,
	EV_WAIT_STATE_ABORTED,
	EV_CHOICE_ENTERED,
	EV_CHOICE_EXITED,
	EV_FAIL_ENTERED,
	EV_MAP_ENTERED,
	EV_MAP_EXITED,
	EV_PARALLEL_ENTERED,
	EV_PARALLEL_EXITED,
	EV_PASS_ENTERED,
	EV_PASS_EXITED,
	EV_SUCCEED_ENTERED,
	EV_SUCCEED_EXITED,
	EV_TASK_ENTERED,
	EV_TASK_EXITED,
	EV_WAIT_ENTERED,
	EV_WAIT_EXITED,
	EVENT_TYPES
};

/* A history may hold 25,000 events; the last one is kept for the end of the execution. */
enum { HISTORY_MAX = 25000 };

struct event {
	int64_t ms;
	char *details; /* JSON object text, or NULL */
	int32_t prev;
	enum event_type type;
};

struct history {
	struct event *events; /* [0] is id 1; NULL for an Express execution */
	uint32_t n, cap;
	uint32_t written; /* how many went out as records */
};

/* Details under construction: an object that is open until history_add closes it. */
struct details {
	struct buf text;
	struct jsonw w;
};

void details_open(struct details *d);
/* A member with data, and the member next to it that says it is whole. */
void details_data(struct details *d, const char *name, struct doc *data);

/* Append an event at the engine's time. @param d  NULL: no details; closed and used up
 * @return its id */
int64_t history_add(struct execution *x, enum event_type type, int64_t prev, struct details *d);

/* Append an event with error and cause, each left out when NULL. With neither the details are an
 * empty object. */
int64_t history_add_error(struct execution *x, enum event_type type, int64_t prev,
			  const char *error, const char *cause);

/* Write the event of that id as the service does. @param data  with inputs and outputs */
void history_write(struct jsonw *w, const struct history *h, uint32_t id, bool data);

const char *event_type_name(enum event_type type);
/* The type of that name, or EVENT_TYPES. */
enum event_type event_type_of(const char *name);
void history_clear(struct history *h);

#endif
