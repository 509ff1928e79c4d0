/*
 * http_connection.h - one connection of the HTTP server; inside net/ only.
 *
 *	IDLE ──► HEAD ──► BODY ──► SERVING ──► WRITING ──► LINGERING ──► CLOSED
 *	  ▲                            │           │
 *	  └────────────────────────────┴───────────┘   kept alive
 *
 * A state may be skipped forward: a request without body, an answer written at once, a refusal.
 * Requests that are sent ahead wait in `pending`; one is served at a time, so answers are in order.
 * Every state but SERVING has an absolute deadline.
 */
#ifndef NET_HTTP_CONNECTION_H
#define NET_HTTP_CONNECTION_H

#include <event2/event.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/http.h"
#include "net/http_answer.h"

struct http_connection;
TAILQ_HEAD(http_connections, http_connection);

/* What connections share. */
struct http_server {
	struct event_base *base;
	struct http_serve_spec spec; /* defaults filled in */
	struct evconnlistener *listener;
	struct event *pause; /* accepting again after a failure */
	uint16_t port;
	int n_connections;
	int n_lingering;              /* among them; they do not count against the cap */
	struct http_connections idle; /* kept alive; the one that has waited longest first */
	struct http_connections busy;
	struct http_date date;
	struct buf head; /* of the answer being written */
};

/* Take over fd, a connected non-blocking socket. refuse: answer 503 and close. */
void http_connection_start(struct http_server *s, int fd, const struct sockaddr *peer, bool refuse);

/* Close the connection that has been idle longest, unless it may be about to send. @return whether */
bool http_connection_make_room(struct http_server *s);

/* Close and release; no callback is called. */
void http_connection_free(struct http_connection *c);

#endif
