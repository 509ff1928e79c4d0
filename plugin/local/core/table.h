/*
 * table.h - a hash table from bytes to pointers.
 *
 * Keys are borrowed: they live in the value and must stay put while it is in the table. Open
 * addressing with linear probing; removal shifts back, so there are no tombstones.
 */
#ifndef LOCAL_TABLE_H
#define LOCAL_TABLE_H

#include <stdint.h>

#include "base/bytes.h"

struct table_slot {
	struct bytes key;
	uint64_t hash;
	void *value; /* NULL: empty slot */
};

struct table {
	struct table_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t n;
};

/* Add value under key. The key must not be there yet. */
void table_add(struct table *t, struct bytes key, void *value);
void *table_get(const struct table *t, struct bytes key); /* NULL: not there */
void *table_del(struct table *t, struct bytes key);       /* what was there, or NULL */
void table_clear(struct table *t);

/* Walk: the next value at or after *pos, or NULL. Start with *pos = 0. */
void *table_next(const struct table *t, size_t *pos);

static inline void *table_find(const struct table *t, const char *key)
{
	return table_get(t, bytes_str(key));
}

#endif
