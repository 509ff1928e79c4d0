#include "local/core/alarms.h"

#include <stdbool.h>
#include <stdlib.h>

#include "local/core/mem.h"

static bool before(const struct alarm *a, const struct alarm *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct alarms *all, struct alarm *a, size_t place)
{
	all->heap[place - 1] = a;
	a->place = place;
}

static void sift_up(struct alarms *all, struct alarm *a, size_t place)
{
	while (place > 1 && before(a, all->heap[place / 2 - 1])) {
		put(all, all->heap[place / 2 - 1], place);
		place /= 2;
	}
	put(all, a, place);
}

static void sift_down(struct alarms *all, struct alarm *a, size_t place)
{
	for (;;) {
		size_t child = place * 2;
		if (child > all->n)
			break;
		if (child < all->n && before(all->heap[child], all->heap[child - 1]))
			child++;
		if (!before(all->heap[child - 1], a))
			break;
		put(all, all->heap[child - 1], place);
		place = child;
	}
	put(all, a, place);
}

void alarm_set(struct alarms *all, struct alarm *a, int64_t at, uint64_t order, alarm_fn *ring)
{
	alarm_off(all, a);
	a->at = at;
	a->order = order;
	a->ring = ring;
	all->heap = mem_room(all->heap, all->n, &all->cap, sizeof(struct alarm *));
	all->n++;
	sift_up(all, a, all->n);
}

void alarm_off(struct alarms *all, struct alarm *a)
{
	if (!a->place)
		return;
	size_t place = a->place;
	struct alarm *last = all->heap[--all->n];
	a->place = 0;
	if (last == a)
		return;
	if (place > 1 && before(last, all->heap[place / 2 - 1]))
		sift_up(all, last, place);
	else
		sift_down(all, last, place);
}

struct alarm *alarms_first(const struct alarms *all)
{
	return all->n ? all->heap[0] : NULL;
}

void alarms_clear(struct alarms *all)
{
	free(all->heap);
	*all = (struct alarms){ 0 };
}
