/*
 * nested.h - Task states that start executions of this engine: states:startExecution.
 *
 * Without a suffix the state ends when the execution is started; with .sync or .sync:2 when it has
 * ended, successfully or not, or when somebody uses the task's token, which such a state has as well;
 * the execution then goes on by itself (assumed). The started execution is an ordinary one: stopping
 * the waiting state stops it, redriving the parent starts another.
 */
#ifndef LOCAL_NESTED_H
#define LOCAL_NESTED_H

#include <stdbool.h>

struct execution;
struct frame;

bool nested_is(const char *resource);

/* Start the execution of a scheduled task; may end the task at once. */
void nested_start(struct frame *f);
/* An execution has closed: does a task wait for it? */
void nested_ended(struct execution *x);
/* Wait for the execution of this ARN (taken over): after a start, or a restart. */
void nested_wait(struct frame *f, char *arn);
/* Do not wait any more; fine when it does not. */
void nested_unwait(struct frame *f);
/* The same, and stop what it started. */
void nested_stop(struct frame *f);

#endif
