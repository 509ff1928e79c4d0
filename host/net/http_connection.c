#include "net/http_connection_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"

static const struct sm_state states[] = {
	[SHAKING] = { "shaking", SM_TO(IDLE) | SM_TO(WRITING) | SM_TO(LINGERING) | SM_TO(CLOSED) },
	[IDLE] = { "idle", SM_TO(HEAD) | SM_TO(WRITING) | SM_TO(LINGERING) | SM_TO(CLOSED) },
	[HEAD] = { "head", SM_TO(BODY) | SM_TO(SERVING) | SM_TO(WRITING) | SM_TO(LINGERING) |
			       SM_TO(CLOSED) },
	[BODY] = { "body", SM_TO(SERVING) | SM_TO(WRITING) | SM_TO(LINGERING) | SM_TO(CLOSED) },
	[SERVING] = { "serving", SM_TO(IDLE) | SM_TO(FEEDING) | SM_TO(WRITING) | SM_TO(LINGERING) |
				     SM_TO(CLOSED) },
	[FEEDING] = { "feeding", SM_TO(WRITING) | SM_TO(LINGERING) | SM_TO(CLOSED) },
	[WRITING] = { "writing", SM_TO(IDLE) | SM_TO(LINGERING) | SM_TO(CLOSED) },
	[LINGERING] = { "lingering", SM_TO(CLOSED) },
	[CLOSED] = { "closed", 0 },
};

enum {
	CHUNK = 16 * 1024,
	PENDING_MAX = 64 * 1024, /* sent ahead; more waits in the socket */
	OUT_MAX = 1 << 30,
	AT_REST_MS = 200, /* idle for so long: no request is likely to be on its way */
	REFUSED_MAX = 64, /* one more, and it is closed without a word */
};

/* ---- moving, watching, deadlines ---- */

static struct http_connections *list_of(const struct http_connection *c, int state)
{
	if (state == LINGERING)
		return &c->server->lingering;
	return state == IDLE && !c->fresh ? &c->server->idle : &c->server->busy;
}

void http_connection_enter(struct http_connection *c, int state)
{
	TAILQ_REMOVE(list_of(c, c->sm.now), c, link);
	sm_move(&c->sm, state);
	TAILQ_INSERT_TAIL(list_of(c, state), c, link);
}

static void on_io(evutil_socket_t fd, short what, void *arg);

void http_connection_watch(struct http_connection *c, short interest)
{
	if (interest == c->interest)
		return;
	if (c->interest)
		(void)event_del(&c->io);
	c->interest = interest;
	if (!interest)
		return;
	(void)event_assign(&c->io, c->server->base, c->stream.fd, (short)(interest | EV_PERSIST),
			   on_io, c);
	int rc = event_add(&c->io, NULL);
	INVARIANT(rc == 0);
}

/* The event is only moved when it would come too late; when it comes too early it looks again.
 * Under load that is once in a while instead of several times a request. */
static void arm(struct http_connection *c, int64_t now_ms)
{
	int64_t left = c->due_ms > now_ms ? c->due_ms - now_ms : 0;
	struct timeval tv = { .tv_sec = (time_t)(left / 1000),
			      .tv_usec = (suseconds_t)(left % 1000 * 1000) };
	c->armed_ms = c->due_ms;
	int rc = event_add(&c->timer, &tv);
	INVARIANT(rc == 0);
}

void http_connection_set_deadline(struct http_connection *c, int64_t ms)
{
	int64_t now = clock_mono_ms();
	c->due_ms = now + ms;
	if (c->due_ms < c->armed_ms)
		arm(c, now);
}

/* Count it as another kind of connection. */
void http_connection_recount(struct http_connection *c, int *kind)
{
	--*c->kind;
	c->kind = kind;
	++*kind;
}

void http_connection_release_if_closed(struct http_connection *c)
{
	if (c->sm.now == CLOSED)
		http_connection_free(c);
}

/* ---- serving ---- */

static void serve(struct http_connection *c)
{
	struct http_server *s = c->server;
	const struct http_received *r = &c->reader.request;
	if (!http_peer_serve(&c->peer, r->headers, r->n_headers)) {
		http_connection_refuse(c, 503, "too many requests from this address");
		return;
	}
	http_connection_enter(c, SERVING);
	c->due_ms = INT64_MAX;
	s->handler.serve(s->handler.arg, &c->exchange, r);
}

void http_server_answer(struct http_exchange *x, int status, const struct http_header *headers,
			size_t n_headers, struct bytes body)
{
	struct http_connection *c = x->connection;
	INVARIANT(c->sm.now == SERVING && status >= 200 && status <= 999);
	if (c->stream.fd < 0)
		http_connection_enter(c, CLOSED);
	else if (http_headers_valid(headers, n_headers))
		http_connection_answer(c, status, headers, n_headers, body);
	else
		http_connection_refuse(c, 500, "the answer has a malformed header");
	if (c->inside)
		return;
	/* What was sent ahead is for the next turn: here we are in our caller's hands. */
	if (c->sm.now == IDLE && c->pending.n > 0)
		event_active(&c->io, EV_READ, 0);
	http_connection_release_if_closed(c);
}

