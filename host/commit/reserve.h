/*
 * reserve.h - room on the disk that is kept for when there is none: a file of that size, given back
 * once, so that calls in flight can still record how they ended.
 */
#ifndef COMMIT_RESERVE_H
#define COMMIT_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define RESERVE_NAME "reserve"

enum {
	RESERVE_MIN = 1 << 20,
	RESERVE_CALL = 16384 /* bytes for the end of one call, its rows included */
};

struct reserve {
	int fd;       /* -1: none */
	int64_t size; /* 0: given back */
};

/* Keep RESERVE_MIN in the directory. -ERR_IO: there is no such room */
NODISCARD int reserve_open(struct reserve *r, int dir_fd, struct err *err);

/* Keep room for so many calls more. Best effort. */
void reserve_grow(struct reserve *r, uint64_t calls);

/* Give it back. @return whether there was any */
bool reserve_release(struct reserve *r);
void reserve_close(struct reserve *r);

#endif
