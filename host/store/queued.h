/*
 * queued.h - runs that were accepted and have not begun: what waits of a hook's deliveries and of a
 * schedule's instants. Part of store.h's interface; the same rules.
 *
 * Each has the id from the first that its run will have. What was taken out of its queue again is
 * found by its id, as long as its row is kept.
 */
#ifndef STORE_QUEUED_H
#define STORE_QUEUED_H

#include "store/store.h"

struct queued_row {
	const char *run;
	const char *hook, *schedule; /* one of them; the other is NULL */
	const char *actor; /* JSON object: who sent the delivery, or fired by hand; NULL */
	const char *input; /* JSON object; NULL: that of the schedule, or not kept */
	const char *why;   /* what it waits for, or why not any more; NULL */
	int64_t since_ms;
	int64_t due_ms; /* of a delivery the end of its window, of a schedule its instant; 0 */
	bool cancelled; /* it waits no more */
};

typedef int store_queued_fn(void *arg, const struct queued_row *q);

struct queued_filter {
	const char *run;    /* the beginning of an id; NULL: any. With it also what was cancelled */
	const char *before; /* ids that sort before it; NULL: any; not looked at beside run */
	size_t limit;       /* 0: all */
};

/* Newest id first. */
NODISCARD int store_queued(struct store_reader *r, const struct queued_filter *f,
			   store_queued_fn *fn, void *arg, struct err *err);

#endif
