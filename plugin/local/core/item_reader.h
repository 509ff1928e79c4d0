/*
 * item_reader.h - ItemReader: the items of a Map Run from a bucket.
 *
 * s3:getObject reads JSON (ItemsPointer), JSONL, CSV (header in the first row or given) and inventory
 * manifests are refused; s3:listObjectsV2 makes every object an item. MaxItems cuts the list.
 */
#ifndef LOCAL_ITEM_READER_H
#define LOCAL_ITEM_READER_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

struct frame;
struct map_run;

/* Ask for the list. *source is set to its S3 URI, free() it.
 * @return 0; -ERR_REMOTE the state's error */
NODISCARD int item_reader_start(struct map_run *run, struct frame *f, char **source,
				struct err *err);

/* The list from what was read, an array owned by the caller.
 * @return 0; -ERR_REMOTE States.ItemReaderFailed with the service's words */
NODISCARD int item_reader_parse(struct frame *f, struct bytes body, cJSON **out, struct err *err);

#endif
