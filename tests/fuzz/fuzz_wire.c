/*
 * fuzz_wire.c - the local engine's reading of AWS requests, on any headers and bodies.
 *
 * The input is a line each for target, content type, authorization and date, then the body. What is
 * accepted has an operation, a region and an object; what is refused has a name and a status, and the
 * error that is written is JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "local/shell/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 4 };

static void check_refused(const struct err *err)
{
	struct buf body = BUF_INIT(1 << 20);
	INVARIANT(err->name[0] && err->status >= 400 && err->status < 500);
	wire_write_error(&body, err, BYTES_LIT("{\"reason\":\"R\"}"));
	cJSON *v = json_parse(buf_bytes(&body), NULL);
	INVARIANT(json_get_str(v, "__type"));
	cJSON_Delete(v);
	buf_clear(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[LINES] = { "X-Amz-Target", "Content-Type", "Authorization",
						  "X-Amz-Date" };
	struct http_header headers[LINES];
	struct http_received q = { .method = "POST", .path = "/", .query = "" };
	struct wire_request r;
	struct err err = { 0 };
	char *copy = malloc(size + 1), *p = copy;
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	for (int i = 0; i < LINES && (size_t)(p - copy) < size; i++) {
		char *end = memchr(p, '\n', size - (size_t)(p - copy));
		if (!end)
			break;
		*end = '\0';
		headers[q.n_headers++] = (struct http_header){ names[i], p };
		p = end + 1;
	}
	q.headers = headers;
	q.body = (struct bytes){ p, size - (size_t)(p - copy) };
	if (wire_read(&r, &q, &err) == 0)
		INVARIANT(r.op[0] && r.region[0] && cJSON_IsObject(r.args));
	else
		check_refused(&err);
	wire_request_clear(&r);
	free(copy);
	return 0;
}
