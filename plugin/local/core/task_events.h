/* task_events.h - the history events of tasks, in their three families. */
#ifndef LOCAL_TASK_EVENTS_H
#define LOCAL_TASK_EVENTS_H

#include <stdbool.h>

#include "base/bytes.h"

struct doc;
struct frame;

void task_note_scheduled(struct frame *f);
void task_note_started(struct frame *f, const char *worker);
void task_note_submitted(struct frame *f, struct bytes output);

/* @return the result of the task: the output, for lambda:invoke what the Lambda API answers around
 * it. One count for the caller. */
struct doc *task_note_succeeded(struct frame *f, struct bytes output);
void task_note_failed(struct frame *f, bool timed_out, const char *error, const char *cause);

#endif
