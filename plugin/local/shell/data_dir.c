#include "local/shell/data_dir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

enum { OWNER_WAIT_MS = 5000, LOOK_AGAIN_MS = 20 };

static const char url_prefix[] = "http://127.0.0.1:";

struct data_dir {
	int fd; /* of the lock file */
	char *lock_path, *store_path;
};

static char *join(const char *dir, const char *name)
{
	struct buf path = BUF_INIT(65536);
	buf_addf(&path, "%s/%s", dir, name);
	return path.p; /* malloc'ed; NULL when out of memory */
}

/* Like mkdir -p. */
static int make_dirs(const char *path, struct err *err)
{
	char *copy = strdup(path);
	int rc = copy ? 0 : -ENOMEM;
	for (char *p = copy ? copy + 1 : NULL; p && !rc; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		rc = mkdir(copy, 0700) == 0 || errno == EEXIST ? 0 : -errno;
		*p = c;
		if (!c)
			break;
	}
	free(copy);
	return rc ? err_set(err, ERR_IO, "cannot create the data folder '%s': %s", path,
			    strerror(-rc))
		  : 0;
}

/* What the lock file holds, without the line break; "" when nothing usable. */
static void read_url(int fd, char *url, size_t size)
{
	ssize_t n = pread(fd, url, size - 1, 0);
	url[n > 0 ? n : 0] = '\0';
	url[strcspn(url, "\n")] = '\0';
	if (strncmp(url, url_prefix, sizeof(url_prefix) - 1) != 0)
		url[0] = '\0';
}

static bool port_of(const char *url, uint16_t *port)
{
	int64_t n;
	cJSON *v = json_parse(bytes_str(url + sizeof(url_prefix) - 1), NULL);
	bool ok = json_int_token(v, &n) && n > 0 && n <= UINT16_MAX;
	cJSON_Delete(v);
	if (ok)
		*port = (uint16_t)n;
	return ok;
}

static bool connects(int fd, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t n = sizeof(error);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		return true;
	return errno == EINPROGRESS && poll(&p, 1, OWNER_WAIT_MS) == 1 &&
	       getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
}

/* Does somebody listen there? */
static bool answers(const char *url)
{
	uint16_t port;
	if (!port_of(url, &port))
		return false;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connects(fd, port);
	if (fd >= 0)
		(void)close(fd);
	return yes;
}

/* Another process owns the folder: it writes its URL when it is ready to serve. */
static int find_owner(int fd, const char *path, char *url, size_t size, struct err *err)
{
	int64_t until = clock_mono_ms() + OWNER_WAIT_MS;
	for (read_url(fd, url, size); !url[0] && clock_mono_ms() < until;) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		read_url(fd, url, size);
	}
	if (url[0] && answers(url))
		return 0;
	return err_set(err, ERR_IO,
		       "another process holds the data folder '%s' but does not serve%s%s", path,
		       url[0] ? " at " : "", url);
}

static int lock(struct data_dir *d, const char *path, char *url, size_t size, struct err *err)
{
	d->fd = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->fd < 0)
		return err_set(err, ERR_IO, "cannot open '%s': %s", d->lock_path, strerror(errno));
	url[0] = '\0';
	if (flock(d->fd, LOCK_EX | LOCK_NB) == 0) {
		if (ftruncate(d->fd, 0) != 0)
			return err_set(err, ERR_IO, "cannot write '%s': %s", d->lock_path,
				       strerror(errno));
		return 0;
	}
	if (errno != EWOULDBLOCK)
		return err_set(err, ERR_IO, "cannot lock '%s': %s", d->lock_path, strerror(errno));
	return find_owner(d->fd, path, url, size, err);
}

int data_dir_open(struct data_dir **out, const char *path, char *url, size_t url_size,
		  struct err *err)
{
	*out = NULL;
	int rc = make_dirs(path, err);
	if (rc)
		return rc;
	struct data_dir *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, ERR_NOMEM, "out of memory");
	d->fd = -1;
	d->lock_path = join(path, "engine.lock");
	d->store_path = join(path, "engine.db");
	if (d->lock_path && d->store_path)
		rc = lock(d, path, url, url_size, err);
	else
		rc = err_set(err, ERR_NOMEM, "out of memory");
	if (rc || url[0])
		data_dir_close(d);
	else
		*out = d;
	return rc;
}

void data_dir_close(struct data_dir *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		(void)close(d->fd);
	free(d->lock_path);
	free(d->store_path);
	free(d);
}

int data_dir_announce(struct data_dir *d, const char *url, struct err *err)
{
	struct buf line = BUF_INIT(1024);
	buf_addf(&line, "%s\n", url);
	ssize_t n = pwrite(d->fd, line.p, line.n, 0);
	int rc = 0;
	if (n < 0 || (size_t)n != line.n)
		rc = err_set(err, ERR_IO, "cannot write '%s'", d->lock_path);
	buf_clear(&line);
	return rc;
}

const char *data_dir_store(const struct data_dir *d)
{
	return d->store_path;
}
