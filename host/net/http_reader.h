/*
 * http_reader.h - turns the bytes of a connection into requests; inside net/ only.
 *
 *	bytes ──► http_screen ──► http_parser ──► struct http_received
 *
 * The screen finds where header block and body end and refuses what is malformed; http_parser reads
 * what has passed; what the two make of the framing must agree. Buffers are kept from one request
 * to the next. Pure but for its allocations: no socket, no clock.
 */
#ifndef NET_HTTP_READER_H
#define NET_HTTP_READER_H

#include <http_parser.h>

#include "base/buf.h"
#include "base/http.h"
#include "net/http_screen.h"

enum http_read {
	HTTP_READ_MORE,    /* everything was taken and the request is not whole yet */
	HTTP_READ_HEAD,    /* the header block is whole and a body follows: go on feeding */
	HTTP_READ_DONE,    /* `request` is whole */
	HTTP_READ_REFUSED, /* status and why say what is wrong; feed no more */
};

struct http_reader {
	struct http_screen screen;
	http_parser parser;
	size_t max_body;
	struct buf head, body;
	struct http_span {
		const char *p;
		size_t n;
	} url, names[HTTP_HEADERS_MAX], values[HTTP_HEADERS_MAX];
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
	uint64_t content_length; /* UINT64_MAX: none given */
	bool parsed;             /* http_parser has seen the end of the request */

	/* For the answer. */
	struct http_received
	    request;      /* valid until http_reader_next; peer and client are the caller's */
	bool head_method; /* HEAD: the answer has no body */
	bool keep_alive;
	bool old;             /* HTTP/1.0 */
	bool expect_continue; /* the client waits for 100 before it sends the body */
	int status;
	const char *why;
};

void http_reader_init(struct http_reader *r, size_t max_body);
void http_reader_clear(struct http_reader *r);

/* @return how many bytes were taken; what is behind a whole request belongs to the next one */
size_t http_reader_feed(struct http_reader *r, struct bytes in, enum http_read *result);

void http_reader_next(struct http_reader *r); /* forget the request, keep the memory */

#endif
