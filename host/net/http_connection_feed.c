/*
 * http_connection_feed.c - an answer that comes in parts.
 *
 * Like every write it goes to the socket at once; what that does not take waits in `out`, and the socket
 * tells when there is room. The client has nothing to say any more: what it sends is thrown away.
 */
#include "base/clock.h"
#include "net/http_connection_private.h"

enum { CHUNK = 4096 };

/* In somebody else's hands the client's leaving is for a later turn. */
static void leave_later(struct http_connection *c)
{
	c->leaving = true;
	buf_clear(&c->out);
	c->out_at = 0;
	http_connection_watch(c, 0);
	http_connection_set_deadline(c, 0);
}

static void leave(struct http_connection *c)
{
	const struct http_server *s = c->server;
	s->handler.gone(s->handler.arg, &c->exchange);
	http_connection_enter(c, CLOSED);
}

/* Write what waits. @return whether the connection is still good */
static bool flush(struct http_connection *c)
{
	struct iovec part = { c->out.p + c->out_at, c->out.n - c->out_at };
	ssize_t n = part.iov_len > 0 ? http_stream_write(&c->stream, &part, 1) : 0;
	if (n < 0)
		return false;
	c->out_at += (size_t)n;
	if (c->out_at == c->out.n) {
		buf_cut(&c->out, 0);
		c->out_at = 0;
		c->due_ms = INT64_MAX;
		http_connection_watch(c, EV_READ);
	} else {
		if (c->due_ms == INT64_MAX) /* it falls behind */
			http_connection_set_deadline(c, c->server->limits.write_timeout_ms);
		http_connection_watch(c, EV_READ | EV_WRITE);
	}
	return true;
}

/* Behind what waits already; the sent beginning goes. */
static void append(struct http_connection *c, struct bytes part)
{
	if (c->out_at > 0) {
		size_t left = c->out.n - c->out_at;
		memmove(c->out.p, c->out.p + c->out_at, left);
		buf_cut(&c->out, left);
		c->out_at = 0;
	}
	buf_add(&c->out, part.p, part.n);
}

void http_server_begin(struct http_exchange *x, int status, const struct http_header *headers,
		       size_t n_headers)
{
	struct http_connection *c = x->connection;
	INVARIANT(c->sm.now == SERVING && c->server->handler.gone && !c->reader.head_method);
	INVARIANT(http_headers_valid(headers, n_headers));
	c->reader.keep_alive = false;
	http_connection_enter(c, FEEDING);
	buf_clear(&c->out);
	c->out_at = 0;
	const struct http_answer_head head = { .status = status,
					       .headers = headers,
					       .n_headers = n_headers,
					       .feed = true,
					       .old = c->reader.old };
	if (!http_connection_write_head(c, &head) ||
	    !http_server_part(x, buf_bytes(&c->server->head)))
		leave_later(c);
}

bool http_server_part(struct http_exchange *x, struct bytes part)
{
	struct http_connection *c = x->connection;
	INVARIANT(c->sm.now == FEEDING);
	if (c->leaving || c->out.n - c->out_at + part.n > HTTP_FEED_WAITING)
		return false;
	append(c, part);
	if (!c->out.err && flush(c))
		return true;
	leave_later(c);
	return false;
}

void http_server_end(struct http_exchange *x)
{
	struct http_connection *c = x->connection;
	INVARIANT(c->sm.now == FEEDING);
	http_peer_served(&c->peer);
	if (c->leaving) {
		http_server_drop(x);
		return;
	}
	if (c->out_at == c->out.n) {
		http_connection_linger(c);
		return;
	}
	c->reader.status = 200; /* it is lingered over */
	http_connection_enter(c, WRITING);
	http_connection_watch(c, EV_WRITE);
	http_connection_set_deadline(c, c->server->limits.write_timeout_ms);
}

void http_connection_feed_io(struct http_connection *c, short what)
{
	char chunk[CHUNK];
	bool gone = (what & EV_READ) && http_stream_read(&c->stream, chunk, sizeof(chunk)) < 0;
	if (gone || ((what & EV_WRITE) && !flush(c)))
		leave(c);
}

void http_connection_feed_late(struct http_connection *c)
{
	leave(c);
}
