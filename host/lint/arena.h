/*
 * arena.h - memory for one source: given out piece by piece, released at once.
 *
 * Running out of memory, or of the ceiling, ends in NULL for every later piece.
 */
#ifndef LINT_ARENA_H
#define LINT_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *first;
	size_t used, max;
};

void *arena_take(struct arena *a, size_t n); /* zeroed, aligned; NULL: no more */
void arena_clear(struct arena *a);

#endif
