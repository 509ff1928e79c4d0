/* counts.h - how many runs there are, for who looks after a host. Part of store.h's interface. */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H

#include "store/store.h"

struct store_counts {
	uint64_t queued, running, waiting,
	    parked;         /* queued: runs that have not begun, too (queued.h) */
	uint64_t unsettled; /* changing calls that have a beginning and no end */
};

NODISCARD int store_count(struct store_reader *r, struct store_counts *out, struct err *err);

#endif
