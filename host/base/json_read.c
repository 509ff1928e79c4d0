/* json_read.c - the strict reader of json.h: recursive descent with a depth limit. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

struct reader {
	const char *start, *p, *end;
	int depth, depth_max;
	struct err *err;
};

static cJSON *read_value(struct reader *r);

static void *fail(struct reader *r, const char *what)
{
	if (r->err && r->err->code == 0)
		(void)err_set(r->err, ERR_INVALID, "JSON: %s at byte %zu", what,
			      (size_t)(r->p - r->start));
	return NULL;
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool eat(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static bool hex4(struct reader *r, uint32_t *out)
{
	if (r->end - r->p < 4)
		return false;
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = *r->p++;
		uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
			     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
			     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
						    : 16;
		if (d == 16)
			return false;
		*out = *out << 4 | d;
	}
	return true;
}

/* After "\u": one code point, surrogate pairs joined. NUL becomes C0 80 (see json.h). */
static bool read_unicode(struct reader *r, char **w)
{
	uint32_t cp, low;
	if (!hex4(r, &cp) || (cp >= 0xdc00 && cp < 0xe000))
		return false;
	if (cp >= 0xd800 && cp < 0xdc00) {
		if (!eat(r, '\\') || !eat(r, 'u') || !hex4(r, &low) || low < 0xdc00 ||
		    low >= 0xe000)
			return false;
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	if (cp == 0) {
		*(*w)++ = (char)0xc0;
		*(*w)++ = (char)0x80;
		return true;
	}
	*w += utf8_encode(*w, cp);
	return true;
}

static bool read_escape(struct reader *r, char **w)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (r->p == r->end)
		return false;
	char c = *r->p++;
	if (c == 'u')
		return read_unicode(r, w);
	const char *at = memchr(from, c, sizeof(from) - 1);
	if (!at)
		return false;
	*(*w)++ = to[at - from];
	return true;
}

/* The text behind an opening quote, decoded; owned by the caller. An escape never decodes to more
 * bytes than it takes, so the raw length is enough. */
static char *read_string(struct reader *r)
{
	const char *q = r->p;
	while (q < r->end && *q != '"')
		q += (*q == '\\' && r->end - q > 1) ? 2 : 1;
	if (q >= r->end)
		return fail(r, "string without end");
	char *out = malloc((size_t)(q - r->p) + 1);
	if (!out)
		return fail(r, "out of memory");
	char *w = out;
	while (*r->p != '"') {
		size_t n = 1;
		if (*r->p == '\\') {
			r->p++;
			if (!read_escape(r, &w)) {
				free(out);
				return fail(r, "bad escape");
			}
			continue;
		}
		if ((unsigned char)*r->p < 0x20 ||
		    !(n = utf8_valid_at(r->p, (size_t)(r->end - r->p)))) {
			free(out);
			return fail(r, (unsigned char)*r->p < 0x20 ? "raw control character"
								   : "invalid UTF-8");
		}
		memcpy(w, r->p, n);
		w += n;
		r->p += n;
	}
	r->p++;
	*w = '\0';
	return out;
}

static cJSON *new_node(struct reader *r, int type)
{
	cJSON *v = cJSON_CreateNull();
	if (!v)
		return fail(r, "out of memory");
	v->type = type;
	return v;
}

static size_t span_digits(struct reader *r)
{
	const char *from = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return (size_t)(r->p - from);
}

static bool scan_number(struct reader *r)
{
	(void)eat(r, '-');
	if (!eat(r, '0') && span_digits(r) == 0)
		return false;
	if (eat(r, '.') && span_digits(r) == 0)
		return false;
	if (eat(r, 'e') || eat(r, 'E')) {
		if (!eat(r, '+'))
			(void)eat(r, '-');
		if (span_digits(r) == 0)
			return false;
	}
	return true;
}

static cJSON *read_number(struct reader *r)
{
	const char *from = r->p;
	if (!scan_number(r))
		return fail(r, "unexpected character");
	cJSON *v = new_node(r, cJSON_Number);
	char *token = v ? strndup(from, (size_t)(r->p - from)) : NULL;
	if (!token) {
		cJSON_Delete(v);
		return fail(r, "out of memory");
	}
	double d = strtod(token, NULL);
	v->valuestring = token;
	v->valuedouble = d;
	v->valueint = d >= 2147483647.0    ? 2147483647
		      : d <= -2147483648.0 ? (-2147483647 - 1)
					   : (int)d;
	if (!isfinite(d)) {
		cJSON_Delete(v);
		return fail(r, "number out of range");
	}
	return v;
}

