/*
 * store_batch.h - records on their way to the store: one transaction's worth. Private to store.c.
 *
 * Filled on the loop's thread, then written on the worker's; never both at once.
 */
#ifndef LOCAL_STORE_BATCH_H
#define LOCAL_STORE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#include "local/core/engine.h"

struct batch_row {
	size_t region, kind, key; /* offsets of NUL-terminated texts in bytes */
	size_t json, json_n;
	bool gone; /* delete it */
};

struct batch {
	struct buf bytes;
	struct batch_row *rows;
	size_t n, cap;
	uint64_t ticket;
	bool erase;     /* delete all that is stored, then write the rows */
	char *snapshot; /* then copy the database to this folder; NULL: no copy */
};

void batch_init(struct batch *b);
void batch_clear(struct batch *b); /* empty and usable again */
void batch_erase(struct batch *b); /* drop the rows, and what was stored before them */
NODISCARD int batch_add(struct batch *b, const char *region, const struct engine_record *r);

#endif
