#include "script/check.h"

#include <inttypes.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/similar.h"
#include "script/json_lua.h"

enum { PATH_SIZE = 512 };

struct checker {
	struct err *err;
};

static int check_value(struct checker *c, const char *path, const cJSON *v, const struct member *m);

/* ---- messages ---- */

static const char *type_name(enum member_type type)
{
	switch (type) {
	case MEMBER_STRING:
		return "a string";
	case MEMBER_INTEGER:
		return "an integer";
	case MEMBER_NUMBER:
		return "a number";
	case MEMBER_BOOLEAN:
		return "a boolean";
	case MEMBER_TIMESTAMP:
		return "a time (seconds since the epoch, or ISO 8601 text)";
	case MEMBER_OBJECT:
	case MEMBER_MAP:
		return "a table with names";
	case MEMBER_LIST:
		return "a list";
	case MEMBER_ANY:
		break;
	}
	return "a value";
}

static const char *value_name(const cJSON *v)
{
	if (cJSON_IsString(v))
		return "a string";
	if (cJSON_IsNumber(v))
		return "a number";
	if (cJSON_IsBool(v))
		return "a boolean";
	if (cJSON_IsArray(v))
		return "a list";
	return cJSON_IsObject(v) ? "a table with names" : "null";
}

static int mismatch(struct checker *c, const char *path, const struct member *m, const cJSON *v)
{
	return err_set(c->err, ERR_INVALID, "%s must be %s, got %s", path, type_name(m->type),
		       value_name(v));
}

static int out_of_range(struct checker *c, const char *path, const struct member *m,
			const char *what, int64_t got)
{
	if (m->max < m->min || m->max == INT64_MAX)
		return err_set(c->err, ERR_INVALID,
			       "%s must have at least %" PRId64 " %s, got %" PRId64, path, m->min,
			       what, got);
	return err_set(c->err, ERR_INVALID,
		       "%s must have %" PRId64 " to %" PRId64 " %s, got %" PRId64, path, m->min,
		       m->max, what, got);
}

/* ---- suggestions ---- */

const char *check_suggest(const char *name, const struct member *members)
{
	struct similar near = similar_to(name);
	for (const struct member *m = members; m && m->name; m++)
		similar_consider(&near, m->name);
	return near.best;
}

/* ---- one value ---- */

static int64_t characters(const char *s)
{
	int64_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* 0,0 is no limit; a maximum below the minimum is a minimum alone. */
static bool in_range(const struct member *m, int64_t n)
{
	if (m->min == 0 && m->max == 0)
		return true;
	return n >= m->min && (n <= m->max || m->max < m->min);
}

static int check_pattern(struct checker *c, const char *path, const char *s, const struct member *m)
{
	char whole[1024];
	regex_t re;
	int n = snprintf(whole, sizeof(whole), "^(%s)$", m->pattern);
	INVARIANT(n > 0 && (size_t)n < sizeof(whole));
	INVARIANT(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB) == 0);
	int rc = regexec(&re, s, 0, NULL, 0);
	regfree(&re);
	if (rc == 0)
		return 0;
	return err_set(c->err, ERR_INVALID, "%s '%.200s' does not match %s", path, s, m->pattern);
}

static int check_choice(struct checker *c, const char *path, const char *s, const struct member *m)
{
	struct buf all = BUF_INIT(512);
	for (const char *const *p = m->choices; *p; p++) {
		if (strcmp(*p, s) == 0) {
			buf_clear(&all);
			return 0;
		}
		buf_addf(&all, "%s%s", p == m->choices ? "" : ", ", *p);
	}
	int rc = err_set(c->err, ERR_INVALID, "%s must be one of %s, got '%.200s'", path,
			 buf_cstr(&all), s);
	buf_clear(&all);
	return rc;
}

static int check_string(struct checker *c, const char *path, const cJSON *v, const struct member *m)
{
	if (!cJSON_IsString(v))
		return mismatch(c, path, m, v);
	int64_t n = characters(v->valuestring);
	if (!in_range(m, n))
		return out_of_range(c, path, m, "characters", n);
	if (m->pattern) {
		int rc = check_pattern(c, path, v->valuestring, m);
		if (rc < 0)
			return rc;
	}
	return m->choices ? check_choice(c, path, v->valuestring, m) : 0;
}

static int check_integer(struct checker *c, const char *path, const cJSON *v,
			 const struct member *m)
{
	int64_t n = 0;
	if (!cJSON_IsNumber(v))
		return mismatch(c, path, m, v);
	if (!json_int(v, &n))
		return err_set(c->err, ERR_INVALID, "%s must be an integer, got %.17g", path,
			       v->valuedouble);
	if (!in_range(m, n))
		return err_set(c->err, ERR_INVALID,
			       "%s must be %" PRId64 " to %" PRId64 ", got %" PRId64, path, m->min,
			       m->max, n);
	return 0;
}

