#include "cli/input.h"

#include <stdlib.h>
#include <string.h>

#include "cli/files.h"

enum { INPUT_MAX = 16 << 20 };

static int read_whole(cJSON **out, const char *arg, struct err *err)
{
	struct buf text = BUF_INIT(INPUT_MAX);
	struct err why = { 0 };
	if (arg[0] != '@') {
		buf_adds(&text, arg);
	} else if (files_read(&text, arg + 1, err) < 0) {
		buf_clear(&text);
		return -ERR_INVALID;
	}
	*out = json_parse(buf_bytes(&text), &why);
	buf_clear(&text);
	if (!*out)
		return err_set(err, ERR_INVALID, "--input %.80s: %s", arg, why.message);
	return 0;
}

int input_set_whole(struct input *in, const char *arg, struct err *err)
{
	cJSON *v = NULL;
	if (in->whole)
		return err_set(err, ERR_INVALID, "--input is given twice");
	int rc = read_whole(&v, arg, err);
	if (rc < 0)
		return rc;
	if (!cJSON_IsObject(v)) {
		cJSON_Delete(v);
		return err_set(err, ERR_INVALID, "--input %.80s: expected a JSON object", arg);
	}
	/* Members given by -i before it stay on top of it. */
	while (in->object && in->object->child) {
		cJSON *m = cJSON_DetachItemViaPointer(in->object, in->object->child);
		cJSON_DeleteItemFromObjectCaseSensitive(v, m->string);
		(void)cJSON_AddItemToArray(v, m);
	}
	cJSON_Delete(in->object);
	in->object = v;
	in->whole = true;
	return 0;
}

int input_set_member(struct input *in, const char *key_value, struct err *err)
{
	const char *eq = strchr(key_value, '=');
	if (!eq || eq == key_value)
		return err_set(err, ERR_INVALID, "-i %.80s: expected KEY=VALUE", key_value);
	char *key = strndup(key_value, (size_t)(eq - key_value));
	cJSON *v = json_parse(bytes_str(eq + 1), NULL);
	if (!v)
		v = cJSON_CreateString(eq + 1);
	if (!in->object)
		in->object = cJSON_CreateObject();
	if (!key || !v || !in->object) {
		free(key);
		cJSON_Delete(v);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	cJSON_DeleteItemFromObjectCaseSensitive(in->object, key);
	(void)cJSON_AddItemToObject(in->object, key, v);
	free(key);
	return 0;
}

void input_write(const struct input *in, struct buf *out)
{
	if (in->object)
		json_write(out, in->object);
	else
		buf_adds(out, "{}");
}

void input_clear(struct input *in)
{
	cJSON_Delete(in->object);
	*in = (struct input){ 0 };
}
