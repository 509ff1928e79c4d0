/* map_items.h - from a list of values to the inputs of a Map Run's children. */
#ifndef LOCAL_MAP_ITEMS_H
#define LOCAL_MAP_ITEMS_H

#include "base/err.h"
#include "local/core/map_run.h"

struct frame;

/*
 * Apply ItemSelector to every value, then ItemBatcher. Done once, when the run starts (recorded: a
 * redrive does not evaluate the ItemSelector again).
 *
 * The items of an object are its members (documented for a Distributed Map): each is the pair {"Key",
 * "Value"}; an ItemSelector sees $$.Map.Item.Key and $$.Map.Item.Value.
 *
 * @param list    an array or an object
 * @param source  $$.Map.Item.Source: "STATE_DATA" or the S3 URI of the list
 * @param[out] out owned by the caller: map_items_free
 */
NODISCARD int map_items_make(struct frame *f, const cJSON *list, const char *source,
			     struct map_item **out, size_t *n, struct err *err);
void map_items_free(struct map_item *items, size_t n);

#endif
