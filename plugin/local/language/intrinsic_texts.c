/* intrinsic_texts.c - the functions on texts and JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/random.h"
#include "base/utf8.h"

#include "local/language/intrinsic.h"

/* Base64 and Hash take so many characters, as documented. */
enum { DATA_MAX = 10000, RESULT_MAX = 16 * 1024 * 1024 };

const char *intrinsic_text(struct intrinsic_call *call, int n, const char *what)
{
	const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(call->args, n));
	if (!s)
		(void)intrinsic_failed(call, "%s must be a string", what);
	return s;
}

/* The string of *b, which is cleared. Bytes that are no text are replaced. */
static cJSON *take_text(struct intrinsic_call *call, struct buf *b)
{
	struct buf json = BUF_INIT(6UL * RESULT_MAX);
	cJSON *s = NULL;
	json_write_string(&json, (struct bytes){ b->p, b->n });
	if (b->err || json.err)
		(void)intrinsic_failed(call, "the result is too long");
	else
		s = json_parse(buf_bytes(&json), NULL);
	buf_clear(&json);
	buf_clear(b);
	return s;
}

/* A text as it is, anything else as JSON. */
static void write_plain(struct buf *out, const cJSON *v)
{
	if (cJSON_IsString(v))
		buf_adds(out, v->valuestring);
	else
		json_write(out, v);
}

static cJSON *run_format(struct intrinsic_call *call)
{
	struct buf out = BUF_INIT(RESULT_MAX);
	const char *p = intrinsic_text(call, 0, "the template");
	const cJSON *next = call->args->child->next;
	for (; p && *p; p++) {
		if (*p == '\\' && p[1] && strchr("'\\{}", p[1])) {
			buf_add(&out, ++p, 1);
		} else if (*p == '{' && p[1] == '}' && next) {
			write_plain(&out, next);
			next = next->next;
			p++;
		} else if (*p == '{' || *p == '}') {
			break;
		} else {
			buf_add(&out, p, 1);
		}
	}
	if (p && !*p && !next)
		return take_text(call, &out);
	buf_clear(&out);
	if (!p)
		return NULL;
	if (*p == '{' && p[1] == '}')
		return intrinsic_failed(call, "the template has more {} than there are arguments");
	if (*p)
		return intrinsic_failed(call, "the template has a brace that is not escaped");
	return intrinsic_failed(call, "the template has fewer {} than there are arguments");
}

static cJSON *run_to_json(struct intrinsic_call *call)
{
	struct err why;
	const char *s = intrinsic_text(call, 0, "the argument");
	cJSON *v = s ? json_parse(bytes_str(s), &why) : NULL;
	if (s && !v)
		return intrinsic_failed(call, "the argument is not JSON: %.150s", why.message);
	return v;
}

static cJSON *run_to_text(struct intrinsic_call *call)
{
	struct buf out = BUF_INIT(RESULT_MAX);
	json_write(&out, call->args->child);
	return take_text(call, &out);
}

static cJSON *run_merge(struct intrinsic_call *call)
{
	cJSON *a = call->args->child, *b = a->next;
	if (!cJSON_IsObject(a) || !cJSON_IsObject(b))
		return intrinsic_failed(call, "the first two arguments must be JSON objects");
	if (!cJSON_IsBool(b->next))
		return intrinsic_failed(call, "the third argument must be a boolean");
	if (cJSON_IsTrue(b->next))
		return intrinsic_failed(call, "deep merging is not supported: the third argument "
					      "must be false");
	while (b->child) {
		cJSON *m = cJSON_DetachItemViaPointer(b, b->child);
		cJSON *old = json_get(a, m->string); /* m keeps its name either way */
		if (old)
			(void)cJSON_ReplaceItemViaPointer(a, old, m);
		else
			(void)cJSON_AddItemToArray(a, m);
	}
	return cJSON_DetachItemViaPointer(call->args, a);
}

