#include "cli/manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/config_listen.h"
#include "net/loop.h"

enum { FIRST_FD = 3, FDS_MAX = 64, MESSAGE_MAX = 1024 };

struct manager {
	struct loop *loop;
	int fd; /* < 0: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_len;
	int64_t beat_ms; /* 0: no watchdog */
	struct timer *beat;
};

/* A number of the environment; 0: it is not there, or none. */
static int64_t number_of(const char *name)
{
	const char *text = getenv(name);
	cJSON *v = text ? json_parse(bytes_str(text), NULL) : NULL;
	int64_t n = 0;
	bool ok = json_int_token(v, &n) && n > 0;
	cJSON_Delete(v);
	return ok ? n : 0;
}

/* ---- telling ---- */

/* One that does not read is not waited for. */
static void tell(const struct manager *m, const char *text)
{
	if (m->fd >= 0)
		(void)sendto(m->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
			     (const struct sockaddr *)&m->to, m->to_len);
}

static void on_beat(void *arg)
{
	struct manager *m = arg;
	tell(m, "WATCHDOG=1");
	m->beat = timer_start(m->loop, m->beat_ms, on_beat, m);
}

void manager_ready(struct manager *m, const char *text)
{
	char message[MESSAGE_MAX];
	(void)snprintf(message, sizeof(message), "READY=1\nSTATUS=%.900s", text ? text : "");
	tell(m, message);
}

void manager_reloading(struct manager *m)
{
	char message[MESSAGE_MAX];
	(void)snprintf(message, sizeof(message),
		       "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reading the configuration",
		       clock_mono_us());
	if (m)
		tell(m, message);
}

void manager_stopping(struct manager *m)
{
	if (m)
		tell(m, "STOPPING=1\nSTATUS=stopping: unfinished runs are left to the next start");
}

/* ---- life ---- */

/* A path, or with '@' the name of an abstract socket. */
static int find_socket(struct manager *m, const char *name, struct err *err)
{
	size_t n = strlen(name);
	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(m->to.sun_path))
		return err_set(err, ERR_INVALID,
			       "NOTIFY_SOCKET=%.100s: expected a path or '@' and a name", name);
	m->to.sun_family = AF_UNIX;
	memcpy(m->to.sun_path, name, n);
	if (name[0] == '@')
		m->to.sun_path[0] = '\0';
	m->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return m->fd >= 0 ? 0 : err_set(err, ERR_IO, "NOTIFY_SOCKET: %s", strerror(errno));
}

static bool is_watched(void)
{
	int64_t pid = number_of("WATCHDOG_PID");
	return pid == 0 || pid == getpid();
}

int manager_new(struct manager **out, struct loop *loop, struct err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct manager *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ERR_NOMEM, "out of memory");
	*m = (struct manager){ .loop = loop, .fd = -1 };
	int rc = name && *name ? find_socket(m, name, err) : 0;
	if (rc < 0) {
		free(m);
		return rc;
	}
	int64_t ms = is_watched() ? number_of("WATCHDOG_USEC") / 1000 : 0;
	m->beat_ms = ms > 1 ? ms / 2 : ms;
	if (m->beat_ms > 0 && m->fd >= 0)
		m->beat = timer_start(loop, 0, on_beat, m);
	*out = m;
	return 0;
}

void manager_free(struct manager *m)
{
	if (!m)
		return;
	timer_stop(m->beat);
	if (m->fd >= 0)
		(void)close(m->fd);
	free(m);
}

/* ---- sockets ---- */

static bool is_used(const struct config_listen *l, int fd)
{
	for (size_t i = 0; i < l->http.n_places; i++) {
		if (l->places[i].fd == fd)
			return true;
	}
	return false;
}

int manager_fds_end(void)
{
	int64_t n = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;
	return FIRST_FD + (int)(n < FDS_MAX ? n : FDS_MAX);
}

/* The next of that name; -1: there is none. Names are parted by colons. */
static int find_fd(const struct config_listen *l, const char *wanted)
{
	const char *names = getenv("LISTEN_FDNAMES");
	for (int fd = FIRST_FD; names && fd < manager_fds_end(); fd++) {
		size_t length = strcspn(names, ":");
		if (length == strlen(wanted) && memcmp(names, wanted, length) == 0 &&
		    !is_used(l, fd))
			return fd;
		names += length;
		names += *names == ':';
	}
	return -1;
}

int manager_sockets(struct config_listen *l, struct err *err)
{
	for (size_t i = 0; i < l->http.n_places; i++) {
		struct http_place *p = &l->places[i];
		const char *name = config_place_socket(p);
		if (!name)
			continue;
		int fd = find_fd(l, name);
		if (fd < 0)
			return err_set(err, ERR_INVALID,
				       "address = %.100s: the service manager has handed over no "
				       "(further) socket of that name",
				       p->address);
		p->fd = fd;
	}
	return 0;
}
