/*
 * task.h - the work of a Task state: given to the world, ended by engine_task_done.
 *
 * Recorded shapes: a function ARN makes LambdaFunction... events, every other resource Task... events
 * with resourceType and resource; lambda:invoke wraps the function's result in the answer of the
 * Lambda API.
 */
#ifndef LOCAL_TASK_H
#define LOCAL_TASK_H

#include <stdint.h>

#include "base/bytes.h"
#include "local/doc.h"

struct engine;
struct frame;

enum task_kind {
	TASK_LAMBDA, /* arn:aws:lambda:...:function:NAME */
	TASK_INVOKE, /* arn:aws:states:::lambda:invoke */
	TASK_OTHER,  /* arn:aws:states:::SERVICE:ACTION */
};

struct task {
	uint64_t id; /* also its key in engine.tasks */
	enum task_kind kind;
	char *function; /* Lambda function name, or NULL */
	struct doc *input;
};

void task_stop(struct frame *f);      /* its result is not wanted any more; fine without a task */
void task_free(struct frame *f);      /* forget it without telling the world */
void task_timed_out(struct frame *f); /* TimeoutSeconds are over */
void task_resume(struct frame *f);    /* after a restart: start it again, without events */

/* The end: output (JSON) or error. */
void task_succeeded(struct frame *f, struct bytes output);
void task_failed(struct frame *f, const char *error, const char *cause);

#endif
