#include "script/run_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

enum { FIRST_SLOTS = 64 };

/* FNV-1a */
static size_t slot_by_id(const struct run_index *x, const char *id)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * UINT64_C(1099511628211);
	return (size_t)(h ^ (h >> 32)) & (x->n_slots - 1);
}

static size_t slot_by_number(const struct run_index *x, uint64_t number)
{
	return (size_t)number & (x->n_slots - 1);
}

static void insert(struct run_index *x, struct run_key *k)
{
	struct run_key **id = &x->by_id[slot_by_id(x, k->id)];
	struct run_key **number = &x->by_number[slot_by_number(x, k->number)];
	k->next_by_id = *id;
	*id = k;
	k->next_by_number = *number;
	*number = k;
}

static void grow(struct run_index *x)
{
	struct run_index wider = { .n_slots = x->n_slots ? 2 * x->n_slots : FIRST_SLOTS };
	wider.by_id = calloc(wider.n_slots, sizeof(struct run_key *));
	wider.by_number = calloc(wider.n_slots, sizeof(struct run_key *));
	INVARIANT(wider.by_id && wider.by_number);
	for (size_t i = 0; i < x->n_slots; i++) {
		struct run_key *k = x->by_id[i];
		while (k) {
			struct run_key *next = k->next_by_id;
			insert(&wider, k);
			k = next;
		}
	}
	wider.n = x->n;
	struct run_index old = *x;
	*x = wider;
	run_index_clear(&old);
}

void run_index_add(struct run_index *x, struct run_key *k)
{
	if (x->n == x->n_slots)
		grow(x);
	insert(x, k);
	x->n++;
}

void run_index_remove(struct run_index *x, struct run_key *k)
{
	struct run_key **at = &x->by_id[slot_by_id(x, k->id)];
	while (*at != k)
		at = &(*at)->next_by_id;
	*at = k->next_by_id;
	at = &x->by_number[slot_by_number(x, k->number)];
	while (*at != k)
		at = &(*at)->next_by_number;
	*at = k->next_by_number;
	x->n--;
}

struct run_key *run_index_by_id(const struct run_index *x, const char *id)
{
	struct run_key *k = x->n_slots ? x->by_id[slot_by_id(x, id)] : NULL;
	while (k && strcmp(k->id, id) != 0)
		k = k->next_by_id;
	return k;
}

struct run_key *run_index_by_number(const struct run_index *x, uint64_t number)
{
	struct run_key *k = x->n_slots ? x->by_number[slot_by_number(x, number)] : NULL;
	while (k && k->number != number)
		k = k->next_by_number;
	return k;
}

void run_index_each(const struct run_index *x, void (*fn)(struct run_key *k, void *arg), void *arg)
{
	for (size_t i = 0; i < x->n_slots; i++)
		for (struct run_key *k = x->by_id[i], *next; k; k = next) {
			next = k->next_by_id;
			fn(k, arg);
		}
}

void run_index_clear(struct run_index *x)
{
	free((void *)x->by_id);
	free((void *)x->by_number);
	*x = (struct run_index){ 0 };
}