void http_server_drop(struct http_exchange *x)
{
	struct http_connection *c = x->connection;
	INVARIANT(c->sm.now == SERVING || c->sm.now == FEEDING);
	http_connection_enter(c, CLOSED);
	if (!c->inside)
		http_connection_release_if_closed(c);
}

/* The client is gone while its request is being served. */
static void abandon(struct http_connection *c)
{
	struct http_server *s = c->server;
	if (s->handler.gone) {
		s->handler.gone(s->handler.arg, &c->exchange);
		http_connection_enter(c, CLOSED);
		return;
	}
	http_connection_watch(c, 0);
	http_stream_close(&c->stream);
}

/* ---- reading ---- */

static void enter_body(struct http_connection *c)
{
	static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct iovec part = { go_on, sizeof(go_on) - 1 };
	http_connection_enter(c, BODY);
	http_connection_set_deadline(c, c->server->limits.body_timeout_ms);
	if (!c->reader.expect_continue)
		return;
	if (http_stream_write(&c->stream, &part, 1) != (ssize_t)part.iov_len)
		http_connection_enter(c, CLOSED);
}

static bool reading(const struct http_connection *c)
{
	return c->sm.now == IDLE || c->sm.now == HEAD || c->sm.now == BODY;
}

/* ahead: of the answer to an earlier request */
static void enter_head(struct http_connection *c, bool ahead)
{
	http_connection_enter(c, HEAD);
	if (!c->fresh) /* else the time runs from the accept */
		http_connection_set_deadline(c, c->server->limits.head_timeout_ms);
	c->ahead = ahead ? c->ahead + 1 : 0;
}

/* The server keeps so many bytes of this connection's body. */
static void hold(struct http_connection *c, size_t n)
{
	c->server->held += n - c->held;
	c->held = n;
}

static void take(struct http_connection *c, struct bytes in, bool ahead)
{
	int max_ahead = c->server->limits.max_ahead;
	while (in.n > 0 && reading(c)) {
		enum http_read result;
		if (c->sm.now == IDLE) {
			enter_head(c, ahead);
			ahead = true;
		}
		if (max_ahead && c->ahead > max_ahead) {
			http_connection_refuse(c, 429,
					       "too many requests sent ahead of their answers");
			return;
		}
		size_t n = http_reader_feed(&c->reader, in, &result);
		in = (struct bytes){ in.p + n, in.n - n };
		hold(c, c->reader.body.n);
		if (c->server->held > c->server->limits.max_bodies)
			http_connection_refuse(c, 503, "too much is being received at once");
		else if (result == HTTP_READ_HEAD)
			enter_body(c);
		else if (result == HTTP_READ_DONE)
			serve(c);
		else if (result == HTTP_READ_REFUSED)
			http_connection_refuse(c, c->reader.status, c->reader.why);
	}
	if (c->sm.now == SERVING || c->sm.now == WRITING)
		buf_add(&c->pending, in.p, in.n);
}

static void take_pending(struct http_connection *c)
{
	struct buf ahead = c->pending;
	c->pending = BUF_INIT(PENDING_MAX + CHUNK);
	take(c, buf_bytes(&ahead), true);
	buf_clear(&ahead);
}

static void on_readable(struct http_connection *c)
{
	char chunk[CHUNK];
	if (c->pending.n > 0 && reading(c))
		take_pending(c);
	if (c->sm.now == CLOSED || c->stream.fd < 0 || c->pending.n > PENDING_MAX)
		return;
	ssize_t n = http_stream_read(&c->stream, chunk, sizeof(chunk));
	if (n < 0 && c->sm.now == SERVING)
		abandon(c);
	else if (n < 0)
		http_connection_enter(c, CLOSED);
	else
		take(c, (struct bytes){ chunk, (size_t)n }, false);
}

/* Ready to be served, unless it was refused from the start. */
static void enter_first_idle(struct http_connection *c)
{
	if (c->sm.now != IDLE)
		http_connection_enter(c, IDLE);
	if (c->refused) {
		http_connection_refuse(c, 503, c->refused);
		return;
	}
	http_connection_watch(c, EV_READ);
	http_connection_set_deadline(c, c->server->limits.head_timeout_ms);
}

static void on_shaking(struct http_connection *c)
{
	enum http_shake result = http_stream_shake(&c->stream);
	if (result == HTTP_SHAKE_READ || result == HTTP_SHAKE_WRITE) {
		http_connection_watch(c, result == HTTP_SHAKE_READ ? EV_READ : EV_WRITE);
	} else if (result == HTTP_SHAKE_FAILED) {
		http_connection_linger(c); /* the alert says why */
	} else if (result == HTTP_SHAKE_PLAIN) {
		http_connection_refuse(c, 400, "HTTP where HTTPS is spoken");
	} else {
		c->reader.request.client = c->stream.client;
		enter_first_idle(c);
	}
}

