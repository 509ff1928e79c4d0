#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_connection.h"
#include "net/loop.h"

enum {
	MAX_BODY = 1024 * 1024,
	MAX_CONNECTIONS = 1024,
	HEADER_TIMEOUT_MS = 10000,
	BODY_TIMEOUT_MS = 30000,
	REFUSED_MAX = 64, /* connections above the cap that are being told so, or linger */
	BACKLOG = 1024,
	PAUSE_US = 100000,
	HEAD_MAX = 1024 * 1024, /* of an answer's header block */
};

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer, int n,
		      void *arg)
{
	(void)l;
	(void)n;
	struct http_server *s = arg;
	int serving = s->n_connections - s->n_lingering;
	bool full = serving >= s->spec.max_connections && !http_connection_make_room(s);

	if (s->n_connections >= s->spec.max_connections + REFUSED_MAX)
		(void)evutil_closesocket(fd);
	else
		http_connection_start(s, fd, peer, full);
}

/* Out of descriptors, mostly. The listener would be ready again at once: wait a little. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	struct http_server *s = arg;
	(void)evconnlistener_disable(l);
	static const struct timeval pause = { .tv_usec = PAUSE_US };
	(void)event_add(s->pause, &pause);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct http_server *s = arg;
	(void)evconnlistener_enable(s->listener);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int read_address(union address *a, socklen_t *n, const struct http_serve_spec *spec,
			struct err *err)
{
	*a = (union address){ 0 };
	if (inet_pton(AF_INET, spec->address, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(spec->port);
		*n = sizeof(a->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, spec->address, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(spec->port);
		*n = sizeof(a->v6);
		return 0;
	}
	return err_set(err, ERR_INVALID,
		       "cannot listen on '%s': expected an IP address such as 127.0.0.1 or ::1",
		       spec->address);
}

static int listen_on(struct http_server *s, struct err *err)
{
	union address a;
	socklen_t n = 0;
	int rc = read_address(&a, &n, &s->spec, err);
	if (rc < 0)
		return rc;
	s->listener = evconnlistener_new_bind(s->base, on_accept, s,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
						  LEV_OPT_REUSEABLE,
					      BACKLOG, &a.any, (int)n);
	if (!s->listener)
		return err_set(err, ERR_IO, "cannot listen on %s port %u: %s", s->spec.address,
			       s->spec.port, strerror(errno));
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	int fd = evconnlistener_get_fd(s->listener);
	/* Inherited by what is accepted: an answer is one write, there is nothing to gather. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (getsockname(fd, &a.any, &n) != 0)
		return err_set(err, ERR_IO, "getsockname: %s", strerror(errno));
	s->port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	return 0;
}

static void fill_in_defaults(struct http_serve_spec *spec)
{
	spec->max_body = spec->max_body ? spec->max_body : MAX_BODY;
	spec->max_connections = spec->max_connections ? spec->max_connections : MAX_CONNECTIONS;
	if (!spec->header_timeout_ms)
		spec->header_timeout_ms = HEADER_TIMEOUT_MS;
	if (!spec->body_timeout_ms)
		spec->body_timeout_ms = BODY_TIMEOUT_MS;
}

int http_server_start(struct http_server **out, struct loop *l, const struct http_serve_spec *spec,
		      struct err *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	s->base = loop_base(l);
	s->spec = *spec;
	fill_in_defaults(&s->spec);
	TAILQ_INIT(&s->idle);
	TAILQ_INIT(&s->busy);
	s->head = BUF_INIT(HEAD_MAX);
	s->pause = event_new(s->base, -1, 0, on_pause_over, s);
	int rc = s->pause ? listen_on(s, err) : err_set(err, ERR_NOMEM, "no memory for a timer");
	s->spec.address = NULL; /* was the caller's */
	if (rc < 0) {
		http_server_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static void free_all(struct http_connections *list)
{
	for (struct http_connection *c; (c = TAILQ_FIRST(list));)
		http_connection_free(c);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	free_all(&s->idle);
	free_all(&s->busy);
	if (s->listener)
		evconnlistener_free(s->listener);
	if (s->pause)
		event_free(s->pause);
	buf_clear(&s->head);
	free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}
