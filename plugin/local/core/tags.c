#include "local/core/tags.h"

#include <string.h>

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

enum { KEY_MAX = 128, VALUE_MAX = 256 };

static int64_t characters(const char *s)
{
	int64_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int check_length(const char *member, int i, const char *text, int most, struct err *err)
{
	if (!text || characters(text) <= most)
		return 0;
	return fault(err, "ValidationException",
		     "1 validation error detected: Value '%.400s' at 'tags.%d.member.%s' failed to "
		     "satisfy constraint: Member must have length less than or equal to %d",
		     text, i, member, most);
}

static const cJSON *find(const cJSON *tags, const char *key)
{
	for (const cJSON *t = tags ? tags->child : NULL; t; t = t->next)
		if (strcmp(json_get_str(t, "key"), key) == 0)
			return t;
	return NULL;
}

static int check(const cJSON *tags, const cJSON *list, struct err *err)
{
	int total = cJSON_GetArraySize(tags), i = 1;
	for (const cJSON *t = list ? list->child : NULL; t; t = t->next, i++) {
		const char *key = json_get_str(t, "key");
		if (!key || !*key)
			return fault(err, "ValidationException",
				     "1 validation error detected: Value at 'tags' failed to "
				     "satisfy constraint: Member must have a key");
		int rc = check_length("key", i, key, KEY_MAX, err);
		if (!rc)
			rc = check_length("value", i, json_get_str(t, "value"), VALUE_MAX, err);
		if (rc)
			return rc;
		total += !find(tags, key);
	}
	if (total <= TAGS_MAX)
		return 0;
	return fault(err, "TooManyTags", "A resource has at most %d tags", TAGS_MAX);
}

int tags_add(cJSON **tags, const cJSON *list, struct err *err)
{
	int rc = check(*tags, list, err);
	for (const cJSON *t = list && !rc ? list->child : NULL; t; t = t->next) {
		const char *key = json_get_str(t, "key"), *value = json_get_str(t, "value");
		if (!*tags)
			*tags = cJSON_CreateArray();
		tags_remove(*tags, key);
		cJSON *made = cJSON_CreateObject();
		INVARIANT(*tags && made && cJSON_AddStringToObject(made, "key", key) &&
			  cJSON_AddStringToObject(made, "value", value ? value : "") &&
			  cJSON_AddItemToArray(*tags, made));
	}
	return rc;
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