/* What a connection does first. */
static void begin(struct http_connection *c)
{
	if (c->sm.now == IDLE) {
		enter_first_idle(c);
	} else if (http_stream_secure(&c->stream, c->server->tls)) {
		http_connection_watch(c, EV_READ);
		http_connection_set_deadline(c, c->server->limits.tls_timeout_ms);
	} else {
		http_connection_enter(c, CLOSED);
	}
}

static void on_lingering(struct http_connection *c)
{
	if (http_stream_discard(&c->stream) < 0)
		http_connection_enter(c, CLOSED);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct http_connection *c = arg;
	c->inside = true;
	if (c->sm.now == SHAKING)
		on_shaking(c);
	else if (c->sm.now == FEEDING)
		http_connection_feed_io(c, what);
	else if (what & EV_WRITE)
		http_connection_on_writable(c);
	else if (c->sm.now == LINGERING)
		on_lingering(c);
	else
		on_readable(c);
	/* An answer that was written late, or at once, may leave requests behind. */
	while (reading(c) && c->pending.n > 0)
		take_pending(c);
	if (c->sm.now == SERVING && c->pending.n > PENDING_MAX)
		http_connection_watch(c, 0);
	c->inside = false;
	http_connection_release_if_closed(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct http_connection *c = arg;
	int64_t now = clock_mono_ms();

	c->armed_ms = INT64_MAX;
	if (c->due_ms > now) {
		if (c->due_ms != INT64_MAX)
			arm(c, now);
		return;
	}
	c->due_ms = INT64_MAX;
	c->inside = true;
	if (c->sm.now == HEAD)
		http_connection_refuse(c, 408, "the header block was not complete in time");
	else if (c->sm.now == BODY)
		http_connection_refuse(c, 408, "the body was not complete in time");
	else if (c->sm.now == FEEDING)
		http_connection_feed_late(c);
	else
		http_connection_enter(c, CLOSED);
	c->inside = false;
	http_connection_release_if_closed(c);
}

/* ---- life ---- */

/* Close the connection that has been idle longest, unless it may be about to send. */
static bool make_room(struct http_server *s)
{
	struct http_connection *c = TAILQ_FIRST(&s->idle);
	if (!c || c->due_ms - s->limits.idle_timeout_ms + AT_REST_MS > clock_mono_ms())
		return false;
	http_connection_free(c);
	return true;
}

/* Told so, there is no more to it than a handshake and an answer; still only so many at a time. */
static const char *refusal(struct http_connection *c)
{
	const struct http_server *s = c->server;
	if (!http_peer_enter(&c->peer))
		return "too many connections from this address";
	if (s->n_serving >= s->limits.max_connections && !make_room(c->server))
		return "too many connections";
	return NULL;
}

static struct http_connection *new_connection(struct http_server *s, int fd,
					      const struct sockaddr *peer)
{
	struct http_connection *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->server = s;
	c->exchange.connection = c;
	c->sm = (struct sm){ states, s->tls ? SHAKING : IDLE };
	c->stream.fd = fd;
	c->due_ms = c->armed_ms = INT64_MAX;
	c->pending = BUF_INIT(PENDING_MAX + CHUNK);
	c->out = BUF_INIT(OUT_MAX);
	http_peer_init(&c->peer, &s->peers, peer);
	http_reader_init(&c->reader, s->limits.max_body);
	c->reader.request.peer = c->peer.text;
	(void)event_assign(&c->timer, s->base, -1, 0, on_timer, c);
	c->fresh = true;
	TAILQ_INSERT_TAIL(list_of(c, c->sm.now), c, link);
	return c;
}

void http_connection_start(struct http_server *s, int fd, const struct sockaddr *peer)
{
	struct http_connection *c = new_connection(s, fd, peer);
	if (!c) {
		(void)close(fd);
		return;
	}
	c->refused = refusal(c);
	c->kind = c->refused ? &s->n_refused : &s->n_serving;
	++*c->kind;
	if (s->n_refused > REFUSED_MAX)
		http_connection_enter(c, CLOSED);
	else
		begin(c);
	http_connection_release_if_closed(c);
}

void http_connection_free(struct http_connection *c)
{
	http_connection_watch(c, 0);
	(void)event_del(&c->timer);
	http_stream_clear(&c->stream);
	TAILQ_REMOVE(list_of(c, c->sm.now), c, link);
	--*c->kind;
	c->server->held -= c->held;
	http_peer_leave(&c->peer);
	http_reader_clear(&c->reader);
	buf_clear(&c->pending);
	buf_clear(&c->out);
	free(c);
}
