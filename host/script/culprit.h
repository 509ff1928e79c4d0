/*
 * culprit.h - which run was being resumed when the process died.
 *
 * The id is in a file of the state directory that is mapped into memory: it is written before a run is
 * resumed and taken back after, at the cost of copying 37 bytes. However the process ends, the next
 * one reads there which run to count the death to (three, and the run is parked); runs that only waited
 * meanwhile are not to blame. It survives the death of the process, not that of the machine.
 *
 * Held by one process, with a lock on the file. set and clear belong to the loop's thread; now may be
 * asked from any. A NULL culprit is fine everywhere but in open: nothing is noted.
 */
#ifndef SCRIPT_CULPRIT_H
#define SCRIPT_CULPRIT_H

#include "base/compiler.h"
#include "base/err.h"
#include "script/run.h"

struct culprit;

/*
 * Open or create the file, and read what the last process left.
 *
 * @param[out] out  owned by the caller; culprit_close
 * @return 0; -ERR_LIMIT when another process holds it; -ERR_IO when it cannot be made or mapped
 */
NODISCARD int culprit_open(struct culprit **out, const char *path, struct err *err);
void culprit_close(struct culprit *c);

/* The run during whose resumption the last process died; NULL: it did not die in one. */
const char *culprit_read(const struct culprit *c);

void culprit_set(struct culprit *c, const char *run_id);
void culprit_clear(struct culprit *c);

/* The run that is being resumed, copied; "" if none is. */
void culprit_now(const struct culprit *c, char out[RUN_ID_SIZE]);

#endif
