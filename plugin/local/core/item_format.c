#include "local/core/item_format.h"

#include "local/core/fault.h"
#include "local/core/mem.h"

static const char failed[] = "States.ItemReaderFailed";

int item_format_read(struct item_format *out, const cJSON *config, struct err *err)
{
	const char *type = json_get_str(config, "InputType");
	*out = (struct item_format){ .type = ITEMS_JSON,
				     .pointer = json_get_str(config, "ItemsPointer") };
	if (!type || strcmp(type, "JSON") == 0)
		return 0;
	if (strcmp(type, "JSONL") == 0) {
		out->type = ITEMS_JSONL;
		return 0;
	}
	out->type = ITEMS_CSV;
	if (strcmp(type, "CSV") == 0)
		return csv_form_read(&out->csv, config, err);
	return fault(err, failed, "InputType %s is not supported by this engine", type);
}

/* Follow a JSON pointer ("/data/items"), through objects and arrays. */
static const cJSON *follow(const cJSON *v, const char *pointer)
{
	while (v && *pointer == '/') {
		struct buf name = MEM_BUF;
		for (pointer++; *pointer && *pointer != '/'; pointer++) {
			char c = *pointer;
			if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
				c = *++pointer == '0' ? '~' : '/';
			buf_add(&name, &c, 1);
		}
		int64_t index = 0;
		const char *text = buf_cstr(&name), *p = text;
		for (; *p >= '0' && *p <= '9' && index < INT32_MAX / 10; p++)
			index = index * 10 + (*p - '0');
		if (cJSON_IsArray(v))
			v = *text && !*p ? cJSON_GetArrayItem(v, (int)index) : NULL;
		else
			v = json_get(v, text);
		buf_clear(&name);
	}
	return v;
}

static int parse_json(const char *pointer, struct bytes text, cJSON **out, struct err *err)
{
	cJSON *tree = json_parse(text, NULL);
	const cJSON *list = tree ? follow(tree, pointer ? pointer : "") : NULL;
	int rc = 0;
	if (!tree)
		rc = fault(err, failed, "The input file is not valid JSON");
	else if (!cJSON_IsArray(list) && !cJSON_IsObject(list))
		rc = fault(err, failed, "Attempting to map over non-iterable node.");
	else if (list != tree)
		*out = cJSON_Duplicate(list, true);
	else
		*out = tree;
	if (rc || list != tree)
		cJSON_Delete(tree);
	return rc;
}

static int parse_jsonl(int64_t most, struct bytes text, cJSON **out, struct err *err)
{
	cJSON *list = cJSON_CreateArray();
	INVARIANT(list);
	for (int64_t n = 0; text.n > 0 && (most == 0 || n < most);) {
		struct bytes line = bytes_line(&text);
		line.n -= line.n > 0 && line.p[line.n - 1] == '\r';
		if (line.n == 0)
			continue;
		cJSON *v = json_parse(line, NULL);
		if (!v) {
			cJSON_Delete(list);
			return fault(err, failed, "A line of the input file is not valid JSON");
		}
		INVARIANT(cJSON_AddItemToArray(list, v));
		n++;
	}
	*out = list;
	return 0;
}

int item_format_parse(const struct item_format *f, int64_t most, struct bytes text, cJSON **out,
		      struct err *err)
{
	switch (f->type) {
	case ITEMS_JSONL:
		return parse_jsonl(most, text, out, err);
	case ITEMS_CSV:
		return csv_parse(&f->csv, most, text, out, err);
	case ITEMS_JSON:
		break;
	}
	return parse_json(f->pointer, text, out, err);
}
