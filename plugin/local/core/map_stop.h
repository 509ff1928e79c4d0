/*
 * map_stop.h - how a Map Run that fails or is aborted stops its children.
 *
 * It closes: from then on nothing is admitted. Standard children are aborted, Express ones run to
 * their end, and those that wait for their redrive are what they were before; map_run_settle ends the
 * run when nothing runs any more. This happens at once, with one exception: when its failed items
 * exceed those it tolerates, what runs has MAP_STOP_MS to end by itself, and map_run.c lets one more
 * child in. Both are recorded of the service (README.md).
 */
#ifndef LOCAL_MAP_STOP_H
#define LOCAL_MAP_STOP_H

#include <stdbool.h>
#include <stdint.h>

struct map_run;

/* From the failure that exceeds the threshold to the abortion: recorded are 1.98 to 2.1 s. */
enum { MAP_STOP_MS = 2000 };

/* Stop them now. The run is closing (map_run.closing). The last child that ends settles the run. */
void map_stop_now(struct map_run *run);
/* The run has failed with this error and cause (copied): stop them now. */
void map_stop_fail(struct map_run *run, const char *error, const char *cause);

/* Are there more failed items than are tolerated, for the first time? Then the run has failed and what
 * runs is stopped in MAP_STOP_MS. @return whether that is so; false when it is closing already */
bool map_stop_exceeded(struct map_run *run);
/* The same after a restart: at this time, in this order. */
void map_stop_restore(struct map_run *run, int64_t at_ms, uint64_t order);

#endif
