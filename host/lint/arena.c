#include "lint/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *add_block(struct arena *a, size_t n)
{
	size_t size = n > BLOCK ? n : BLOCK;
	if (size > a->max - a->used)
		return NULL;
	struct arena_block *b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	*b = (struct arena_block){ .next = a->first, .size = size };
	a->first = b;
	a->used += size;
	return b;
}

void *arena_take(struct arena *a, size_t n)
{
	struct arena_block *b = a->first;
	n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (!b || b->size - b->used < n)
		b = add_block(a, n);
	if (!b) {
		a->max = a->used; /* no smaller piece succeeds after this one */
		return NULL;
	}
	void *p = b->bytes + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void arena_clear(struct arena *a)
{
	while (a->first) {
		struct arena_block *b = a->first;
		a->first = b->next;
		free(b);
	}
	a->used = 0;
}
