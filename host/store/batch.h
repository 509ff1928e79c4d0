/*
 * batch.h - what is to be written, packed: one run of bytes, no allocation for each string.
 *
 *	row    := op field*
 *	op     := 0x80 | enum store_op                  one byte
 *	field  := 0                                      NULL
 *	        | 1 int64                                host byte order: never leaves the process
 *	        | 2 uint32 length, bytes                 text
 *	        | 3 uint32 length, bytes                 blob
 *	        | 4 uint32 length, bytes                 a run's id, which becomes its number
 *
 * The fields of a row are the parameters of its statement, in order: see write.c.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/buf.h"
#include "store/store.h"

enum store_op {
	OP_SOURCE,
	OP_RUN,
	OP_SET_RUN,
	OP_DEATH,
	OP_MODULE,
	OP_STEP,
	OP_END,
	OP_APPROVAL,
	OP_VOTE,
	OP_RECOVERED,
	OP_SYNCED,
	OP_REMOVE_RUNS,
	OP_REMOVE_SOURCES,
	OP_SCHEDULE,
	OP_PAUSE,
	OP_FIRING,
	OP_QUEUE_FIRING,
	OP_REMOVE_FIRINGS,
	OP_DELIVERY,
	OP_END_DELIVERY,
	OP_REMOVE_DELIVERIES_BEFORE,
	OP_REMOVE_DELIVERIES,
	OP_COUNT
};

enum field_type { FIELD_NULL, FIELD_INT, FIELD_TEXT, FIELD_BLOB, FIELD_RUN };

struct store_batch {
	struct buf rows;
};

struct field {
	enum field_type type;
	int64_t n;
	struct bytes text; /* borrowed from the batch */
};

/* Reads a batch from its beginning. */
struct batch_cursor {
	const char *p, *end;
};

struct batch_cursor batch_begin(const struct store_batch *b);
/* @return false: there is no further row */
bool batch_next_row(struct batch_cursor *c, enum store_op *op);
/* @return false: the row has no further field */
bool batch_next_field(struct batch_cursor *c, struct field *f);

#endif
