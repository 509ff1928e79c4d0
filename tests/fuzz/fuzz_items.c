/*
 * fuzz_items.c - what an ItemReader finds in a bucket: lists of items, manifests, gzip files.
 *
 * The first byte says what the rest is read as. A list is an array or an object that can be written; a
 * manifest names objects by bucket and key; what is refused is refused by States.ItemReaderFailed with
 * a text.
 */
#include <stdint.h>
#include <string.h>

#include "local/core/gunzip.h"
#include "local/core/item_format.h"
#include "local/core/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 20, UNPACKED_MAX = 1 << 22 };

static void check_refusal(int rc, const struct err *err)
{
	INVARIANT(rc == -ERR_REMOTE && strcmp(err->name, "States.ItemReaderFailed") == 0);
	INVARIANT(err->message[0]);
}

static void read_list(enum item_type type, char between, int64_t most, struct bytes text)
{
	const struct item_format format = { .type = type,
					    .pointer = "/a/0",
					    .csv.between = between };
	struct buf json = BUF_INIT(SIZE_MAX / 2);
	struct err err = { 0 };
	cJSON *list = NULL;
	int rc = item_format_parse(&format, most, text, &list, &err);
	if (rc) {
		check_refusal(rc, &err);
		return;
	}
	INVARIANT(type == ITEMS_JSON || most == 0 || cJSON_GetArraySize(list) <= most);
	INVARIANT(cJSON_IsArray(list) || (type == ITEMS_JSON && cJSON_IsObject(list)));
	json_write(&json, list);
	INVARIANT(!json.err);
	buf_clear(&json);
	cJSON_Delete(list);
}

static void read_manifest(char kind, struct bytes text)
{
	struct manifest m = { 0 };
	struct err err = { 0 };
	int rc = kind == 'i'   ? manifest_read_inventory(&m, text, &err)
		 : kind == 'a' ? manifest_read_athena(&m, text, &err)
			       : manifest_read_listing(&m, "bucket", text, &err);
	if (rc)
		check_refusal(rc, &err);
	for (size_t i = 0; i < m.n; i++)
		INVARIANT(m.objects[i].bucket && m.objects[i].key);
	INVARIANT(rc || kind != 'i' || cJSON_IsArray(m.header));
	manifest_clear(&m);
}

static void unpack(struct bytes file)
{
	struct buf out = BUF_INIT(UNPACKED_MAX);
	struct err err = { 0 };
	INVARIANT(gunzip(&out, file, &err) == 0 || err.message[0]);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > TEXT_MAX)
		return 0;
	const struct bytes text = { (const char *)data + 1, size - 1 };
	switch (data[0]) {
	case 'j':
		read_list(ITEMS_JSON, ',', 2, text);
		break;
	case 'l':
		read_list(ITEMS_JSONL, ',', 0, text);
		read_list(ITEMS_JSONL, ',', 2, text);
		break;
	case 'c':
		read_list(ITEMS_CSV, ',', 0, text);
		read_list(ITEMS_CSV, ',', 2, text);
		break;
	case 't':
		read_list(ITEMS_CSV, '\t', 0, text);
		break;
	case 'i':
	case 'a':
	case 'p':
		read_manifest((char)data[0], text);
		break;
	case 'z':
		unpack(text);
		break;
	default:
		break;
	}
	return 0;
}
