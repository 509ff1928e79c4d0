#include "aws/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/utf8.h"

enum { MESSAGE_MAX = 1 << 16, EXTRA_MAX = 1 << 20, QUOTE_MAX = 500, DECIMAL = 10 };

/* ---- text from outside ---- */

/* Append text of unknown origin as one clean line of UTF-8, at most n bytes of it. */
static void add_clean(struct buf *out, struct bytes text, size_t n)
{
	bool blank = false;
	for (size_t i = 0; i < text.n && i < n;) {
		size_t len = utf8_valid_at(text.p + i, text.n - i);
		unsigned char c = (unsigned char)text.p[i];
		if (len == 1 && (c <= ' ' || c == 0x7f)) {
			blank = out->n > 0;
		} else {
			buf_adds(out, blank ? " " : "");
			buf_add(out, len ? text.p + i : "\xEF\xBF\xBD", len ? len : 3);
			blank = false;
		}
		i += len ? len : 1;
	}
}

/* "aws.x#Foo:http://..." is Foo; "Foo;Sender" is Foo. False when nothing is left. */
static bool set_code(char code[AWS_CODE_SIZE], const char *raw, const char *stop)
{
	if (!raw)
		return false;
	size_t n = strcspn(raw, stop);
	for (size_t i = n; i > 0; i--) {
		if (raw[i - 1] != '#')
			continue;
		raw += i;
		n -= i;
		break;
	}
	if (n == 0 || n >= AWS_CODE_SIZE)
		return false;
	memcpy(code, raw, n);
	code[n] = '\0';
	return true;
}

/* Digits only; -1 for anything else. */
static int64_t read_count(const char *text)
{
	int64_t value = 0;
	if (!text || !*text || strlen(text) > 9)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * DECIMAL + (*text - '0');
	}
	return value;
}

/* ---- errors ---- */

static const char *header(const struct http_answer *a, const char *name)
{
	return http_header_get(a->headers, a->n_headers, name);
}

static void read_code(struct aws_answer *out, const struct http_answer *a)
{
	(void)(set_code(out->code, json_get_str(out->body, "__type"), ":") ||
	       set_code(out->code, json_get_str(out->body, "code"), ":") ||
	       set_code(out->code, header(a, "x-amzn-errortype"), ":") ||
	       snprintf(out->code, AWS_CODE_SIZE, "%d", a->status));
	(void)set_code(out->code, header(a, "x-amzn-query-error"), ";");
}

static void read_message(struct aws_answer *out, const struct http_answer *a)
{
	static const char *const names[] = { "message", "Message", "errorMessage" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = json_get_str(out->body, names[i]);
		if (text) {
			add_clean(&out->message, bytes_str(text), MESSAGE_MAX / 4);
			return;
		}
	}
	if (a->status >= 300 && a->status < 400) {
		const char *to = header(a, "location");
		buf_adds(&out->message, "redirected to ");
		add_clean(&out->message, bytes_str(to ? to : "nowhere"), QUOTE_MAX);
		buf_adds(&out->message, ", which is never followed");
	} else if (!out->body && a->body.n > 0) {
		add_clean(&out->message, a->body, QUOTE_MAX);
	} else {
		buf_addf(&out->message, "HTTP status %d without a message", a->status);
	}
}

/* Everything in the body that is not the code or the message: reason, resourceName, ... */
static void read_extra(struct aws_answer *out)
{
	static const char *const known[] = { "__type", "code", "message", "Message",
					     "errorMessage" };
	cJSON *rest = cJSON_CreateObject();
	for (const cJSON *m = out->body ? out->body->child : NULL; rest && m; m = m->next) {
		bool is_known = cJSON_IsNull(m);
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known = is_known || strcmp(m->string, known[i]) == 0;
		cJSON *copy = is_known ? NULL : cJSON_Duplicate(m, 1);
		if (copy && !cJSON_AddItemToObject(rest, m->string, copy))
			cJSON_Delete(copy);
	}
	if (rest && rest->child)
		json_write(&out->extra, rest);
	cJSON_Delete(rest);
}

void aws_answer_fail(struct aws_answer *a, const char *code, const char *fmt, ...)
{
	char text[QUOTE_MAX * 2];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(a->code, sizeof(a->code), "%s", code);
	buf_clear(&a->message);
	buf_clear(&a->extra);
	add_clean(&a->message, bytes_str(text), sizeof(text));
}

/* ---- all of it ---- */

void aws_answer_init(struct aws_answer *out)
{
	*out = (struct aws_answer){ .message = BUF_INIT(MESSAGE_MAX),
				    .extra = BUF_INIT(EXTRA_MAX),
				    .retry_after_ms = -1 };
}

static void read_body(struct aws_answer *out, const struct http_answer *a, struct err *err)
{
	cJSON *v = json_parse(a->body.n > 0 ? a->body : BYTES_LIT("{}"), err);
	if (v && !cJSON_IsObject(v)) {
		cJSON_Delete(v);
		v = NULL;
		(void)err_set(err, ERR_INVALID, "not a JSON object");
	}
	out->body = v;
}

void aws_answer_read(struct aws_answer *out, const struct http_answer *a)
{
	struct err why = { 0 };
	aws_answer_init(out);
	out->status = a->status;
	const char *id = header(a, "x-amzn-requestid");
	if (!id)
		id = header(a, "x-amz-request-id");
	(void)snprintf(out->request_id, sizeof(out->request_id), "%s", id ? id : "");
	out->retry_after_ms = read_count(header(a, "x-amz-retry-after"));
	if (out->retry_after_ms < 0) {
		int64_t seconds = read_count(header(a, "retry-after"));
		out->retry_after_ms = seconds < 0 ? -1 : seconds * 1000;
	}
	read_body(out, a, &why);
	if (a->status >= 200 && a->status < 300) {
		if (!out->body)
			aws_answer_fail(out, AWS_MALFORMED, "HTTP status %d with a broken body: %s",
					a->status, why.message);
		return;
	}
	read_code(out, a);
	read_message(out, a);
	read_extra(out);
}

void aws_answer_clear(struct aws_answer *a)
{
	buf_clear(&a->message);
	buf_clear(&a->extra);
	cJSON_Delete(a->body);
	a->body = NULL;
}

static struct bytes word_after(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	if (!at)
		return (struct bytes){ NULL, 0 };
	at += strlen(mark);
	return (struct bytes){ at, strcspn(at, " ,") };
}

void aws_denied(struct bytes *action, struct bytes *resource, const char *message)
{
	*action = word_after(message, "not authorized to perform: ");
	*resource = word_after(message, " on resource: ");
	if (resource->n > 0 && resource->p[resource->n - 1] == '.')
		resource->n--; /* "... on resource: arn:x." ends the sentence */
}
