/* waiters.h - who waits for records to be safe, in the order of the records. */
#ifndef COMMIT_WAITERS_H
#define COMMIT_WAITERS_H

#include <stddef.h>

#include "commit/commit.h"

struct waiter;

struct waiters {
	struct waiter *first, **last;
	size_t n;
};

void waiters_init(struct waiters *q);

/* One more waits. refused (copied; NULL: not): this record alone was not accepted, so that is what
 * is told, in its turn. Out of memory ends the process. */
void waiters_add(struct waiters *q, commit_done_fn *done, void *arg, const struct err *refused);

/* Move all of `from` behind those of `to`. */
void waiters_move(struct waiters *to, struct waiters *from);

/* Tell all and forget them. Each done may add to q. */
void waiters_tell(struct waiters *q, const struct err *err);

#endif
