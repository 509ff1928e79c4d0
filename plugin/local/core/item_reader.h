/*
 * item_reader.h - ItemReader: the items of a Map Run from a bucket.
 *
 * s3:getObject reads one object in a format of item_format.h. With InputType MANIFEST, or a
 * ManifestType, it is a manifest, and the items are those of the objects it names, one after the
 * other: S3_INVENTORY (the default) or ATHENA_DATA, whose InputType is that of the objects.
 * s3:listObjectsV2 makes every object an item; with Transformation LOAD_AND_FLATTEN the items are
 * those in the objects. MaxItems ends the reading: what follows may be anything.
 *
 * An object that a manifest or a listing names may be a gzip file. A JSON object as the list is read
 * as its members, see map_items.h; beside other objects, as the pairs {"Key", "Value"}. Not looked at:
 * ExpectedBucketOwner.
 *
 * For a Map Run this is one step: what was read before a restart is read again.
 */
#ifndef LOCAL_ITEM_READER_H
#define LOCAL_ITEM_READER_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

struct frame;
struct item_reader;
struct map_run;

/* Ask for the first object. run->reader is set, and run->source: the S3 URI of what the state names
 * ($$.Map.Item.Source; of a listing whose objects are the items, of its bucket, as documented).
 * @return 0; -ERR_REMOTE the state's error */
NODISCARD int item_reader_start(struct map_run *run, struct frame *f, struct err *err);

/*
 * What was asked for has come.
 *
 * @param[out] list  NULL: another object has been asked for. Else all items, an array or an object,
 *                   owned by the caller
 * @return 0; -ERR_REMOTE States.ItemReaderFailed with the service's words
 */
NODISCARD int item_reader_take(struct map_run *run, struct bytes body, cJSON **list,
			       struct err *err);

void item_reader_free(struct item_reader *r); /* NULL is fine */

#endif
