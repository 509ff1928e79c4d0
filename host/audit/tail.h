/* tail.h - the newest records of a directory, and those that are added while one looks. */
#ifndef AUDIT_TAIL_H
#define AUDIT_TAIL_H

#include "audit/record.h"
#include "audit/segment.h"

/* Called with each line in order of time. r is NULL for a line that is no record; err says why.
 * A negative error code ends it and is handed back. */
typedef int tail_fn(void *arg, const char *segment, const struct record *r, struct bytes line,
		    const struct err *err);

struct tail;

/* @param dir_fd, path the directory, twice: opened, and by name. Borrowed */
NODISCARD int tail_open(struct tail **out, int dir_fd, const char *path, struct err *err);
void tail_close(struct tail *t);

/* Is this record wanted? */
typedef bool tail_want_fn(const struct record *r);

/* Hand out the last n records of all segments together, by time. Once, before tail_follow.
 * @param want NULL: all */
NODISCARD int tail_last(struct tail *t, size_t n, tail_want_fn *want, tail_fn *each, void *arg,
			struct err *err);

/* Wait for what is added, for ever: new lines of all segments, new segments included. Blocks;
 * returns only with an error. */
NODISCARD int tail_follow(struct tail *t, tail_fn *each, void *arg, struct err *err);

#endif
