/*
 * http_listen.h - where an HTTP server listens, and within which limits. Data only.
 *
 * 0 and NULL are the defaults. Everything is borrowed for the call that takes it.
 */
#ifndef NET_HTTP_LISTEN_H
#define NET_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One place to listen at. */
struct http_place {
	const char *address; /* IP address, or "unix:/path", whose file is left behind in the end */
	uint16_t port;       /* 0: a free one; of an IP address only */
	int fd;              /* > 0: this listening socket, which the server closes in the end */
};

struct tls_server;

/* TLS 1.2 or 1.3. The files are PEM; reading them again: http_change_new. */
struct http_tls {
	const char *cert_file;      /* the certificate, then those of its issuers; NULL: no TLS */
	const char *key_file;       /* there is one if there is a cert_file */
	const char *client_ca_file; /* who signs clients' certificates; NULL: none is asked for */
	bool client_optional;       /* a client may come without one; never with a bad one */
	struct tls_server *begun; /* what was read of these files before (tls_server.h); or NULL */
};

struct http_listen {
	const struct http_place *places;
	size_t n_places;
	struct http_tls tls;
	/* Addresses ("10.0.0.0/8", "::1", "unix") whose X-Forwarded-For is believed. */
	const char *const *proxies;
	size_t n_proxies;

	size_t max_body;          /* 1 MiB; more is answered 413 */
	size_t max_bodies;        /* of all requests at a time; no limit. More is answered 503 */
	int max_connections;      /* 1,024 */
	int max_per_address;      /* of them; no limit. An IPv6 client is its /64 */
	int max_ahead;            /* requests sent before the answers to earlier ones; no limit */
	int64_t tls_timeout_ms;   /* absolute, of the handshake: 10,000 */
	int64_t head_timeout_ms;  /* absolute, of the header block: 10,000 */
	int64_t body_timeout_ms;  /* absolute, of the body: 30,000 */
	int64_t write_timeout_ms; /* absolute, of the answer: 30,000 */
	int64_t idle_timeout_ms;  /* between two requests: 75,000 */
};

#endif