static int check_number(struct checker *c, const char *path, const cJSON *v, const struct member *m)
{
	if (!cJSON_IsNumber(v))
		return mismatch(c, path, m, v);
	double d = v->valuedouble;
	if (fabs(d) > 9e18)
		return mismatch(c, path, m, v);
	if (!in_range(m, (int64_t)floor(d)) || !in_range(m, (int64_t)ceil(d)))
		return err_set(c->err, ERR_INVALID,
			       "%s must be %" PRId64 " to %" PRId64 ", got %.17g", path, m->min,
			       m->max, d);
	return 0;
}

static int check_list(struct checker *c, const char *path, const cJSON *v, const struct member *m)
{
	char inner[PATH_SIZE];
	int i = 0, n = cJSON_GetArraySize(v);
	if (!cJSON_IsArray(v))
		return mismatch(c, path, m, v);
	if (!in_range(m, n))
		return out_of_range(c, path, m, "elements", n);
	for (const cJSON *e = v->child; e && m->members; e = e->next) {
		(void)snprintf(inner, sizeof(inner), "%s[%d]", path, ++i);
		int rc = check_value(c, inner, e, &m->members[0]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void join(char out[PATH_SIZE], const char *path, const char *name)
{
	(void)snprintf(out, PATH_SIZE, "%s%s%s", path, *path ? "." : "", name);
}

static int check_map(struct checker *c, const char *path, const cJSON *v, const struct member *m)
{
	char inner[PATH_SIZE];
	if (!cJSON_IsObject(v))
		return mismatch(c, path, m, v);
	for (const cJSON *e = v->child; e && m->members; e = e->next) {
		join(inner, path, e->string);
		int rc = check_value(c, inner, e, &m->members[0]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int unknown_member(struct checker *c, const char *path, const char *name,
			  const struct member *members)
{
	const char *close = check_suggest(name, members);
	const char *sep = *path ? "." : "";
	if (close)
		return err_set(c->err, ERR_INVALID,
			       "unknown member '%s%s%s': did you mean '%s%s%s'?", path, sep, name,
			       path, sep, close);
	struct buf all = BUF_INIT(512);
	for (const struct member *m = members; m && m->name; m++)
		buf_addf(&all, "%s%s", m == members ? "" : ", ", m->name);
	int rc = err_set(c->err, ERR_INVALID, "unknown member '%s%s%s' (it takes: %s)", path, sep,
			 name, all.n ? buf_cstr(&all) : "nothing");
	buf_clear(&all);
	return rc;
}

/* path is "" at the top. */
static int check_object(struct checker *c, const char *path, const cJSON *v,
			const struct member *members)
{
	char inner[PATH_SIZE];
	for (const cJSON *e = v->child; e; e = e->next) {
		const struct member *m = member_find(members, e->string);
		if (!m)
			return unknown_member(c, path, e->string, members);
		join(inner, path, m->name);
		int rc = check_value(c, inner, e, m);
		if (rc < 0)
			return rc;
	}
	for (const struct member *m = members; m && m->name; m++) {
		if (!(m->flags & MEMBER_REQUIRED) || json_get(v, m->name))
			continue;
		join(inner, path, m->name);
		return err_set(c->err, ERR_INVALID, "missing member '%s'", inner);
	}
	return 0;
}

static int check_value(struct checker *c, const char *path, const cJSON *v, const struct member *m)
{
	switch (m->type) {
	case MEMBER_STRING:
		return check_string(c, path, v, m);
	case MEMBER_INTEGER:
		return check_integer(c, path, v, m);
	case MEMBER_NUMBER:
	case MEMBER_TIMESTAMP: /* text became a number when it was read */
		return check_number(c, path, v, m);
	case MEMBER_BOOLEAN:
		return cJSON_IsBool(v) ? 0 : mismatch(c, path, m, v);
	case MEMBER_LIST:
		return check_list(c, path, v, m);
	case MEMBER_MAP:
		return check_map(c, path, v, m);
	case MEMBER_OBJECT:
		if (!cJSON_IsObject(v))
			return mismatch(c, path, m, v);
		return m->members ? check_object(c, path, v, m->members) : 0;
	case MEMBER_ANY:
		break;
	}
	return 0;
}

int check_members(const cJSON *args, const struct member *members, struct err *err)
{
	struct checker c = { err };
	return check_object(&c, "", args, members);
}
