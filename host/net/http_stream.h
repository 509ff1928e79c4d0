/*
 * http_stream.h - the bytes of a connection of the HTTP server, in TLS or not; inside net/ only.
 *
 * Nothing waits. Where the kernel is not ready the answer is 0, and the event of the socket tells
 * when to come again.
 */
#ifndef NET_HTTP_STREAM_H
#define NET_HTTP_STREAM_H

#include <sys/types.h>
#include <sys/uio.h>

#include "net/tls_server.h"

struct http_stream {
	int fd;   /* -1: closed */
	SSL *tls; /* NULL: plain */
	struct http_client_cert *client;
};

enum http_shake {
	HTTP_SHAKE_DONE,
	HTTP_SHAKE_READ,  /* come again when there is something to read */
	HTTP_SHAKE_WRITE, /* or room to write */
	HTTP_SHAKE_PLAIN, /* the peer speaks HTTP without TLS; so does the stream from now on */
	HTTP_SHAKE_FAILED,
};

/* Make it a TLS stream, to be shaken first. @return whether there was memory */
NODISCARD bool http_stream_secure(struct http_stream *s, struct tls_server *t);

/* Go on with the handshake. Afterwards `client` is what the peer's certificate says, or NULL. */
enum http_shake http_stream_shake(struct http_stream *s);

/* @return how many bytes; 0: none now; -1: the peer has closed its half, or the connection broke */
ssize_t http_stream_read(struct http_stream *s, char *out, size_t n);

/* Write what goes now; the caller comes again with the rest, starting with the same bytes.
 * @return how many bytes; 0: no room now; -1: the connection broke */
ssize_t http_stream_write(struct http_stream *s, const struct iovec *parts, size_t n);

/* Nothing more is written; the peer is told. What it still sends is to be read with _discard, whose
 * answers are those of _read. */
void http_stream_end(struct http_stream *s);
ssize_t http_stream_discard(struct http_stream *s);

void http_stream_close(struct http_stream *s); /* `client` stays */
void http_stream_clear(struct http_stream *s); /* closes it, too */

#endif
