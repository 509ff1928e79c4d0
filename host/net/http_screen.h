/*
 * http_screen.h - what a request may look like byte by byte, checked before any parser sees it.
 *
 * Parsers differ in what they let pass, and where two of them differ a request can be smuggled. So
 * the screen knows only one way to write each thing: CRLF ends a line and neither CR nor LF stands
 * alone, no folded line, no control character but tab in a value, a header's name is a token right
 * before its colon, the request line has three parts and two single blanks, a chunk line is its
 * size in hex and nothing else, and no trailer follows the last chunk.
 *
 * Pure: no I/O, no allocation, input in pieces of any size. What it refuses it gives a status.
 */
#ifndef NET_HTTP_SCREEN_H
#define NET_HTTP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	HTTP_LINE_MAX = 8 * 1024,  /* request line: 414; header line: 431 */
	HTTP_HEAD_MAX = 64 * 1024, /* 431 */
	HTTP_HEADERS_MAX = 100,    /* 431 */
};

enum http_screen_state {
	SCREEN_METHOD,
	SCREEN_TARGET_START,
	SCREEN_TARGET,
	SCREEN_VERSION_START,
	SCREEN_VERSION,
	SCREEN_REQUEST_LF,
	SCREEN_LINE_START,
	SCREEN_NAME,
	SCREEN_VALUE,
	SCREEN_VALUE_LF,
	SCREEN_HEAD_LF,
	SCREEN_HEAD_DONE,

	SCREEN_BODY,
	SCREEN_CHUNK_START,
	SCREEN_CHUNK_SIZE,
	SCREEN_CHUNK_SIZE_LF,
	SCREEN_CHUNK_DATA,
	SCREEN_CHUNK_CR,
	SCREEN_CHUNK_LF,
	SCREEN_LAST_CR,
	SCREEN_LAST_LF,
	SCREEN_BODY_DONE,

	SCREEN_REFUSED,
};

struct http_screen {
	enum http_screen_state state;
	size_t line, head; /* bytes of the line and of the header block so far */
	int n_headers;
	uint64_t left; /* of the body or the chunk */
	uint64_t body; /* bytes of chunk data announced so far */
	uint64_t max_body;
	int digits; /* of the chunk's size */

	int status; /* when refused */
	const char *why;
};

void http_screen_init(struct http_screen *s);

/* @return how many bytes belong to the header block; SCREEN_HEAD_DONE with its last */
size_t http_screen_head(struct http_screen *s, struct bytes in);

/* Once, after SCREEN_HEAD_DONE. More than max_body is refused with 413. */
void http_screen_expect_length(struct http_screen *s, uint64_t length, uint64_t max_body);
void http_screen_expect_chunks(struct http_screen *s, uint64_t max_body);

/* @return how many bytes belong to the body, framing included; SCREEN_BODY_DONE with its last */
size_t http_screen_body(struct http_screen *s, struct bytes in);

#endif
