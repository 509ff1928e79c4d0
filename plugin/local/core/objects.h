/*
 * objects.h - a Map Run's one operation on a bucket at a time: reading its items, writing its results.
 */
#ifndef LOCAL_OBJECTS_H
#define LOCAL_OBJECTS_H

#include "local/core/engine.h"

struct map_run;

/* Give the operation to the world; its end comes to the run. o->id is filled in. */
void object_start(struct map_run *run, struct engine_object *o);
/* Its end is not wanted any more; fine without one. */
void object_forget(struct map_run *run);

#endif
