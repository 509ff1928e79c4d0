/*
 * http_connection.h - one connection of the HTTP server; inside net/ only.
 *
 *	SHAKING ──► IDLE ──► HEAD ──► BODY ──► SERVING ──► WRITING ──► LINGERING ──► CLOSED
 *	              ▲                            │           │
 *	              └────────────────────────────┤───────────┘   kept alive
 *	                                           └──► FEEDING ──► WRITING, LINGERING, CLOSED
 *
 * SHAKING is of TLS only. A state may be skipped forward: a request without body, an answer written
 * at once, a refusal.
 * Requests that are sent ahead wait in `pending`; one is served at a time, so answers are in order.
 * Every state has an absolute deadline but SERVING, and FEEDING while the client keeps up.
 */
#ifndef NET_HTTP_CONNECTION_H
#define NET_HTTP_CONNECTION_H

#include <event2/event.h>
#include <sys/queue.h>

#include "net/http_answer.h"
#include "net/http_peer.h"
#include "net/http_server.h"
#include "net/tls_server.h"

struct http_connection;
TAILQ_HEAD(http_connections, http_connection);

struct http_port {
	struct evconnlistener *listener;
	uint16_t number;
};

/* What connections share. */
struct http_server {
	struct event_base *base;
	struct http_handler handler;
	struct http_listen limits; /* defaults filled in; nothing borrowed is left in it */
	struct http_port *ports;
	size_t n_ports;
	struct event *pause;    /* accepting again after a failure */
	struct tls_server *tls; /* NULL: plain */
	struct http_peers peers;
	int n_serving, n_refused, n_lingering; /* all connections; the first have the cap */
	struct http_connections idle;      /* kept alive; the one that has waited longest first */
	struct http_connections lingering; /* likewise */
	struct http_connections busy;
	size_t held; /* bytes of bodies */
	struct http_date date;
	struct buf head; /* of the answer being written */
};

/* Take over fd, a connected non-blocking socket. Where there are too many it is told so. */
void http_connection_start(struct http_server *s, int fd, const struct sockaddr *peer);

/* Close and release; no callback is called. */
void http_connection_free(struct http_connection *c);

#endif
