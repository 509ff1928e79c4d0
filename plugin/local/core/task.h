/*
 * task.h - the work of a Task state, from scheduled to ended.
 *
 *	SCHEDULED ---> STARTED ---> ended: the frame goes on
 *	                  |
 *	                  '---> CANCELLED   a worker still holds it (see below)
 *
 * Lambda functions and service integrations start at once, in the world; an activity's task starts
 * when a worker leases it. It ends through engine_task_done, through its token (SendTask...), or by
 * its clock: time-out and heartbeat both run from the start.
 *
 * Recorded shapes: a function ARN makes LambdaFunction... events, an activity Activity..., every other
 * resource Task... with resourceType and resource; lambda:invoke wraps the function's result in the
 * answer of the Lambda API. With .waitForTaskToken the world's end is only TaskSubmitted.
 *
 * CANCELLED: a leased task taken down by a failing sibling still answers heartbeats (recorded) until
 * its frame is redriven.
 */
#ifndef LOCAL_TASK_H
#define LOCAL_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "local/core/doc.h"

struct activity;
struct engine;
struct frame;
struct jsonw;

enum task_kind {
	TASK_LAMBDA,   /* arn:aws:lambda:...:function:NAME */
	TASK_ACTIVITY, /* arn:aws:states:...:activity:NAME */
	TASK_INVOKE,   /* arn:aws:states:::lambda:invoke */
	TASK_NESTED,   /* arn:aws:states:::states:startExecution (nested.h) */
	TASK_SELF,     /* arn:aws:states:::aws-sdk:sfn:OPERATION (self_task.h) */
	TASK_OTHER,    /* arn:aws:states:::SERVICE:ACTION */
};

struct task {
	uint64_t id; /* also its key in engine.tasks; 0: the world has nothing to do with it */
	enum task_kind kind;
	bool waits_for_token; /* .waitForTaskToken */
	bool started;
	bool cancelled;
	char *resource;  /* of the state */
	char *function;  /* Lambda function name, or NULL */
	char *qualifier; /* its version or alias, or NULL */
	char *token;     /* key in engine.tokens, or NULL */
	char *nested;    /* key in engine.nested: the ARN of what it waits for, or NULL */
	struct doc *input;
	int64_t timeout_s, heartbeat_s; /* 0: none */
	int64_t deadline_ms;            /* by the time-out; INT64_MAX: none */
	struct activity *activity;      /* in whose queue it is */
	struct frame *next, *prev;      /* there, or of those that wait for one execution */
};

void task_stop(struct frame *f);      /* its result is not wanted any more; fine without a task */
void task_cancel(struct frame *f);    /* the same, because a sibling failed */
void task_free(struct frame *f);      /* forget it without telling the world */
void task_timed_out(struct frame *f); /* its alarm went off */

/* A worker takes a scheduled task. @param worker  its name, or NULL */
void task_lease(struct frame *f, const char *worker);
void task_heartbeat(struct frame *f);

/* The world is done with it: output (JSON), or an error. */
void task_done(struct frame *f, struct bytes output);
/* The end: output (JSON), or error and cause (either may be NULL). */
void task_succeeded(struct frame *f, struct bytes output);
void task_failed(struct frame *f, const char *error, const char *cause);

/* For the store: what must be kept of a task beside its state, and going on with it. */
void task_write(struct jsonw *w, const struct frame *f);
void task_restore(struct frame *f, const cJSON *j);

#endif
