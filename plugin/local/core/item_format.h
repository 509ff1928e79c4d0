/*
 * item_format.h - the text of one object as items: JSON, JSON Lines, CSV.
 */
#ifndef LOCAL_ITEM_FORMAT_H
#define LOCAL_ITEM_FORMAT_H

#include "local/core/csv.h"

enum item_type { ITEMS_JSON, ITEMS_JSONL, ITEMS_CSV };

struct item_format {
	enum item_type type;
	const char *pointer; /* JSON: where the list is, a JSON pointer; borrowed */
	struct csv_form csv;
};

/* From a ReaderConfig, which is borrowed: InputType (JSON without one), ItemsPointer, CSV...
 * @return 0; -ERR_REMOTE States.ItemReaderFailed, for PARQUET too */
NODISCARD int item_format_read(struct item_format *out, const cJSON *config, struct err *err);

/*
 * @param most      items that are wanted; 0: all. Rows and lines that follow are not looked at; a JSON
 *                  list is read whole, and so may have more
 * @param[out] out  owned by the caller: an array, or of JSON an object, whose members are the items
 *                  Not touched by a failure
 * @return 0; -ERR_REMOTE States.ItemReaderFailed with the service's words
 */
NODISCARD int item_format_parse(const struct item_format *f, int64_t most, struct bytes text,
				cJSON **out, struct err *err);

#endif
