/*
 * Any answer of a service: first byte the status, then headers up to an empty line ("name:value"),
 * then the body. Whatever it is, it is an answer or an error with a code and clean text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "aws/answer.h"
#include "base/utf8.h"
#include "sfn/ops.h"
#include "sfn/shape.h"

enum { HEADERS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut "name:value\n" lines out of text in place. Returns what follows the empty line. */
static char *cut_headers(char *text, struct http_answer *a, struct http_header *list)
{
	while (*text && *text != '\n' && a->n_headers < HEADERS_MAX) {
		char *end = text + strcspn(text, "\n"),
		     *colon = memchr(text, ':', (size_t)(end - text));
		if (!*end || !colon)
			return text;
		*end = *colon = '\0';
		list[a->n_headers++] = (struct http_header){ text, colon + 1 };
		text = end + 1;
	}
	return *text == '\n' ? text + 1 : text;
}

static void check(const struct http_answer *a)
{
	struct aws_answer answer;
	struct bytes action, resource;
	struct err err;
	aws_answer_read(&answer, a);
	bool good = a->status >= 200 && a->status < 300 && answer.body;
	INVARIANT(good == (answer.code[0] == '\0'));
	INVARIANT(utf8_valid(buf_cstr(&answer.message), answer.message.n));
	aws_denied(&action, &resource, buf_cstr(&answer.message));
	for (const struct operation *op = sfn_ops; good && op->name; op++) {
		int rc = shape_check(op->answer, answer.body, &err);
		INVARIANT(rc == 0 || err.message[0]);
	}
	aws_answer_clear(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_header list[HEADERS_MAX];
	if (size == 0)
		return 0;
	char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	struct http_answer a = { .status = 100 + 2 * data[0], .headers = list };
	char *body = cut_headers(text, &a, list);
	a.body = (struct bytes){ body, (size_t)(text + size - 1 - body) };
	check(&a);
	free(text);
	return 0;
}
