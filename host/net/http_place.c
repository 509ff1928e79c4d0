#include "net/http_place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"

enum { BACKLOG = 1024, UNIX_MODE = 0660 };
static const char unix_prefix[] = "unix:";

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
	struct sockaddr_storage room;
};

static bool is_unix(const struct http_place *p)
{
	return strncmp(p->address, unix_prefix, sizeof(unix_prefix) - 1) == 0;
}

static bool read_ip(union address *a, socklen_t *n, const struct http_place *p)
{
	if (inet_pton(AF_INET, p->address, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(p->port);
		*n = sizeof(a->v4);
		return true;
	}
	if (inet_pton(AF_INET6, p->address, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(p->port);
		*n = sizeof(a->v6);
		return true;
	}
	return false;
}

static int read_address(union address *a, socklen_t *n, const struct http_place *p, struct err *err)
{
	*a = (union address){ 0 };
	if (is_unix(p)) {
		const char *path = p->address + sizeof(unix_prefix) - 1;
		size_t length = strlen(path);
		if (path[0] != '/' || length >= sizeof(a->path.sun_path))
			return err_set(err, ERR_INVALID,
				       "cannot listen on '%s': expected unix: and an absolute path "
				       "of at most %zu bytes",
				       p->address, sizeof(a->path.sun_path) - 1);
		a->path.sun_family = AF_UNIX;
		memcpy(a->path.sun_path, path, length);
		*n = sizeof(a->path);
		return 0;
	}
	if (read_ip(a, n, p))
		return 0;
	return err_set(err, ERR_INVALID,
		       "cannot listen on '%s': expected an IP address such as 127.0.0.1 or ::1",
		       p->address);
}

/* Left behind by a process that is gone? Then nobody answers there; not so where one is only too busy
 * to accept, which is not waited for. */
static void remove_stale(const union address *a, socklen_t n)
{
	struct stat st;
	if (lstat(a->path.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, &a->any, n) != 0 && errno == ECONNREFUSED)
		(void)unlink(a->path.sun_path);
	(void)close(fd);
}

static bool bind_and_listen(int fd, const union address *a, socklen_t n)
{
	static const int on = 1;
	if (a->any.sa_family == AF_UNIX)
		remove_stale(a, n);
	/* An address is served by its own family only, so that 0.0.0.0 and :: do not collide. */
	if (a->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return false;
	if (a->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Before bind, or others could connect for a moment; behind it, since bind heeds the umask. */
	if (a->any.sa_family == AF_UNIX && fchmod(fd, UNIX_MODE) != 0)
		return false;
	if (bind(fd, &a->any, n) != 0)
		return false;
	if (a->any.sa_family == AF_UNIX && chmod(a->path.sun_path, UNIX_MODE) != 0)
		return false;
	return listen(fd, BACKLOG) == 0;
}

static int open_new(int *out, const struct http_place *p, struct err *err)
{
	union address a;
	socklen_t n = 0;
	int rc = read_address(&a, &n, p, err);
	if (rc < 0)
		return rc;
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_and_listen(fd, &a, n)) {
		*out = fd;
		return 0;
	}
	rc = is_unix(p)
		 ? err_set(err, ERR_IO, "cannot listen on %s: %s", p->address, strerror(errno))
		 : err_set(err, ERR_IO, "cannot listen on %s port %u: %s", p->address, p->port,
			   strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int take_over(int fd, struct err *err)
{
	int type = 0, listens = 0;
	socklen_t n = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) != 0 || !listens)
		return err_set(err, ERR_INVALID, "descriptor %d is no listening stream socket", fd);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return err_set(err, ERR_IO, "descriptor %d: %s", fd, strerror(errno));
	return 0;
}

int http_place_open(int *out, uint16_t *port, const struct http_place *p, struct err *err)
{
	int fd = p->fd;
	int rc = fd > 0 ? take_over(fd, err) : open_new(&fd, p, err);
	if (rc < 0)
		return rc;
	union address a = { 0 };
	struct net_address unused;
	socklen_t n = sizeof(a);
	if (getsockname(fd, &a.any, &n) != 0) {
		rc = err_set(err, ERR_IO, "getsockname: %s", strerror(errno));
		(void)close(fd);
		return rc;
	}
	/* Inherited by what is accepted: an answer is one write, there is nothing to gather. */
	if (a.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	net_address_of(&unused, port, &a.any);
	*out = fd;
	return 0;
}
