/*
 * activity.h - activities: queues of tasks that workers fetch by GetActivityTask.
 *
 * A scheduled task waits in its activity until a worker leases it; only then do its time-out and its
 * heartbeat begin (recorded). Tasks are handed out in the order in which they were scheduled.
 */
#ifndef LOCAL_ACTIVITY_H
#define LOCAL_ACTIVITY_H

#include <stdint.h>

#include "base/json.h"
#include "local/core/records.h"

struct frame;

struct activity {
	struct engine *e;
	struct record record;
	char *arn;
	char *name;
	int64_t created_ms;
	cJSON *tags;                /* or NULL */
	struct frame *first, *last; /* scheduled, not leased */
};

struct activity *activity_new(struct engine *e, const char *arn, const char *name);
void activity_free(struct activity *a); /* its tasks stay scheduled for ever */

/* Put the frame's task at the end of the queue of the activity it names. false: no such activity */
bool activity_schedule(struct frame *f);
/* Take it out again; fine when it is not in. */
void activity_unschedule(struct frame *f);

#endif