/* Bytes of the character at s; the pair that stands for U+0000 is one, too. */
static size_t char_len(const char *s)
{
	size_t n = utf8_valid_at(s, strnlen(s, 4));
	if (n > 0)
		return n;
	return (unsigned char)s[0] == 0xc0 && s[1] ? 2 : 1;
}

static bool is_among(const char *c, size_t n, const char *set)
{
	for (; *set; set += char_len(set)) {
		if (char_len(set) == n && memcmp(set, c, n) == 0)
			return true;
	}
	return false;
}

/* Any of the delimiter's characters splits; empty parts are left out. */
static cJSON *run_split(struct intrinsic_call *call)
{
	const char *s = intrinsic_text(call, 0, "the first argument");
	const char *delimiters = s ? intrinsic_text(call, 1, "the delimiter") : NULL;
	cJSON *parts = delimiters ? cJSON_CreateArray() : NULL;
	const char *start = s;
	for (size_t n; parts && start; s += n) {
		n = *s ? char_len(s) : 0;
		if (n > 0 && !is_among(s, n, delimiters))
			continue;
		char *part = s > start ? strndup(start, (size_t)(s - start)) : NULL;
		if (part)
			(void)cJSON_AddItemToArray(parts, cJSON_CreateString(part));
		free(part);
		start = n > 0 ? s + n : NULL;
	}
	return parts;
}

static const char *limited_text(struct intrinsic_call *call)
{
	const char *s = intrinsic_text(call, 0, "the data");
	if (s && strlen(s) > DATA_MAX) {
		(void)intrinsic_failed(call, "the data must not have more than %d characters",
				       DATA_MAX);
		return NULL;
	}
	return s;
}

static cJSON *run_base64_encode(struct intrinsic_call *call)
{
	struct buf out = BUF_INIT(RESULT_MAX);
	const char *s = limited_text(call);
	if (!s)
		return NULL;
	base64_encode(&out, bytes_str(s));
	return take_text(call, &out);
}

static cJSON *run_base64_decode(struct intrinsic_call *call)
{
	struct buf out = BUF_INIT(RESULT_MAX);
	const char *s = limited_text(call);
	if (!s)
		return NULL;
	if (base64_decode(&out, bytes_str(s)) == 0)
		return take_text(call, &out);
	buf_clear(&out);
	return intrinsic_failed(call, "the data is not base64");
}

static cJSON *run_hash(struct intrinsic_call *call)
{
	struct buf data = BUF_INIT(DATA_MAX), out = BUF_INIT(RESULT_MAX);
	const char *algorithm = intrinsic_text(call, 1, "the algorithm");
	if (!algorithm)
		return NULL;
	write_plain(&data, call->args->child);
	int rc = data.err ? data.err : digest_by_name(&out, algorithm, buf_bytes(&data));
	bool too_long = data.err != 0;
	buf_clear(&data);
	if (!rc)
		return take_text(call, &out);
	buf_clear(&out);
	if (too_long)
		return intrinsic_failed(call, "the data must not have more than %d characters",
					DATA_MAX);
	return intrinsic_failed(call, "the algorithm must be MD5, SHA-1, SHA-256, SHA-384 or "
				      "SHA-512");
}

static cJSON *run_uuid(struct intrinsic_call *call)
{
	uint8_t bytes[16];
	char text[UUID_SIZE];
	call->env->random(call->env->arg, bytes, sizeof(bytes));
	uuid_format(text, bytes, 4);
	return cJSON_CreateString(text);
}

const struct intrinsic intrinsic_texts[] = {
	{ "States.Base64Decode", 1, 1, false, run_base64_decode },
	{ "States.Base64Encode", 1, 1, false, run_base64_encode },
	{ "States.Format", 1, -1, true, run_format },
	{ "States.Hash", 2, 2, false, run_hash },
	{ "States.JsonMerge", 3, 3, false, run_merge },
	{ "States.JsonToString", 1, 1, false, run_to_text },
	{ "States.StringSplit", 2, 2, false, run_split },
	{ "States.StringToJson", 1, 1, false, run_to_json },
	{ "States.UUID", 0, 0, false, run_uuid },
	{ 0 },
};
