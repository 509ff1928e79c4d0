/* http_connection_write.c - answers, and what is done behind them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_connection_private.h"

enum {
	LINGER_MS = 2000,
	LINGERING_MAX = 256, /* one more, and the oldest is closed */
};

void http_connection_linger(struct http_connection *c)
{
	/* Closing with unread input resets the connection, and the answer may be lost with it. */
	struct http_server *s = c->server;
	http_connection_enter(c, LINGERING);
	http_connection_recount(c, &s->n_lingering);
	if (s->n_lingering > LINGERING_MAX)
		http_connection_free(TAILQ_FIRST(&s->lingering));
	http_stream_end(&c->stream);
	buf_clear(&c->pending);
	http_connection_watch(c, EV_READ);
	http_connection_set_deadline(c, LINGER_MS);
}

static void enter_idle(struct http_connection *c)
{
	c->fresh = false;
	http_connection_enter(c, IDLE);
	http_reader_next(&c->reader);
	c->server->held -= c->held;
	c->held = 0;
	http_connection_watch(c, EV_READ);
	http_connection_set_deadline(c, c->server->limits.idle_timeout_ms);
}

void http_connection_written(struct http_connection *c)
{
	if (c->reader.keep_alive)
		enter_idle(c);
	else if (c->reader.status || c->pending.n > 0)
		http_connection_linger(c);
	else
		http_connection_enter(c, CLOSED);
}

static void keep_rest(struct http_connection *c, const struct iovec parts[2], size_t sent)
{
	buf_clear(&c->out);
	c->out_at = 0;
	for (int i = 0; i < 2; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
		buf_add(&c->out, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
		sent -= skip;
	}
}

static void write_answer(struct http_connection *c, struct bytes head, struct bytes body)
{
	union {
		const char *in;
		void *out; /* which is only read */
	} p[2] = { { head.p }, { body.p } };
	struct iovec parts[2] = { { p[0].out, head.n }, { p[1].out, body.n } };
	ssize_t n = http_stream_write(&c->stream, parts, body.n ? 2 : 1);
	if (n >= 0 && (size_t)n == head.n + body.n) {
		http_connection_written(c);
		return;
	}
	if (n >= 0)
		keep_rest(c, parts, (size_t)n);
	if (n < 0 || c->out.err) {
		http_connection_enter(c, CLOSED);
		return;
	}
	http_connection_enter(c, WRITING);
	http_connection_watch(c, EV_WRITE);
	http_connection_set_deadline(c, c->server->limits.write_timeout_ms);
}

void http_connection_on_writable(struct http_connection *c)
{
	struct iovec part = { c->out.p + c->out_at, c->out.n - c->out_at };
	ssize_t n = http_stream_write(&c->stream, &part, 1);
	if (n < 0) {
		http_connection_enter(c, CLOSED);
		return;
	}
	c->out_at += (size_t)n;
	if (c->out_at < c->out.n)
		return;
	buf_clear(&c->out);
	http_connection_written(c);
}

bool http_connection_write_head(struct http_connection *c, const struct http_answer_head *a)
{
	struct http_server *s = c->server;
	buf_cut(&s->head, 0);
	http_answer_write(&s->head, a, http_date(&s->date, clock_wall_ms()));
	bool good = !s->head.err;
	if (!good)
		buf_clear(&s->head);
	return good;
}

void http_connection_answer(struct http_connection *c, int status,
			    const struct http_header *headers, size_t n_headers, struct bytes body)
{
	http_peer_served(&c->peer);
	bool bodyless = c->reader.head_method || !http_status_has_body(status);
	if (!http_connection_write_head(
		c, &(struct http_answer_head){ .status = status,
					       .headers = headers,
					       .n_headers = n_headers,
					       .body_length = body.n,
					       .keep_alive = c->reader.keep_alive,
					       .old = c->reader.old })) {
		http_connection_enter(c, CLOSED);
		return;
	}
	write_answer(c, buf_bytes(&c->server->head), bodyless ? (struct bytes){ 0 } : body);
}

void http_connection_refuse(struct http_connection *c, int status, const char *why)
{
	static const struct http_header headers[] = { { "Content-Type", "text/plain" },
						      { "Retry-After", "1" } };
	char text[128];
	int n = snprintf(text, sizeof(text), "%s\n", why);
	c->reader.keep_alive = false;
	c->reader.status = status;
	http_connection_answer(c, status, headers, status == 503 ? 2 : 1,
			       (struct bytes){ text, (size_t)n });
}
