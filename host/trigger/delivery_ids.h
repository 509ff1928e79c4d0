/*
 * delivery_ids.h - the ids of deliveries that came, oldest first, and the run that stands for each.
 *
 * A bounded table in memory: about 100 bytes an id, whatever its length (a digest of it is kept). Pure.
 */
#ifndef TRIGGER_DELIVERY_IDS_H
#define TRIGGER_DELIVERY_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct delivery_ids;

struct delivery_ids *delivery_ids_new(size_t most); /* delivery_ids_free; NULL: no memory */
void delivery_ids_free(struct delivery_ids *t);     /* NULL is fine */

/* The run it was added with; NULL: it is not there. Borrowed until the next change. */
const char *delivery_ids_find(const struct delivery_ids *t, const char *id);

/* As the newest; one that is there already gets this run, and stays where it is. The oldest leaves
 * where there are too many. @param run up to 36 characters. @return -ERR_NOMEM */
NODISCARD int delivery_ids_add(struct delivery_ids *t, const char *id, const char *run,
			       int64_t at_ms);

/* The newest leaves. */
void delivery_ids_drop_newest(struct delivery_ids *t);

/* From the oldest on, up to the first that came then or later. */
void delivery_ids_forget(struct delivery_ids *t, int64_t before_ms);

#endif
