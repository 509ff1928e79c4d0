#include "admin/query_private.h"

#include "base/clock.h"

void query_add_text(cJSON *o, const char *name, const char *text)
{
	if (text && text[0])
		(void)cJSON_AddStringToObject(o, name, text);
}

void query_add_time(cJSON *o, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	if (ms == 0)
		return;
	iso8601_format(text, ms);
	(void)cJSON_AddStringToObject(o, name, text);
}

void query_add_json(cJSON *o, const char *name, const char *text)
{
	cJSON *v = text && text[0] ? json_parse(bytes_str(text), NULL) : NULL;
	if (v && !cJSON_AddItemToObject(o, name, v))
		cJSON_Delete(v);
}

cJSON *query_add_row(cJSON *list)
{
	cJSON *o = cJSON_CreateObject();
	if (o && !cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return NULL;
	}
	return o;
}
