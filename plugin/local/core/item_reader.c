#include "local/core/item_reader.h"

#include <stdlib.h>

#include "local/core/data.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/gunzip.h"
#include "local/core/item_format.h"
#include "local/core/manifest.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/objects.h"

enum { UNPACKED_MAX = 256 * 1024 * 1024 };

static const char failed[] = "States.ItemReaderFailed";

/* What the object asked for first is. */
enum first { FIRST_ITEMS, FIRST_INVENTORY, FIRST_ATHENA, FIRST_LISTING };

struct item_reader {
	enum first first;
	struct item_format format;
	int64_t most; /* items; 0: no limit */
	char *bucket;
	bool referred;            /* the first one has been read; it names the others: */
	struct manifest manifest; /* of which `next` is the next to read */
	size_t next;
	cJSON *items; /* of those read */
	int64_t n_items;
};

void item_reader_free(struct item_reader *r)
{
	if (!r)
		return;
	manifest_clear(&r->manifest);
	cJSON_Delete(r->items);
	free(r->bucket);
	free(r);
}

/* ---- what the state says ---- */

static bool is(const cJSON *config, const char *member, const char *value)
{
	const char *given = json_get_str(config, member);
	return given && strcmp(given, value) == 0;
}

static bool lists(const cJSON *reader)
{
	const char *resource = json_get_str(reader, "Resource");
	return resource && strstr(resource, "listObjectsV2");
}

/* MaxItems or MaxItemsPath; 0: no limit. */
static int read_most(struct frame *f, struct doc *input, const cJSON *config, int64_t *out,
		     struct err *err)
{
	const char *path = json_get_str(config, "MaxItemsPath");
	const cJSON *given = json_get(config, "MaxItems");
	cJSON *found = NULL;
	int rc = path ? data_path(f, input, path, &found, err) : 0;
	*out = 0;
	if (found)
		given = found;
	if (!rc && given && !json_int(given, out))
		rc = fault(err, failed, "field MaxItems must be an integer");
	else if (!rc && *out < 0)
		rc = fault(err, failed, "field MaxItems must be positive");
	cJSON_Delete(found);
	return rc;
}

/* What is read, and as what. */
static int read_kind(struct item_reader *r, const cJSON *reader, struct err *err)
{
	const cJSON *config = json_get(reader, "ReaderConfig");
	r->first = FIRST_ITEMS;
	if (lists(reader)) {
		if (!is(config, "Transformation", "LOAD_AND_FLATTEN"))
			return 0; /* the listing is JSON, whatever InputType says */
		r->first = FIRST_LISTING;
	} else if (is(config, "ManifestType", "ATHENA_DATA")) {
		r->first = FIRST_ATHENA;
	} else if (is(config, "InputType", "MANIFEST") || json_get_str(config, "ManifestType")) {
		r->first = FIRST_INVENTORY; /* its columns and its format are in the manifest */
		r->format = (struct item_format){ .type = ITEMS_CSV, .csv.between = ',' };
		return 0;
	}
	return item_format_read(&r->format, config, err);
}

/* ---- asking ---- */

static void ask_first(struct map_run *run, const cJSON *reader, const cJSON *parameters,
		      const char *key)
{
	const struct item_reader *r = run->reader;
	bool list = lists(reader);
	if (list && r->first == FIRST_ITEMS)
		run->source = mem_printf("s3://%s", r->bucket);
	else
		run->source = mem_printf("s3://%s/%s", r->bucket, key);
	object_start(run, &(struct engine_object){
			      .what = list ? ENGINE_OBJECT_LIST : ENGINE_OBJECT_GET,
			      .bucket = r->bucket,
			      .key = key,
			      .version = list ? NULL : json_get_str(parameters, "VersionId") });
}

