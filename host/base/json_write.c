/* json_write.c - the exact writer and the look-ups of json.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

static void write_byte(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_adds(out, "\\\"");
		break;
	case '\\':
		buf_adds(out, "\\\\");
		break;
	case '\n':
		buf_adds(out, "\\n");
		break;
	case '\r':
		buf_adds(out, "\\r");
		break;
	case '\t':
		buf_adds(out, "\\t");
		break;
	default:
		buf_addf(out, "\\u%04x", c);
	}
}

void json_write_string(struct buf *out, struct bytes s)
{
	const char *p = s.n ? s.p : "", *end = p + s.n;
	const char *plain = p; /* start of the run that needs no escape */
	buf_adds(out, "\"");
	while (p < end) {
		unsigned char c = (unsigned char)*p;
		bool nul = c == 0xc0 && end - p >= 2 && (unsigned char)p[1] == 0x80;
		size_t n = nul ? 0 : utf8_valid_at(p, (size_t)(end - p));
		if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
			p += n;
			continue;
		}
		buf_add(out, plain, (size_t)(p - plain));
		if (nul)
			buf_adds(out, "\\u0000");
		else if (n == 0)
			buf_adds(out, "\xef\xbf\xbd");
		else
			write_byte(out, c);
		p += nul ? 2 : 1;
		plain = p;
	}
	buf_add(out, plain, (size_t)(p - plain));
	buf_adds(out, "\"");
}

static void write_number(struct buf *out, const cJSON *v)
{
	char text[40];
	double d = v->valuedouble;
	if (v->valuestring) {
		buf_adds(out, v->valuestring);
		return;
	}
	if (!isfinite(d)) {
		buf_adds(out, "null");
		return;
	}
	if (d == floor(d) && fabs(d) < 9007199254740992.0) {
		buf_addf(out, "%" PRId64, (int64_t)d);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_adds(out, text);
}

static void write_children(struct buf *out, const cJSON *v, bool named)
{
	for (const cJSON *c = v->child; c; c = c->next) {
		if (c != v->child)
			buf_adds(out, ",");
		if (named) {
			json_write_string(out, bytes_str(c->string ? c->string : ""));
			buf_adds(out, ":");
		}
		json_write(out, c);
	}
}

void json_write(struct buf *out, const cJSON *v)
{
	switch (v ? v->type & 0xff : cJSON_NULL) {
	case cJSON_False:
		buf_adds(out, "false");
		break;
	case cJSON_True:
		buf_adds(out, "true");
		break;
	case cJSON_Number:
		write_number(out, v);
		break;
	case cJSON_String:
		json_write_string(out, bytes_str(v->valuestring ? v->valuestring : ""));
		break;
	case cJSON_Raw:
		buf_adds(out, v->valuestring ? v->valuestring : "null");
		break;
	case cJSON_Array:
		buf_adds(out, "[");
		write_children(out, v, false);
		buf_adds(out, "]");
		break;
	case cJSON_Object:
		buf_adds(out, "{");
		write_children(out, v, true);
		buf_adds(out, "}");
		break;
	default:
		buf_adds(out, "null");
	}
}

cJSON *json_new_int(int64_t n)
{
	char text[24];
	cJSON *v = cJSON_CreateNumber((double)n);
	if (!v)
		return NULL;
	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	v->valuestring = strdup(text);
	if (!v->valuestring) {
		cJSON_Delete(v);
		return NULL;
	}
	return v;
}

void json_set_int(cJSON *obj, const char *name, int64_t n)
{
	cJSON *v = json_new_int(n);
	if (!v)
		return;
	if (cJSON_GetObjectItemCaseSensitive(obj, name))
		(void)cJSON_ReplaceItemInObjectCaseSensitive(obj, name, v);
	else
		(void)cJSON_AddItemToObject(obj, name, v);
}

bool json_int_token(const cJSON *v, int64_t *out)
{
	if (!cJSON_IsNumber(v) || !v->valuestring || strpbrk(v->valuestring, ".eE"))
		return false;
	errno = 0;
	long long n = strtoll(v->valuestring, NULL, 10);
	if (errno == ERANGE)
		return false;
	*out = n;
	return true;
}

bool json_int(const cJSON *v, int64_t *out)
{
	if (json_int_token(v, out))
		return true;
	if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble) ||
	    fabs(v->valuedouble) >= 9223372036854775808.0)
		return false;
	*out = (int64_t)v->valuedouble;
	return true;
}

cJSON *json_get(const cJSON *obj, const char *name)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, name) : NULL;
}

const char *json_get_str(const cJSON *obj, const char *name)
{
	return cJSON_GetStringValue(json_get(obj, name));
}

int64_t json_get_int(const cJSON *obj, const char *name, int64_t fallback)
{
	int64_t n;
	return json_int(json_get(obj, name), &n) ? n : fallback;
}

bool json_get_bool(const cJSON *obj, const char *name, bool fallback)
{
	const cJSON *v = json_get(obj, name);
	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : fallback;
}

static bool numbers_equal(const cJSON *a, const cJSON *b)
{
	int64_t x, y;
	if (json_int_token(a, &x) && json_int_token(b, &y))
		return x == y;
	return a->valuedouble == b->valuedouble;
}

static bool objects_equal(const cJSON *a, const cJSON *b)
{
	if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
		return false;
	for (const cJSON *m = a->child; m; m = m->next) {
		const cJSON *other = json_get(b, m->string);
		if (!other || !json_equal(m, other))
			return false;
	}
	return true;
}

static bool arrays_equal(const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;
	for (; x && y; x = x->next, y = y->next) {
		if (!json_equal(x, y))
			return false;
	}
	return !x && !y;
}

bool json_equal(const cJSON *a, const cJSON *b)
{
	if (!a || !b)
		return a == b;
	if ((a->type & 0xff) != (b->type & 0xff))
		return false;
	if (cJSON_IsNumber(a))
		return numbers_equal(a, b);
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	if (cJSON_IsArray(a))
		return arrays_equal(a, b);
	return cJSON_IsObject(a) ? objects_equal(a, b) : true;
}
