#include "sfn/shape.h"

#include <stdio.h>

#include "base/clock.h"

enum { PATH_MAX_LEN = 256 };

struct path {
	char text[PATH_MAX_LEN];
	size_t n;
};

static const char *kind_of(const cJSON *v)
{
	if (cJSON_IsString(v))
		return "a string";
	if (cJSON_IsNumber(v))
		return "a number";
	if (cJSON_IsBool(v))
		return "a boolean";
	if (cJSON_IsArray(v))
		return "a list";
	return cJSON_IsObject(v) ? "an object" : "null";
}

/* The protocol sends times as numbers; text is what other writers of JSON make of them. */
static bool is_iso8601(const cJSON *v)
{
	int64_t ms;
	return cJSON_IsString(v) && iso8601_parse(&ms, bytes_str(v->valuestring)) == 0;
}

/* What is expected instead of v; NULL when v is of the type. */
static const char *mismatch(enum member_type type, const cJSON *v)
{
	int64_t n;
	switch (type) {
	case MEMBER_STRING:
		return cJSON_IsString(v) ? NULL : "a string";
	case MEMBER_INTEGER:
		return json_int(v, &n) ? NULL : "an integer";
	case MEMBER_NUMBER:
		return cJSON_IsNumber(v) ? NULL : "a number";
	case MEMBER_TIMESTAMP:
		return cJSON_IsNumber(v) || is_iso8601(v) ? NULL : "a time";
	case MEMBER_BOOLEAN:
		return cJSON_IsBool(v) ? NULL : "a boolean";
	case MEMBER_OBJECT:
	case MEMBER_MAP:
		return cJSON_IsObject(v) ? NULL : "an object";
	case MEMBER_LIST:
		return cJSON_IsArray(v) ? NULL : "a list";
	case MEMBER_ANY:
		break;
	}
	return NULL;
}

/* Go one member down; the text before is restored by cutting back to what is returned. */
static size_t enter(struct path *path, const char *name)
{
	size_t before = path->n;
	int n = snprintf(path->text + path->n, PATH_MAX_LEN - path->n, "%s%s",
			 before > 0 && *name != '[' ? "." : "", name);
	if (n > 0)
		path->n =
		    path->n + (size_t)n < PATH_MAX_LEN ? path->n + (size_t)n : PATH_MAX_LEN - 1;
	return before;
}

static void leave(struct path *path, size_t before)
{
	path->n = before;
	path->text[before] = '\0';
}

static int check_object(const struct member *members, const cJSON *object, struct path *path,
			struct err *err);

/* What is inside v, which is of m's type itself. */
static int check_inside(const struct member *m, const cJSON *v, struct path *path, struct err *err);

static int check_value(const struct member *m, const cJSON *v, struct path *path, struct err *err)
{
	const char *expected = cJSON_IsNull(v) ? NULL : mismatch(m->type, v);
	if (expected)
		return err_set(err, ERR_INVALID, "%s is %s, expected %s", path->text, kind_of(v),
			       expected);
	return m->members && !cJSON_IsNull(v) ? check_inside(m, v, path, err) : 0;
}

static int check_inside(const struct member *m, const cJSON *v, struct path *path, struct err *err)
{
	char index[32];
	int rc = 0, i = 0;
	if (m->type == MEMBER_OBJECT)
		return check_object(m->members, v, path, err);
	for (const cJSON *e = v->child; rc == 0 && e; e = e->next) {
		(void)snprintf(index, sizeof(index), "[%d]", i++);
		size_t before = enter(path, e->string ? e->string : index);
		rc = check_value(&m->members[0], e, path, err);
		leave(path, before);
	}
	return rc;
}

static int check_object(const struct member *members, const cJSON *object, struct path *path,
			struct err *err)
{
	int rc = 0;
	for (const struct member *m = members; rc == 0 && m->name; m++) {
		const cJSON *v = json_get(object, m->name);
		if (!v)
			continue;
		size_t before = enter(path, m->name);
		rc = check_value(m, v, path, err);
		leave(path, before);
	}
	return rc;
}

int shape_check(const struct member *members, const cJSON *object, struct err *err)
{
	struct path path = { .n = 0 };
	return check_object(members, object, &path, err);
}
