#include "net/http_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tls_client.h"

enum {
	RECORD = 16 * 1024, /* a TLS record holds no more */
	TURN_MAX = 16,      /* records written before other connections have their turn */
};

/* ---- handshake ---- */

bool http_stream_secure(struct http_stream *s, struct tls_server *t)
{
	s->tls = tls_server_ssl(t);
	return s->tls && SSL_set_fd(s->tls, s->fd) == 1;
}

static enum http_shake shaken(struct http_stream *s)
{
	X509 *cert = SSL_get1_peer_certificate(s->tls);
	if (!cert)
		return HTTP_SHAKE_DONE;
	s->client = tls_client_new(cert);
	X509_free(cert);
	return s->client ? HTTP_SHAKE_DONE : HTTP_SHAKE_FAILED;
}

enum http_shake http_stream_shake(struct http_stream *s)
{
	ERR_clear_error();
	int rc = SSL_accept(s->tls);
	if (rc == 1)
		return shaken(s);
	int why = SSL_get_error(s->tls, rc);
	if (why == SSL_ERROR_WANT_READ)
		return HTTP_SHAKE_READ;
	if (why == SSL_ERROR_WANT_WRITE)
		return HTTP_SHAKE_WRITE;
	unsigned long e = ERR_peek_error();
	if (ERR_GET_LIB(e) != ERR_LIB_SSL || ERR_GET_REASON(e) != SSL_R_HTTP_REQUEST)
		return HTTP_SHAKE_FAILED;
	SSL_free(s->tls);
	s->tls = NULL;
	return HTTP_SHAKE_PLAIN;
}

/* ---- reading ---- */

static ssize_t result_of(ssize_t n)
{
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

ssize_t http_stream_read(struct http_stream *s, char *out, size_t n)
{
	size_t got = 0;
	if (!s->tls)
		return result_of(recv(s->fd, out, n, 0));
	ERR_clear_error();
	int rc = SSL_read_ex(s->tls, out, n, &got);
	if (rc == 1)
		return (ssize_t)got;
	int why = SSL_get_error(s->tls, rc);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t http_stream_discard(struct http_stream *s)
{
	char chunk[RECORD];
	return result_of(recv(s->fd, chunk, sizeof(chunk), 0));
}

/* ---- writing ---- */

/* @return bytes written, 0 when the socket is full, -1 when the connection is gone */
static ssize_t write_record(SSL *tls, struct bytes b)
{
	size_t sent = 0;
	ERR_clear_error();
	int rc = SSL_write_ex(tls, b.p, b.n, &sent);
	if (rc == 1)
		return (ssize_t)sent;
	int why = SSL_get_error(tls, rc);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t write_records(SSL *tls, struct bytes b)
{
	size_t sent = 0;
	for (int i = 0; i < TURN_MAX && sent < b.n; i++) {
		ssize_t n = write_record(tls, (struct bytes){ b.p + sent, b.n - sent });
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		sent += (size_t)n;
	}
	return (ssize_t)sent;
}

static struct bytes bytes_of(const struct iovec *part)
{
	return (struct bytes){ part->iov_base, part->iov_len };
}

/* Two parts that fit one record go as one. */
static ssize_t write_both(SSL *tls, struct bytes a, struct bytes b)
{
	char record[RECORD];
	if (a.n + b.n <= sizeof(record)) {
		memcpy(record, a.p, a.n);
		memcpy(record + a.n, b.p, b.n);
		return write_record(tls, (struct bytes){ record, a.n + b.n });
	}
	ssize_t first = write_records(tls, a);
	if (first < 0 || (size_t)first < a.n)
		return first;
	ssize_t then = write_records(tls, b);
	return then < 0 ? -1 : first + then;
}

ssize_t http_stream_write(struct http_stream *s, const struct iovec *parts, size_t n)
{
	if (s->tls && n == 2)
		return write_both(s->tls, bytes_of(&parts[0]), bytes_of(&parts[1]));
	if (s->tls)
		return write_records(s->tls, bytes_of(&parts[0]));
	union {
		const struct iovec *in;
		struct iovec *out; /* sendmsg only reads */
	} p = { parts };
	const struct msghdr m = { .msg_iov = p.out, .msg_iovlen = n };
	ssize_t sent = sendmsg(s->fd, &m, MSG_NOSIGNAL);
	return sent > 0 ? sent : result_of(sent);
}

/* ---- the end ---- */

void http_stream_end(struct http_stream *s)
{
	ERR_clear_error();
	if (s->tls)
		(void)SSL_shutdown(s->tls); /* what does not go now is not waited for */
	(void)shutdown(s->fd, SHUT_WR);
}

void http_stream_close(struct http_stream *s)
{
	ERR_clear_error();
	if (s->tls && s->fd >= 0)
		(void)SSL_shutdown(s->tls);
	SSL_free(s->tls);
	s->tls = NULL;
	ERR_clear_error();
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

void http_stream_clear(struct http_stream *s)
{
	http_stream_close(s);
	tls_client_free(s->client);
	s->client = NULL;
}
