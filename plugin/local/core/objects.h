/*
 * objects.h - a Map Run's one operation on a bucket at a time: reading its items, writing its results;
 * and its question to IAM, which takes the place of one.
 */
#ifndef LOCAL_OBJECTS_H
#define LOCAL_OBJECTS_H

#include "local/core/engine.h"

struct map_run;

/* Give the operation to the world; its end comes to the run. o->id is filled in. */
void object_start(struct map_run *run, struct engine_object *o);
/* The same in two halves: the id of an operation that begins now, and whose it is when it has ended
 * (NULL: nobody's any more). */
uint64_t object_begin(struct map_run *run);
struct map_run *object_end(struct engine *e, int64_t now_ms, uint64_t id);
/* Its end is not wanted any more; fine without one. */
void object_forget(struct map_run *run);

#endif
