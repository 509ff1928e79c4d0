/*
 * http_answer.h - the header block of an answer; inside net/ only.
 */
#ifndef NET_HTTP_ANSWER_H
#define NET_HTTP_ANSWER_H

#include "base/buf.h"
#include "base/http.h"

/* "Sat, 21 Nov 2026 22:51:03 GMT", kept for the second it was made for. */
struct http_date {
	int64_t second;
	char text[32];
};

struct http_answer_head {
	int status;
	const struct http_header *headers;
	size_t n_headers;
	size_t body_length;
	bool keep_alive;
	bool feed; /* it has no length, and ends with the connection */
	bool old;  /* the client speaks HTTP/1.0 */
};

const char *http_date(struct http_date *d, int64_t wall_ms); /* borrowed until the next call */

/* Do all names and values keep to their lines? What does not must not be sent. */
bool http_headers_valid(const struct http_header *headers, size_t n);

/* Append status line, Date, Content-Length (not for 1xx, 204, 304), Connection where it is not
 * implied, the headers and the empty line. */
void http_answer_write(struct buf *out, const struct http_answer_head *a, const char *date);

bool http_status_has_body(int status);

#endif
