/*
 * http.h - HTTP messages as data, shared by the client, the server and the plugins.
 *
 * Types only. Names are compared without regard to case; values carry no leading or trailing
 * blanks. Everything pointed to is borrowed unless a function says otherwise.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct http_header {
	const char *name;
	const char *value;
};

/* The value of the first header of that name, or NULL. */
const char *http_header_get(const struct http_header *headers, size_t n, const char *name);

size_t http_header_count(const struct http_header *headers, size_t n, const char *name);

bool http_is_token(struct bytes name);  /* a header or method name of RFC 9110 */
bool http_is_value(struct bytes value); /* no control character but tab */

/* ---- client ---- */

enum {
	HTTP_NO_PROXY = 1u << 0, /* never through a proxy; loopback never goes through one anyway */
	HTTP_ONCE = 1u << 1, /* on a connection of its own: on one that was kept and turns out to be
			      * dead the client sends a request a second time by itself */
};

/* One request. Strings and arrays are copied by the start function; the body is borrowed until the
 * transfer has ended or was stopped. Nothing is added but Host (from the url, unless given),
 * Content-Length and Connection. Redirects are never followed. */
struct http_request {
	const char *method; /* "POST" */
	const char *url;    /* http: or https:, absolute */
	const struct http_header *headers;
	size_t n_headers;
	struct bytes body;
	int64_t connect_timeout_ms; /* 0: 5,000 */
	int64_t idle_timeout_ms;    /* no byte for so long; 0: 60,000 */
	int64_t timeout_ms;         /* the whole transfer; 0: none */
	size_t max_body;            /* 0: 16 MiB; more is ERR_LIMIT */
	const char *ca_file;        /* NULL: the system's bundle */
	unsigned flags;
};

/* How a transfer ended. Without an answer status is 0 and err says why. */
struct http_answer {
	int status;
	const struct http_header *headers;
	size_t n_headers;
	struct bytes body;
	struct err err; /* .code 0 when a whole answer arrived; .retryable for transport failures */
	bool maybe_sent;  /* some byte of the request may have reached the peer */
	int64_t total_us; /* from start to end */
	int64_t connect_us;
};

/* Exactly once, from the loop, never from inside the start function; not at all after stop. The
 * answer is borrowed for the call. */
typedef void http_done_fn(void *arg, const struct http_answer *answer);

/* ---- server ---- */

struct http_exchange; /* one request being answered */

/* Whom the certificate of a client names; its chain has been verified with the listener's CA. Names
 * have their kind before them: "CN:orders", "DNS:a.example", "URI:spiffe://b/c", "email:d@e". */
struct http_client_cert {
	const char *subject; /* as RFC 2253 has it: "CN=orders,O=Example" */
	const char *const *names;
	size_t n_names;
};

/* A request as received; borrowed until it is answered. */
struct http_received {
	const char *method;
	const char *path;  /* as sent, without the query */
	const char *query; /* without '?', "" if none */
	const struct http_header *headers;
	size_t n_headers;
	struct bytes body;
	/* "127.0.0.1:40212", "[::1]:40212"; without a port as a trusted proxy named it; "unix" */
	const char *peer;
	const struct http_client_cert *client; /* NULL: no TLS, or no certificate was shown */
};

/* Must lead to exactly one answer, now or later (http_answer of the server or of host_api), or to
 * http_drop. */
typedef void http_serve_fn(void *arg, struct http_exchange *x, const struct http_received *req);

/* The client is gone before the answer: do not answer any more. May be NULL in the spec. */
typedef void http_gone_fn(void *arg, struct http_exchange *x);

struct http_serve_spec {
	const char *address; /* "127.0.0.1" */
	uint16_t port;       /* 0: a free one */
	http_serve_fn *serve;
	http_gone_fn *gone;
	void *arg;
	size_t max_body;           /* 0: 1 MiB; more is answered 413 */
	int max_connections;       /* 0: 1,024 */
	int64_t header_timeout_ms; /* absolute, 0: 10,000 */
	int64_t body_timeout_ms;   /* absolute, 0: 30,000 */
};

#endif
