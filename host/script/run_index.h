/* run_index.h - the runs that are alive, in memory or asleep, by id and by number. */
#ifndef SCRIPT_RUN_INDEX_H
#define SCRIPT_RUN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

/* The first member of what is indexed. */
struct run_key {
	char id[UUID_SIZE];
	bool asleep;     /* a struct sleeper, else a struct run */
	uint64_t number; /* of this process: a run that wakes keeps it not */
	struct run_key *next_by_id, *next_by_number;
};

struct run_index {
	struct run_key **by_id, **by_number;
	size_t n, n_slots; /* a power of two, or 0 */
};

/* k->id and k->number are set. Out of memory for the table ends the process. */
void run_index_add(struct run_index *x, struct run_key *k);
void run_index_remove(struct run_index *x, struct run_key *k);
struct run_key *run_index_by_id(const struct run_index *x, const char *id); /* or NULL */
struct run_key *run_index_by_number(const struct run_index *x, uint64_t number);
/* fn must not change the index. */
void run_index_each(const struct run_index *x, void (*fn)(struct run_key *k, void *arg), void *arg);
void run_index_clear(struct run_index *x);

#endif
