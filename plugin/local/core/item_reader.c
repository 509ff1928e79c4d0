#include "local/core/item_reader.h"

#include <stdlib.h>

#include "local/core/csv.h"
#include "local/core/data.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/objects.h"

static const char failed[] = "States.ItemReaderFailed";

static bool lists(const struct frame *f)
{
	const char *resource = json_get_str(json_get(f->state->def, "ItemReader"), "Resource");
	return resource && strstr(resource, "listObjectsV2");
}

int item_reader_start(struct map_run *run, struct frame *f, char **source, struct err *err)
{
	const cJSON *reader = json_get(f->state->def, "ItemReader");
	struct doc *input, *parameters;
	int rc = data_input(f, &input, err);
	if (rc)
		return rc;
	rc = data_template(f, json_get(reader, "Parameters"), input, NULL, &parameters, err);
	doc_unref(input);
	if (rc)
		return rc;
	const char *bucket = json_get_str(doc_tree(parameters), "Bucket");
	const char *key = json_get_str(doc_tree(parameters), lists(f) ? "Prefix" : "Key");
	if (!bucket || (!key && !lists(f))) {
		rc = fault(err, failed, "The ItemReader needs the parameters Bucket and Key");
	} else {
		*source = mem_printf("s3://%s/%s", bucket, key ? key : "");
		object_start(run, &(struct engine_object){ .what = lists(f) ? ENGINE_OBJECT_LIST
									    : ENGINE_OBJECT_GET,
							   .bucket = bucket,
							   .key = key ? key : "" });
	}
	doc_unref(parameters);
	return rc;
}

/* ---- formats ---- */

/* Follow a JSON pointer ("/data/items"). */
static const cJSON *follow(const cJSON *v, const char *pointer)
{
	while (v && *pointer == '/') {
		char name[256];
		size_t n = 0;
		for (pointer++; *pointer && *pointer != '/'; pointer++) {
			char c = *pointer;
			if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
				c = *++pointer == '0' ? '~' : '/';
			if (n + 1 < sizeof(name))
				name[n++] = c;
		}
		name[n] = '\0';
		v = json_get(v, name);
	}
	return v;
}

static int parse_json(const cJSON *config, struct bytes body, cJSON **out, struct err *err)
{
	const char *pointer = json_get_str(config, "ItemsPointer");
	cJSON *tree = json_parse(body, NULL);
	const cJSON *list = tree ? follow(tree, pointer ? pointer : "") : NULL;
	int rc = 0;
	if (!tree)
		rc = fault(err, failed, "The input file is not valid JSON");
	else if (!cJSON_IsArray(list))
		rc = fault(err, failed, "Attempting to map over non-iterable node.");
	else
		*out = cJSON_Duplicate(list, true);
	cJSON_Delete(tree);
	return rc;
}

static int parse_jsonl(struct bytes body, cJSON **out, struct err *err)
{
	*out = cJSON_CreateArray();
	INVARIANT(*out);
	while (body.n > 0) {
		const char *end = memchr(body.p, '\n', body.n);
		size_t n = end ? (size_t)(end - body.p) : body.n;
		size_t len = n > 0 && body.p[n - 1] == '\r' ? n - 1 : n;
		cJSON *line = len ? json_parse((struct bytes){ body.p, len }, NULL) : NULL;
		if (len && !line) {
			cJSON_Delete(*out);
			return fault(err, failed, "A line of the input file is not valid JSON");
		}
		if (line)
			INVARIANT(cJSON_AddItemToArray(*out, line));
		n += end != NULL;
		body = (struct bytes){ body.p + n, body.n - n };
	}
	return 0;
}

static int parse_body(const struct frame *f, struct bytes body, cJSON **out, struct err *err)
{
	const cJSON *config = json_get(json_get(f->state->def, "ItemReader"), "ReaderConfig");
	const char *type = json_get_str(config, "InputType");
	if (lists(f) || !type || strcmp(type, "JSON") == 0)
		return parse_json(lists(f) ? NULL : config, body, out, err);
	if (strcmp(type, "JSONL") == 0)
		return parse_jsonl(body, out, err);
	if (strcmp(type, "CSV") == 0)
		return csv_parse(config, body, out, err);
	return fault(err, failed, "InputType %s is not supported here", type);
}

/* MaxItems or MaxItemsPath; 0: no limit. */
static int max_items(struct frame *f, int64_t *out, struct err *err)
{
	const cJSON *config = json_get(json_get(f->state->def, "ItemReader"), "ReaderConfig");
	const char *path = json_get_str(config, "MaxItemsPath");
	struct doc *input;
	cJSON *v;
	*out = json_get_int(config, "MaxItems", 0);
	if (!path)
		return 0;
	int rc = data_input(f, &input, err);
	if (rc)
		return rc;
	rc = data_path(f, input, path, &v, err);
	doc_unref(input);
	if (rc)
		return rc;
	if (!json_int(v, out))
		rc = fault(err, failed, "field MaxItems must be an integer");
	else if (*out < 0)
		rc = fault(err, failed, "field MaxItems must be positive");
	cJSON_Delete(v);
	return rc;
}

int item_reader_parse(struct frame *f, struct bytes body, cJSON **out, struct err *err)
{
	int64_t most;
	int rc = max_items(f, &most, err);
	if (!rc)
		rc = parse_body(f, body, out, err);
	if (rc || most == 0)
		return rc;
	cJSON *last = (*out)->child;
	for (int64_t i = 1; last && i < most; i++)
		last = last->next;
	while (last && last->next)
		cJSON_Delete(cJSON_DetachItemViaPointer(*out, last->next));
	return 0;
}
