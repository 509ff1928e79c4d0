/*
 * core.h - the engine itself: what all of its rooms share. Private to the core.
 *
 * Owns every machine, execution and Map Run through its tables. `now` is the time of the call being
 * served. Frames that can go on wait in one queue, first in, first out; what waits on time waits in
 * the alarms. `order` numbers everything that waits, across restarts, so that a restored engine goes
 * on in the same order.
 */
#ifndef LOCAL_CORE_H
#define LOCAL_CORE_H

#include "local/core/alarms.h"
#include "local/core/engine.h"
#include "local/core/table.h"

struct execution;
struct frame;
struct record;
struct record_gone;
struct restore;

struct engine {
	char *account, *region;
	int64_t max_open_executions;
	int64_t max_data_bytes;
	struct engine_world world;
	int64_t now;
	struct table machines;   /* ARN -> struct machine */
	struct table executions; /* ARN -> struct execution */
	struct table map_runs;   /* ARN -> struct map_run */
	struct table tasks;      /* id -> struct frame: tasks the world works on */
	struct table objects;    /* id -> struct map_run: operations on buckets */
	struct table activities; /* ARN -> struct activity */
	struct table nested; /* ARN of an execution or activity -> struct frame that waits for it */
	struct table tokens; /* task token -> struct frame */
	struct alarms alarms;
	struct frame *ready_first, *ready_last;
	struct frame *dead;                /* to be freed when nothing runs */
	struct execution *dead_executions; /* likewise */
	uint64_t next_order;
	bool order_changed;
	int64_t open_executions;
	struct record *dirty_first, *dirty_last;
	uint64_t tells; /* engine_tells, when it is known */
	bool tells_known;
	struct record_gone *gone_first, *gone_last;
	struct restore *restore; /* NULL once restored */
};

uint64_t engine_order(struct engine *e); /* the next number */

/* A random UUID of the given version, NUL-terminated. */
void engine_uuid(struct engine *e, char *out, int version);

#endif
