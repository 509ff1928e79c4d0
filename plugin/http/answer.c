#include "http/answer.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"

enum { NAME_MAX_LEN = 256, JSON_DEPTH = 64 };

static bool is_first(const struct http_answer *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(a->headers[k].name, a->headers[i].name) == 0)
			return false;
	return true;
}

static void lower(struct buf *out, const char *name)
{
	for (; *name; name++) {
		const char c = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
		buf_add(out, &c, 1);
	}
}

/* Those of the i-th one's name, which is the first of that name. */
static void join(struct buf *out, const struct http_answer *a, size_t i)
{
	buf_adds(out, a->headers[i].value);
	for (size_t k = i + 1; k < a->n_headers; k++)
		if (strcasecmp(a->headers[k].name, a->headers[i].name) == 0)
			buf_addf(out, ", %s", a->headers[k].value);
}

static void write_header(struct buf *out, const struct http_answer *a, size_t i)
{
	struct buf name = BUF_INIT(NAME_MAX_LEN), value = BUF_INIT(1 << 20);
	lower(&name, a->headers[i].name);
	join(&value, a, i);
	if (!name.err && !value.err) {
		buf_adds(out, i > 0 && out->p[out->n - 1] != '{' ? "," : "");
		json_write_string(out, buf_bytes(&name));
		buf_adds(out, ":");
		json_write_string(out, buf_bytes(&value));
	}
	buf_clear(&name);
	buf_clear(&value);
}

/* "application/json; charset=utf-8", "application/problem+json" */
static bool is_json(const char *type)
{
	size_t n = type ? strcspn(type, "; \t") : 0;
	return (n == 16 && strncasecmp(type, "application/json", n) == 0) ||
	       (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

static void write_body(struct buf *out, const struct http_answer *a)
{
	if (!utf8_valid(a->body.p, a->body.n)) {
		buf_adds(out, ",\"body_base64\":\"");
		base64_encode(out, a->body);
		buf_adds(out, "\"");
		return;
	}
	buf_adds(out, ",\"body\":");
	json_write_string(out, a->body);
	cJSON *v = is_json(http_header_get(a->headers, a->n_headers, "Content-Type"))
		       ? json_parse_within(a->body, JSON_DEPTH, NULL)
		       : NULL;
	if (v) {
		buf_adds(out, ",\"json\":");
		json_write(out, v);
	}
	cJSON_Delete(v);
}

void answer_write(struct buf *out, const struct http_answer *a)
{
	buf_addf(out, "{\"status\":%d,\"headers\":{", a->status);
	for (size_t i = 0; i < a->n_headers; i++)
		if (is_first(a, i))
			write_header(out, a, i);
	buf_adds(out, "}");
	write_body(out, a);
	buf_adds(out, "}");
}
