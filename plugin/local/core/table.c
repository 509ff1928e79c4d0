#include "local/core/table.h"

#include <stdlib.h>

#include "local/core/mem.h"

/* FNV-1a, then a finalising mix: the probes use the low bits. */
static uint64_t hash_of(struct bytes key)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * UINT64_C(1099511628211);
	h ^= h >> 32;
	return h * UINT64_C(0x9E3779B97F4A7C15) >> 8;
}

/* The slot of key, or the empty one where it belongs. */
static size_t slot_of(const struct table *t, struct bytes key, uint64_t hash)
{
	size_t i = (size_t)hash & (t->cap - 1);
	while (t->slots[i].value && (t->slots[i].hash != hash || !bytes_eq(t->slots[i].key, key)))
		i = (i + 1) & (t->cap - 1);
	return i;
}

static void grow(struct table *t)
{
	struct table old = *t;
	t->cap = old.cap ? old.cap * 2 : 16;
	t->slots = mem_zero(t->cap * sizeof(*t->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value)
			t->slots[slot_of(t, old.slots[i].key, old.slots[i].hash)] = old.slots[i];
	free(old.slots);
}

void table_add(struct table *t, struct bytes key, void *value)
{
	INVARIANT(value);
	if ((t->n + 1) * 4 > t->cap * 3)
		grow(t);
	uint64_t hash = hash_of(key);
	size_t i = slot_of(t, key, hash);
	INVARIANT(!t->slots[i].value);
	t->slots[i] = (struct table_slot){ key, hash, value };
	t->n++;
}

void *table_get(const struct table *t, struct bytes key)
{
	return t->n ? t->slots[slot_of(t, key, hash_of(key))].value : NULL;
}

void *table_del(struct table *t, struct bytes key)
{
	if (!t->n)
		return NULL;
	size_t i = slot_of(t, key, hash_of(key));
	void *found = t->slots[i].value;
	if (!found)
		return NULL;
	t->n--;
	for (size_t j = i;;) {
		t->slots[i].value = NULL;
		size_t home;
		do {
			j = (j + 1) & (t->cap - 1);
			if (!t->slots[j].value)
				return found;
			home = (size_t)t->slots[j].hash & (t->cap - 1);
		} while (i <= j ? (i < home && home <= j) : (i < home || home <= j));
		t->slots[i] = t->slots[j];
		i = j;
	}
}

void table_clear(struct table *t)
{
	free(t->slots);
	*t = (struct table){ 0 };
}

void *table_next(const struct table *t, size_t *pos)
{
	while (*pos < t->cap) {
		void *value = t->slots[(*pos)++].value;
		if (value)
			return value;
	}
	return NULL;
}
