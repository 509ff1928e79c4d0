/*
 * alarms.h - what waits on time: a binary heap of alarms embedded in their owners.
 *
 * Times are absolute wall milliseconds. Alarms of the same millisecond go off in the order of
 * `order`, a number that is stored with its owner: so a restored engine fires them in the order
 * the first one would have.
 */
#ifndef LOCAL_ALARMS_H
#define LOCAL_ALARMS_H

#include <stddef.h>
#include <stdint.h>

struct engine;
struct alarm;

typedef void alarm_fn(struct engine *e, struct alarm *a);

struct alarm {
	int64_t at;
	uint64_t order;
	size_t place; /* 1-based position in the heap; 0: not set */
	alarm_fn *ring;
};

struct alarms {
	struct alarm **heap;
	size_t n, cap;
};

/* Set or move an alarm. It is taken off before ring is called. */
void alarm_set(struct alarms *all, struct alarm *a, int64_t at, uint64_t order, alarm_fn *ring);
void alarm_off(struct alarms *all, struct alarm *a); /* fine when it is not set */

/* The next one, or NULL. */
struct alarm *alarms_first(const struct alarms *all);
void alarms_clear(struct alarms *all);

#endif