static cJSON *read_word(struct reader *r, const char *word, int type)
{
	size_t n = strlen(word);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return fail(r, "unexpected character");
	r->p += n;
	return new_node(r, type);
}

static cJSON *read_array(struct reader *r)
{
	cJSON *list = new_node(r, cJSON_Array);
	skip_space(r);
	if (!list || eat(r, ']'))
		return list;
	do {
		cJSON *item = read_value(r);
		if (!item) {
			cJSON_Delete(list);
			return NULL;
		}
		(void)cJSON_AddItemToArray(list, item);
		skip_space(r);
	} while (eat(r, ','));
	if (eat(r, ']'))
		return list;
	cJSON_Delete(list);
	return fail(r, "expected ',' or ']'");
}

/* One "name": value of an object. The last of two equal names wins, at the place of the first. */
static bool read_member(struct reader *r, cJSON *obj, bool may_repeat)
{
	skip_space(r);
	if (!eat(r, '"'))
		return fail(r, "expected a member name") != NULL;
	char *name = read_string(r);
	if (!name)
		return false;
	skip_space(r);
	cJSON *v = eat(r, ':') ? read_value(r) : fail(r, "expected ':'");
	if (!v) {
		free(name);
		return false;
	}
	v->string = name;
	cJSON *old = may_repeat ? cJSON_GetObjectItemCaseSensitive(obj, name) : NULL;
	if (old)
		(void)cJSON_ReplaceItemViaPointer(obj, old, v);
	else
		(void)cJSON_AddItemToArray(obj, v);
	return true;
}

/* Looking for repeated names is quadratic, so beyond this many members a repeated name is kept as
 * it came: no service we speak to sends such objects. */
enum { REPEAT_CHECK_MAX = 256 };

static cJSON *read_object(struct reader *r)
{
	cJSON *obj = new_node(r, cJSON_Object);
	int n = 0;
	skip_space(r);
	if (!obj || eat(r, '}'))
		return obj;
	do {
		if (!read_member(r, obj, n++ < REPEAT_CHECK_MAX)) {
			cJSON_Delete(obj);
			return NULL;
		}
		skip_space(r);
	} while (eat(r, ','));
	if (eat(r, '}'))
		return obj;
	cJSON_Delete(obj);
	return fail(r, "expected ',' or '}'");
}

static cJSON *read_container(struct reader *r, char kind)
{
	r->p++;
	if (++r->depth > r->depth_max)
		return fail(r, "nested too deep");
	cJSON *v = kind == '{' ? read_object(r) : read_array(r);
	r->depth--;
	return v;
}

static cJSON *read_value(struct reader *r)
{
	skip_space(r);
	if (r->p == r->end)
		return fail(r, "unexpected end");
	switch (*r->p) {
	case '{':
	case '[':
		return read_container(r, *r->p);
	case '"': {
		r->p++;
		char *s = read_string(r);
		cJSON *v = s ? new_node(r, cJSON_String) : NULL;
		if (v)
			v->valuestring = s;
		else
			free(s);
		return v;
	}
	case 't': {
		cJSON *v = read_word(r, "true", cJSON_True);
		if (v)
			v->valueint = 1;
		return v;
	}
	case 'f':
		return read_word(r, "false", cJSON_False);
	case 'n':
		return read_word(r, "null", cJSON_NULL);
	default:
		return read_number(r);
	}
}

cJSON *json_parse_within(struct bytes text, int depth_max, struct err *err)
{
	struct err local = { 0 };
	struct reader r = { .start = text.p,
			    .p = text.p,
			    .end = text.p + text.n,
			    .depth_max = depth_max,
			    .err = &local };
	cJSON *v = text.n ? read_value(&r) : fail(&r, "empty text");
	if (v) {
		skip_space(&r);
		if (r.p != r.end) {
			cJSON_Delete(v);
			v = fail(&r, "something follows the value");
		}
	}
	if (!v && err)
		*err = local;
	return v;
}

cJSON *json_parse(struct bytes text, struct err *err)
{
	return json_parse_within(text, JSON_DEPTH_MAX, err);
}
