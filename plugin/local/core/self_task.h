/*
 * self_task.h - Task states that call the service itself: arn:aws:states:::aws-sdk:sfn:OPERATION.
 *
 * Every operation of api.h is served, by the engine, within the transition. Arguments and results
 * carry the members of the API in upper camel case; times are ISO 8601 with milliseconds; a member
 * that is text (Input, Definition, Output) may be given as an object, which stands for its JSON
 * (recorded). A refusal is the error Sfn.NAMEException with the SDK's words behind the cause.
 *
 * Two operations may have to wait: GetActivityTask for a task (a minute, then its result is {}; it
 * may be {} sooner, when another worker was quicker) and StartSyncExecution for its execution. The
 * frame then waits like one for a nested execution (nested.h), by the ARN of what it waits for, and
 * its alarm serves it. Stopping a state that waits for an execution stops that.
 */
#ifndef LOCAL_SELF_TASK_H
#define LOCAL_SELF_TASK_H

#include <stdbool.h>

struct frame;

bool self_task_is(const char *resource);

/* Serve a started task; may end it at once. */
void self_task_start(struct frame *f);
/* What it waits for has come: it goes on when its alarm goes off, now. */
void self_task_wake(struct frame *f);
/* Its alarm, before its deadline: serve it whatever has come. */
void self_task_resume(struct frame *f);
/* After a restart: what it waits for is to wait for it. */
void self_task_restored(struct frame *f);

#endif