/* The parameters of the request, over the state's input. */
static int begin(struct map_run *run, struct frame *f, struct doc *input, struct err *err)
{
	const cJSON *reader = json_get(f->state->def, "ItemReader");
	struct item_reader *r = run->reader;
	struct doc *parameters;
	int rc = read_kind(r, reader, err);
	if (!rc)
		rc = read_most(f, input, json_get(reader, "ReaderConfig"), &r->most, err);
	if (!rc)
		rc =
		    data_template(f, json_get(reader, "Parameters"), input, NULL, &parameters, err);
	if (rc)
		return rc;
	const char *bucket = json_get_str(doc_tree(parameters), "Bucket");
	const char *key = json_get_str(doc_tree(parameters), lists(reader) ? "Prefix" : "Key");
	if (!bucket || (!key && !lists(reader))) {
		rc = fault(err, failed, "The ItemReader needs the parameters Bucket and Key");
	} else {
		r->bucket = mem_str(bucket);
		ask_first(run, reader, doc_tree(parameters), key ? key : "");
	}
	doc_unref(parameters);
	return rc;
}

int item_reader_start(struct map_run *run, struct frame *f, struct err *err)
{
	struct doc *input;
	item_reader_free(run->reader);
	free(run->source);
	run->source = NULL;
	run->reader = mem_zero(sizeof(*run->reader));
	int rc = data_input(f, &input, err);
	if (rc)
		return rc;
	rc = begin(run, f, input, err);
	doc_unref(input);
	return rc;
}

/* ---- reading ---- */

/* Move the items of a list to those read before. */
static void append(struct item_reader *r, cJSON *list)
{
	bool pairs = cJSON_IsObject(list);
	for (; list->child; r->n_items++) {
		cJSON *v = cJSON_DetachItemViaPointer(list, list->child);
		if (pairs)
			v = data_pair(v->string, v);
		INVARIANT(r->items && cJSON_AddItemToArray(r->items, v));
	}
	cJSON_Delete(list);
}

static int unpack(const struct object_name *name, struct bytes body, struct buf *out,
		  struct err *err)
{
	struct err why;
	if (gunzip(out, body, &why) == 0)
		return 0;
	return fault(err, failed, "s3://%s/%s: %s", name->bucket, name->key, why.message);
}

/* The text of an object that was named, as items. */
static int read_named(struct item_reader *r, struct bytes body, struct err *err)
{
	struct buf text = BUF_INIT(UNPACKED_MAX);
	int64_t most = r->most ? r->most - r->n_items : 0;
	cJSON *list;
	int rc = 0;
	if (gunzip_is_gzip(body)) {
		rc = unpack(&r->manifest.objects[r->next - 1], body, &text, err);
		body = buf_bytes(&text);
	}
	if (!rc)
		rc = item_format_parse(&r->format, most, body, &list, err);
	if (!rc)
		append(r, list);
	buf_clear(&text);
	return rc;
}

static int read_names(struct item_reader *r, struct bytes body, struct err *err)
{
	int rc;
	r->referred = true;
	r->items = cJSON_CreateArray();
	if (r->first == FIRST_LISTING)
		return manifest_read_listing(&r->manifest, r->bucket, body, err);
	if (r->first == FIRST_ATHENA)
		return manifest_read_athena(&r->manifest, body, err);
	rc = manifest_read_inventory(&r->manifest, body, err);
	r->format.csv.header = r->manifest.header;
	return rc;
}

/* All items, at most as many as asked for. */
static cJSON *take_all(struct item_reader *r)
{
	cJSON *list = r->items;
	int64_t n = r->first == FIRST_ITEMS ? cJSON_GetArraySize(list) : r->n_items;
	r->items = NULL;
	for (; r->most > 0 && n > r->most; n--)
		cJSON_Delete(cJSON_DetachItemViaPointer(list, list->child->prev));
	return list;
}

int item_reader_take(struct map_run *run, struct bytes body, cJSON **list, struct err *err)
{
	struct item_reader *r = run->reader;
	int rc;
	*list = NULL;
	if (r->first == FIRST_ITEMS)
		rc = item_format_parse(&r->format, r->most, body, &r->items, err);
	else
		rc = r->referred ? read_named(r, body, err) : read_names(r, body, err);
	if (rc)
		return rc;
	if (r->next == r->manifest.n || (r->most > 0 && r->n_items >= r->most)) {
		*list = take_all(r);
		return 0;
	}
	const struct object_name *name = &r->manifest.objects[r->next++];
	object_start(run, &(struct engine_object){ .what = ENGINE_OBJECT_GET,
						   .bucket = name->bucket,
						   .key = name->key });
	return 0;
}
