/*
 * manifest.h - files that name the objects to read: what S3 Inventory, Athena's UNLOAD and a listing
 * leave behind.
 */
#ifndef LOCAL_MANIFEST_H
#define LOCAL_MANIFEST_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

struct object_name {
	char *bucket, *key;
};

struct manifest {
	struct object_name *objects; /* in the order of the file */
	size_t n, cap;
	cJSON *header; /* S3 Inventory: the names of the columns of its CSV files; else NULL */
};

/*
 * S3 Inventory's manifest.json: the objects are files[].key of the destinationBucket, CSV files whose
 * columns fileSchema names. Inventories written as ORC or Parquet are refused.
 *
 * @param[out] out  owned by the caller: manifest_clear, also after a failure
 * @return 0; -ERR_REMOTE States.ItemReaderFailed
 */
NODISCARD int manifest_read_inventory(struct manifest *out, struct bytes text, struct err *err);

/* Athena's "...-manifest.csv" of an UNLOAD: a line with the S3 URI of each object. As above. */
NODISCARD int manifest_read_athena(struct manifest *out, struct bytes text, struct err *err);

/* The engine's own listing of a bucket (engine_object_done). Empty objects whose key ends in '/',
 * which stand for folders, are left out. As above. */
NODISCARD int manifest_read_listing(struct manifest *out, const char *bucket, struct bytes text,
				    struct err *err);

void manifest_clear(struct manifest *m);

#endif
