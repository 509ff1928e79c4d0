/*
 * http_server.h - a strict HTTP/1.1 server on bufferevents and http_parser.
 *
 * Refuses what plain parsers let pass, each with the right status and a closed connection: two
 * Content-Lengths, Content-Length with Transfer-Encoding, folded headers, blank before the colon,
 * NUL, bare LF, bad chunk lines, trailers, oversize lines, headers and bodies, missing or double
 * Host. Deadlines for headers and body are absolute. Types are in base/http.h.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/http.h"

struct loop;
struct http_server;

/* @param[out] out owned by the caller; http_server_free */
NODISCARD int http_server_start(struct http_server **out, struct loop *l,
				const struct http_serve_spec *spec, struct err *err);
void http_server_free(struct http_server *s); /* closes the listener and every connection */
uint16_t http_server_port(const struct http_server *s);

/* Answer x, which is gone afterwards. Date, Content-Length and Connection are added. Copied. */
void http_server_answer(struct http_exchange *x, int status, const struct http_header *headers,
			size_t n_headers, struct bytes body);

#endif
