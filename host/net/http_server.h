/*
 * http_server.h - a strict HTTP/1.1 server: sockets on the loop, a byte-level screen, http_parser.
 *
 * Refuses what plain parsers let pass, each with the right status and a closed connection: two
 * Content-Lengths, Content-Length with Transfer-Encoding, folded headers, blank before the colon,
 * NUL, bare LF, bad chunk lines, trailers (400); a request line over 8 KiB (414), a header line
 * over 8 KiB, a block over 64 KiB or more than 100 headers (431); a body over the cap (413);
 * missing, double or malformed Host (400); an encoding but chunked or an unknown method (501); an
 * expectation but 100-continue (417); a version but 1.1 and 1.0 (505); a header block or body that
 * is not complete by its absolute deadline (408); more requests sent ahead than allowed (429); a
 * connection above the cap, in all (unless an idle one can make room) or of one client, and bodies
 * above the cap of all (503). The client gets up to 2 s to read such an answer before the socket is
 * closed.
 *
 * In TLS a handshake that is not done by its deadline is closed; a client that speaks plain HTTP is
 * told so (400). A request that a trusted proxy hands on is that of the client it names.
 *
 * Requests sent ahead are served one at a time, so answers come in order. Types are in base/http.h.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/http.h"
#include "net/http_listen.h"

struct loop;
struct http_server;

/* Who serves. */
struct http_handler {
	http_serve_fn *serve;
	http_gone_fn *gone; /* may be NULL */
	void *arg;
};

/*
 * handler->serve is called from the loop, never from inside this function. It may answer at once or
 * later. While a request is served the client's leaving is noticed (closing its sending half counts
 * as leaving) and told by handler->gone. Neither may free the server.
 *
 * @param[out] out owned by the caller; http_server_free
 * @return 0; -ERR_INVALID for a bad address; -ERR_IO when a place cannot be had
 */
NODISCARD int http_server_listen(struct http_server **out, struct loop *l,
				 const struct http_handler *handler,
				 const struct http_listen *listen, struct err *err);

/* The same at one IP address, which spec names, with the usual limits where it says none. */
NODISCARD int http_server_start(struct http_server **out, struct loop *l,
				const struct http_serve_spec *spec, struct err *err);

/* Closes the listener and every connection. Exchanges not yet answered are gone, without a call of
 * gone. NULL is fine. */
void http_server_free(struct http_server *s);

/*
 * Other limits, proxies and files of TLS, read now, for a server that goes on; its places are not looked
 * at. From any thread.
 *
 * @param[out] out owned by the caller: http_server_take, or http_change_free
 * @return 0; -ERR_INVALID names the file, or the proxy
 */
struct http_change;
NODISCARD int http_change_new(struct http_change **out, const struct http_listen *listen,
			      struct err *err);
void http_change_free(struct http_change *c); /* NULL is fine */
/* TLS is of the connections to come: those there are keep what they began with, be it none. c is gone. */
void http_server_take(struct http_server *s, struct http_change *c);

/* Wall clock: when the certificate ends. INT64_MAX without TLS. */
int64_t http_server_tls_expires_ms(const struct http_server *s);

uint16_t http_server_port(const struct http_server *s, size_t place); /* 0: a Unix socket */

/*
 * Answer x, which is gone afterwards, and with it the request. Date, Content-Length and, where it
 * is not implied, Connection are added. Nothing is kept of the arguments. A header that could split
 * the answer (a control character in its value, a name that is no token) makes it a 500 without it.
 *
 * @param status 200 to 999; no body is sent for 204, 304 and in answer to HEAD
 */
void http_server_answer(struct http_exchange *x, int status, const struct http_header *headers,
			size_t n_headers, struct bytes body);

/*
 * Begin an answer that comes in parts and has no length: it ends with the connection. x stays until
 * http_server_end, http_server_drop, or until the client has gone, which handler->gone tells (there must
 * be one). Not in answer to HEAD.
 *
 * What the client does not take waits, HTTP_FEED_WAITING bytes at most: a part that is one too many is
 * dropped whole. A client that does not catch up within the write timeout has gone. No deadline but that.
 */
void http_server_begin(struct http_exchange *x, int status, const struct http_header *headers,
		       size_t n_headers);

enum { HTTP_FEED_WAITING = 64 * 1024 };

/* Send a part; copied. gone is never called from inside. @return whether it was taken */
bool http_server_part(struct http_exchange *x, struct bytes part);

/* The end of it; x is gone afterwards. What waits is still sent. */
void http_server_end(struct http_exchange *x);

/* Close the connection of x without an answer, or in the middle of one; x is gone afterwards, and with it the request. */
void http_server_drop(struct http_exchange *x);

#endif
