#include "local/core/tags.h"

#include "local/core/fault.h"
#include "local/core/jsonw.h"
#include "local/core/mem.h"

void tags_remove(cJSON *tags, const char *key)
{
	int i = 0;
	for (const cJSON *t = tags ? tags->child : NULL; t; t = t->next, i++) {
		if (strcmp(json_get_str(t, "key"), key) == 0) {
			cJSON_DeleteItemFromArray(tags, i);
			return;
		}
	}
}

int tags_add(cJSON **tags, const cJSON *list, struct err *err)
{
	for (const cJSON *t = list ? list->child : NULL; t; t = t->next) {
		const char *key = json_get_str(t, "key"), *value = json_get_str(t, "value");
		if (!key || !*key)
			return fault(err, "ValidationException",
				     "1 validation error detected: Value at 'tags' failed to "
				     "satisfy constraint: Member must have a key");
		if (!*tags)
			*tags = cJSON_CreateArray();
		tags_remove(*tags, key);
		if (cJSON_GetArraySize(*tags) >= TAGS_MAX)
			return fault(err, "TooManyTags", "A resource has at most %d tags",
				     TAGS_MAX);
		cJSON *made = cJSON_CreateObject();
		INVARIANT(*tags && made && cJSON_AddStringToObject(made, "key", key) &&
			  cJSON_AddStringToObject(made, "value", value ? value : "") &&
			  cJSON_AddItemToArray(*tags, made));
	}
	return 0;
}

void tags_write(struct jsonw *w, const cJSON *tags)
{
	struct buf b = MEM_BUF;
	if (tags)
		json_write(&b, tags);
	else
		buf_adds(&b, "[]");
	jsonw_raw(w, "tags", buf_bytes(&b));
	buf_clear(&b);
}
