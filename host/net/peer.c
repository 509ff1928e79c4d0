#include "net/peer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/loop.h"

enum { BACKLOG = 64, DRAIN_MS = 1000 };

struct peer {
	struct loop *loop;
	struct bufferevent *bev;
	const struct peer_events *events;
	void *arg;
	struct ucred who;
	size_t searched;            /* of the input, without a newline */
	bool gone;                  /* closed has been told */
	bool inside;                /* a callback is running */
	bool closing;               /* peer_close was called */
	struct peer_server *server; /* that accepted it; NULL: we connected */
	struct timer *drain; /* how long what is unsent may still take; NULL: it does not drain */
	struct peer *next;   /* that drains */
};

struct peer_server {
	struct peer_server_spec spec;
	struct evconnlistener *listener;
	char *path;
	struct peer *draining; /* closed by who had them, with something unsent */
};

/* ---- one connection ---- */

static void on_drain_over(void *arg);

static void begin_drain(struct peer *c)
{
	c->drain = timer_start(c->loop, DRAIN_MS, on_drain_over, c);
	c->next = c->server->draining;
	c->server->draining = c;
}

static void unlink_draining(struct peer *c)
{
	struct peer **at = &c->server->draining;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

static void free_now(struct peer *c)
{
	if (c->drain) {
		timer_stop(c->drain);
		unlink_draining(c);
	}
	bufferevent_free(c->bev);
	free(c);
}

static void on_drain_over(void *arg)
{
	struct peer *c = arg;
	unlink_draining(c);
	c->drain = NULL;
	free_now(c);
}

static void lose(struct peer *c)
{
	if (c->gone)
		return;
	c->gone = true;
	(void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	if (!c->closing && c->events)
		c->events->closed(c->arg);
}

/* The line at the front of the input, or false. The newline is left in front of what follows. */
static bool next_line(struct peer *c, struct evbuffer *in, struct bytes *line)
{
	struct evbuffer_ptr from, at;
	size_t n = evbuffer_get_length(in);
	if (c->searched >= n || evbuffer_ptr_set(in, &from, c->searched, EVBUFFER_PTR_SET) != 0)
		return false;
	at = evbuffer_search(in, "\n", 1, &from);
	if (at.pos < 0) {
		c->searched = n;
		return false;
	}
	c->searched = 0;
	*line = (struct bytes){ (const char *)evbuffer_pullup(in, at.pos + 1), (size_t)at.pos };
	return true;
}

static void on_input(struct bufferevent *bev, void *arg)
{
	struct peer *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct bytes line;
	c->inside = true;
	while (c->events && !c->closing && !c->gone && next_line(c, in, &line)) {
		c->events->line(c->arg, line);
		(void)evbuffer_drain(in, line.n + 1);
	}
	if (!c->closing && evbuffer_get_length(in) > PEER_LINE_MAX)
		lose(c);
	c->inside = false;
	if (c->closing && !c->drain)
		free_now(c);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
	struct peer *c = arg;
	(void)bev;
	if (c->closing)
		free_now(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer *c = arg;
	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	c->inside = true;
	lose(c);
	c->inside = false;
	if (c->closing)
		free_now(c);
}

static struct peer *new_connection(struct loop *l, int fd)
{
	struct peer *c = calloc(1, sizeof(*c));
	socklen_t n = sizeof(c->who);
	if (c && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->who, &n) == 0)
		c->bev = bufferevent_socket_new(loop_base(l), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->bev) {
		free(c);
		(void)close(fd);
		return NULL;
	}
	c->loop = l;
	bufferevent_setcb(c->bev, on_input, on_drained, on_event, c);
	return c;
}

void peer_set_events(struct peer *c, const struct peer_events *events, void *arg)
{
	c->events = events;
	c->arg = arg;
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void peer_send(struct peer *c, struct bytes text)
{
	INVARIANT(!memchr(text.p, '\n', text.n));
	if (c->gone || c->closing)
		return;
	struct evbuffer *out = bufferevent_get_output(c->bev);
	if (evbuffer_add(out, text.p, text.n) != 0 || evbuffer_add(out, "\n", 1) != 0)
		(void)bufferevent_disable(c->bev,
					  EV_WRITE); /* no memory: better silent than torn */
}

/* Bytes that the peer has not taken yet. */
static size_t unsent(const struct peer *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

pid_t peer_pid(const struct peer *c)
{
	return c->who.pid;
}

uid_t peer_uid(const struct peer *c)
{
	return c->who.uid;
}

void peer_close(struct peer *c)
{
	if (!c || c->closing)
		return;
	c->closing = true;
	if (!c->gone) { /* mostly the socket takes it at once: then nothing is left for the loop */
		(void)bufferevent_disable(c->bev, EV_READ);
		(void)evbuffer_unfreeze(bufferevent_get_output(c->bev), 1);
		(void)evbuffer_write(bufferevent_get_output(c->bev), bufferevent_getfd(c->bev));
	}
	if (!c->gone && c->server && unsent(c) > 0)
		begin_drain(c);
	else if (!c->inside)
		free_now(c);
}

/* ---- addresses ---- */

/* The address of a socket file however long its path is: by way of its open folder.
 * @return the folder's descriptor, to be closed afterwards; -ERR_... */
static int socket_address(struct sockaddr_un *a, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct buf folder = BUF_INIT(1 << 16);
	buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
	int fd = folder.err ? -1 : open(buf_cstr(&folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	buf_clear(&folder);
	if (fd < 0) {
		int rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
		if (err)
			err->status = errno;
		return rc;
	}
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s", fd, name);
	if (n > 0 && (size_t)n < sizeof(a->sun_path))
		return fd;
	(void)close(fd);
	return err_set(err, ERR_INVALID, "%s: the name of a socket is at most 80 characters", path);
}

int peer_connect(struct peer **out, struct loop *l, const char *path,
		 const struct peer_events *events, void *arg, struct err *err)
{
	struct sockaddr_un a;
	int folder = socket_address(&a, path, err);
	if (folder < 0)
		return folder;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		int why = errno;
		rc = err_set(err, ERR_IO, "%s: %s", path, strerror(why));
		if (err)
			err->status = why;
		if (fd >= 0)
			(void)close(fd);
	}
	(void)close(folder);
	if (rc < 0)
		return rc;
	(void)evutil_make_socket_nonblocking(fd);
	struct peer *c = new_connection(l, fd);
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for a connection");
	peer_set_events(c, events, arg);
	*out = c;
	return 0;
}

/* ---- the server ---- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer, int n,
		      void *arg)
{
	struct peer_server *s = arg;
	(void)l, (void)peer, (void)n;
	struct peer *c = new_connection(s->spec.loop, fd);
	if (!c)
		return;
	c->server = s;
	if (c->who.uid != geteuid() && c->who.uid != 0)
		free_now(c);
	else
		s->spec.accepted(s->spec.arg, c);
}

static int bind_socket(const char *path, struct err *err)
{
	struct sockaddr_un a;
	int folder = socket_address(&a, path, err), rc = 0;
	if (folder < 0)
		return folder;
	(void)unlink(a.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Before it is bound: the file gets this mode, so that there is no moment of another. */
	if (fd < 0 || fchmod(fd, 0600) != 0 ||
	    bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, BACKLOG) != 0)
		rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	(void)close(folder);
	if (rc < 0 && fd >= 0)
		(void)close(fd);
	return rc < 0 ? rc : fd;
}

int peer_server_start(struct peer_server **out, const struct peer_server_spec *spec,
		      struct err *err)
{
	struct peer_server *s = calloc(1, sizeof(*s));
	int fd = bind_socket(spec->path, err);
	if (fd >= 0 && s) {
		s->spec = *spec;
		s->path = strdup(spec->path);
		s->listener = evconnlistener_new(loop_base(spec->loop), on_accept, s,
						 LEV_OPT_CLOSE_ON_FREE, 0, fd);
	}
	if (fd < 0 || !s || !s->path || !s->listener) {
		if (fd >= 0 && !(s && s->listener))
			(void)close(fd);
		peer_server_free(s);
		return fd < 0 ? fd : err_set(err, ERR_NOMEM, "no memory for the control socket");
	}
	*out = s;
	return 0;
}

void peer_server_free(struct peer_server *s)
{
	if (!s)
		return;
	if (s->listener)
		evconnlistener_free(s->listener);
	if (s->path)
		(void)unlink(s->path);
	for (struct peer *c; (c = s->draining);) {
		s->draining = c->next;
		timer_stop(c->drain);
		c->drain = NULL;
		free_now(c);
	}
	free(s->path);
	free(s);
}
