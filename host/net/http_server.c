#include "net/http_server.h"

#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_connection.h"
#include "net/http_place.h"
#include "net/loop.h"

enum {
	MAX_BODY = 1024 * 1024,
	MAX_CONNECTIONS = 1024,
	TLS_TIMEOUT_MS = 10000,
	HEAD_TIMEOUT_MS = 10000,
	BODY_TIMEOUT_MS = 30000,
	WRITE_TIMEOUT_MS = 30000,
	IDLE_TIMEOUT_MS =
	    75000, /* longer than clients keep theirs, or they send into a closed one */
	PAUSE_US = 100000,
	HEAD_MAX = 1024 * 1024, /* of an answer's header block */
};

/* ---- accepting ---- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer, int n,
		      void *arg)
{
	(void)l;
	(void)n;
	struct http_server *s = arg;
	http_connection_start(s, fd, peer);
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
	for (size_t i = 0; i < s->n_ports; i++)
		(void)evconnlistener_enable(s->ports[i].listener);
}

/* ---- starting ---- */

static int open_port(struct http_server *s, const struct http_place *p, struct err *err)
{
	struct http_port *port = &s->ports[s->n_ports];
	int fd;
	int rc = http_place_open(&fd, &port->number, p, err);
	if (rc < 0)
		return rc;
	port->listener = evconnlistener_new(s->base, on_accept, s,
					    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!port->listener) {
		(void)evutil_closesocket(fd);
		return err_set(err, ERR_NOMEM, "no memory for a listener");
	}
	s->n_ports++;
	evconnlistener_set_error_cb(port->listener, on_accept_error);
	return 0;
}

static int open_ports(struct http_server *s, const struct http_listen *listen, struct err *err)
{
	int rc = 0;
	s->ports = calloc(listen->n_places + 1, sizeof(*s->ports));
	if (!s->ports)
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	for (size_t i = 0; rc == 0 && i < listen->n_places; i++)
		rc = open_port(s, &listen->places[i], err);
	return rc;
}

/* ---- what may change ---- */

struct http_change {
	struct http_listen limits;
	struct net_blocks proxies;
	int max_per_address;
	struct tls_server *tls; /* NULL: plain */
};

static int read_proxies(struct net_blocks *out, const struct http_listen *listen, struct err *err)
{
	out->list = calloc(listen->n_proxies + 1, sizeof(*out->list));
	if (!out->list)
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	for (size_t i = 0; i < listen->n_proxies; i++) {
		const char *text = listen->proxies[i];
		if (!net_block_parse(&out->list[out->n++], bytes_str(text)))
			return err_set(err, ERR_INVALID,
				       "'%.60s' is no address of a proxy: expected one such as "
				       "192.0.2.1, 10.0.0.0/8, fd00::/8 or unix",
				       text);
	}
	return 0;
}

static void or_default(int64_t *ms, int64_t usual)
{
	*ms = *ms ? *ms : usual;
}

static void set_limits(struct http_listen *l, const struct http_listen *given)
{
	*l = *given;
	l->places = NULL; /* what is borrowed is the caller's again */
	l->proxies = NULL;
	l->tls = (struct http_tls){ 0 };
	l->max_body = l->max_body ? l->max_body : MAX_BODY;
	l->max_bodies = l->max_bodies ? l->max_bodies : SIZE_MAX;
	l->max_connections = l->max_connections ? l->max_connections : MAX_CONNECTIONS;
	or_default(&l->tls_timeout_ms, TLS_TIMEOUT_MS);
	or_default(&l->head_timeout_ms, HEAD_TIMEOUT_MS);
	or_default(&l->body_timeout_ms, BODY_TIMEOUT_MS);
	or_default(&l->write_timeout_ms, WRITE_TIMEOUT_MS);
	or_default(&l->idle_timeout_ms, IDLE_TIMEOUT_MS);
}

int http_change_new(struct http_change **out, const struct http_listen *listen, struct err *err)
{
	struct http_change *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	set_limits(&c->limits, listen);
	c->max_per_address = listen->max_per_address;
	int rc = 0;
	if (listen->tls.begun)
		c->tls = tls_server_ref(listen->tls.begun);
	else if (listen->tls.cert_file)
		rc = tls_server_new(&c->tls, &listen->tls, err);
	if (rc == 0)
		rc = read_proxies(&c->proxies, listen, err);
	if (rc < 0) {
		http_change_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void http_change_free(struct http_change *c)
{
	if (!c)
		return;
	free(c->proxies.list);
	tls_server_free(c->tls);
	free(c);
}

void http_server_take(struct http_server *s, struct http_change *c)
{
	const struct http_change before = { .proxies = s->peers.proxies, .tls = s->tls };
	s->limits = c->limits;
	s->peers.max = c->max_per_address;
	s->peers.proxies = c->proxies;
	s->tls = c->tls;
	*c = before;
	http_change_free(c);
}

/* ---- life ---- */

static int set_up(struct http_server *s, const struct http_listen *listen, struct err *err)
{
	struct http_change *first = NULL;
	s->pause = event_new(s->base, -1, 0, on_pause_over, s);
	if (!s->pause)
		return err_set(err, ERR_NOMEM, "no memory for a timer");
	int rc = tally_new(&s->peers.tally, err);
	if (rc == 0)
		rc = http_change_new(&first, listen, err);
	if (rc < 0 || !first)
		return rc;
	http_server_take(s, first);
	return open_ports(s, listen, err);
}

int http_server_listen(struct http_server **out, struct loop *l, const struct http_handler *handler,
		       const struct http_listen *listen, struct err *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for an HTTP server");
	s->base = loop_base(l);
	s->handler = *handler;
	TAILQ_INIT(&s->idle);
	TAILQ_INIT(&s->lingering);
	TAILQ_INIT(&s->busy);
	s->head = BUF_INIT(HEAD_MAX);
	int rc = set_up(s, listen, err);
	if (rc < 0) {
		http_server_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int http_server_start(struct http_server **out, struct loop *l, const struct http_serve_spec *spec,
		      struct err *err)
{
	const struct http_place place = { .address = spec->address, .port = spec->port };
	const struct http_handler handler = { spec->serve, spec->gone, spec->arg };
	const struct http_listen listen = { .places = &place,
					    .n_places = 1,
					    .max_body = spec->max_body,
					    .max_connections = spec->max_connections,
					    .head_timeout_ms = spec->header_timeout_ms,
					    .body_timeout_ms = spec->body_timeout_ms };
	return http_server_listen(out, l, &handler, &listen, err);
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
	free_all(&s->lingering);
	free_all(&s->busy);
	for (size_t i = 0; i < s->n_ports; i++)
		evconnlistener_free(s->ports[i].listener);
	if (s->pause)
		event_free(s->pause);
	free(s->ports);
	free(s->peers.proxies.list);
	tls_server_free(s->tls);
	tally_free(s->peers.tally);
	buf_clear(&s->head);
	free(s);
}

int64_t http_server_tls_expires_ms(const struct http_server *s)
{
	return s->tls ? tls_server_expires_ms(s->tls) : INT64_MAX;
}

uint16_t http_server_port(const struct http_server *s, size_t place)
{
	INVARIANT(place < s->n_ports);
	return s->ports[place].number;
}
