/* http_connection_private.h - a connection from the inside; for http_connection*.c only. */
#ifndef NET_HTTP_CONNECTION_PRIVATE_H
#define NET_HTTP_CONNECTION_PRIVATE_H

#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/sm.h"
#include "net/http_connection.h"
#include "net/http_reader.h"
#include "net/http_stream.h"

enum { SHAKING, IDLE, HEAD, BODY, SERVING, FEEDING, WRITING, LINGERING, CLOSED };

/* One at a time, so it lives in its connection. */
struct http_exchange {
	struct http_connection *connection;
};

struct http_connection {
	struct http_server *server;
	TAILQ_ENTRY(http_connection) link;
	struct sm sm;
	struct http_stream stream; /* closed: the client left while the request was being served */
	struct event io, timer;
	short interest;
	int64_t due_ms, armed_ms; /* INT64_MAX: never */
	struct http_reader reader;
	struct http_exchange exchange;
	bool fresh;  /* has not had an answer yet */
	bool inside; /* of on_io or on_timer, which release what is closed in the end */
	struct buf pending, out;
	size_t out_at; /* how much of `out` is written */
	bool leaving;  /* of FEEDING: the client has gone, which is told in a later turn */
	int ahead;     /* requests in a row that were sent ahead of the answer before */
	size_t held;   /* bytes of its body that are counted in the server's `held` */
	struct http_peer peer;
	const char *refused; /* from the start, and why; NULL: served */
	int *kind;           /* the server's count that it is in */
};

/* ---- http_connection.c ---- */

void http_connection_enter(struct http_connection *c, int state);
void http_connection_watch(struct http_connection *c, short interest); /* EV_READ, EV_WRITE; 0 */
void http_connection_set_deadline(struct http_connection *c, int64_t ms);
/* Count it as another kind of connection. */
void http_connection_recount(struct http_connection *c, int *kind);
void http_connection_release_if_closed(struct http_connection *c);

/* ---- http_connection_write.c: answers, and what is done behind them ---- */

void http_connection_linger(struct http_connection *c);
void http_connection_answer(struct http_connection *c, int status,
			    const struct http_header *headers, size_t n_headers, struct bytes body);
void http_connection_refuse(struct http_connection *c, int status, const char *why);
void http_connection_on_writable(struct http_connection *c);
/* An answer was written, all of it. */
void http_connection_written(struct http_connection *c);
/* Append the header block to the server's `head`. False: no memory. */
bool http_connection_write_head(struct http_connection *c, const struct http_answer_head *a);

/* ---- http_connection_feed.c: an answer in parts ---- */

void http_connection_feed_io(struct http_connection *c, short what);
void http_connection_feed_late(struct http_connection *c); /* its deadline has passed */

#endif
