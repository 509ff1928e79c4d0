/*
 * tls_server.h - the TLS side of a server: its certificate, its key, whose clients it believes.
 *
 * TLS 1.2 and 1.3, ephemeral keys and authenticated ciphers only, no renegotiation, no compression,
 * no early data; of ALPN's protocols http/1.1. Where clients show certificates, sessions are not
 * resumed, so that each connection is judged by the authorities of the moment.
 */
#ifndef NET_TLS_SERVER_H
#define NET_TLS_SERVER_H

#include <openssl/types.h>

#include "base/err.h"
#include "net/http_listen.h"

struct tls_server;

/*
 * Read the files, from any thread.
 *
 * @param files copied
 * @param[out] out owned by the caller; tls_server_free
 * @return 0; -ERR_INVALID names the file and what is wrong with it
 */
NODISCARD int tls_server_new(struct tls_server **out, const struct http_tls *files,
			     struct err *err);

/* Connections keep what they began with. NULL is fine */
void tls_server_free(struct tls_server *t); /* the last holder frees it; NULL is fine */
struct tls_server *tls_server_ref(struct tls_server *t); /* one holder more; returns t */

int64_t tls_server_expires_ms(const struct tls_server *t); /* wall clock; the certificate's end */

SSL *tls_server_ssl(struct tls_server *t); /* for a connection, owned by the caller; or NULL */

#endif
