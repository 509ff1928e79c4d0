#include "cli/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

enum { SOON_MS = 5, TRY_AGAIN_MS = 100, LAST_WAIT_MS = 2000, KEPT_MAX = 64 << 20 };

struct outlet {
	int fd;
	bool own;    /* fd was opened here, without blocking */
	bool socket; /* fd is one */
	bool waits;  /* writing to fd may block: only when it is ready, and little at once */
	struct loop *loop;
	struct timer *again;
	struct buf kept;
	uint64_t lost; /* lines since there was room */
	outlet_lost_fn *on_lost;
	void *arg;
};

static void open_anew(struct outlet *o)
{
	char path[40];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	o->own = fd >= 0;
	o->waits = fd < 0;
	if (fd >= 0)
		o->fd = fd;
}

struct outlet *outlet_new(int fd, outlet_lost_fn *lost, void *arg)
{
	struct stat st;
	struct outlet *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	*o = (struct outlet){ .fd = fd, .kept = BUF_INIT(KEPT_MAX), .on_lost = lost, .arg = arg };
	if (fstat(fd, &st) != 0)
		return o;
	o->socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		open_anew(o);
	return o;
}

static bool is_ready(const struct outlet *o, int wait_ms)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	return poll(&p, 1, wait_ms) == 1;
}

static ssize_t put(const struct outlet *o, struct bytes bytes)
{
	if (o->socket)
		return send(o->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!o->waits)
		return write(o->fd, bytes.p, bytes.n);
	if (!is_ready(o, 0)) {
		errno = EAGAIN;
		return -1;
	}
	return write(o->fd, bytes.p, bytes.n < PIPE_BUF ? bytes.n : PIPE_BUF);
}

/* What is left of bytes is what has to wait. What cannot be written at all is gone: nobody can be told. */
static void put_all(const struct outlet *o, struct bytes *bytes)
{
	while (bytes->n > 0) {
		ssize_t n = put(o, *bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			n = (ssize_t)bytes->n;
		bytes->p += n;
		bytes->n -= (size_t)n;
	}
}

static uint64_t lines_of(struct bytes bytes)
{
	uint64_t n = 0;
	for (size_t i = 0; i < bytes.n; i++)
		n += bytes.p[i] == '\n';
	return n;
}

static void put_kept(struct outlet *o)
{
	struct bytes rest = buf_bytes(&o->kept);
	put_all(o, &rest);
	size_t gone = o->kept.n - rest.n;
	if (gone > 0 && rest.n > 0)
		memmove(o->kept.p, o->kept.p + gone, rest.n);
	buf_cut(&o->kept, rest.n);
}

static void tell_lost(struct outlet *o)
{
	uint64_t lost = o->lost;
	if (o->kept.n > 0 || lost == 0)
		return;
	o->lost = 0;
	o->on_lost(o->arg, lost);
}

static void on_again(void *arg)
{
	struct outlet *o = arg;
	size_t before = o->kept.n;
	o->again = NULL;
	put_kept(o);
	int64_t pause_ms = o->kept.n < before ? SOON_MS : TRY_AGAIN_MS;
	tell_lost(o);
	if (o->kept.n > 0 && !o->again)
		o->again = timer_start(o->loop, pause_ms, on_again, o);
}

void outlet_write(struct outlet *o, struct bytes bytes)
{
	put_kept(o);
	tell_lost(o);
	if (o->kept.n == 0)
		put_all(o, &bytes);
	if (bytes.n == 0)
		return;
	if (o->kept.n > 0 && (o->lost > 0 || o->kept.n + bytes.n > OUTLET_MAX)) {
		o->lost += lines_of(bytes);
		return;
	}
	buf_add(&o->kept, bytes.p, bytes.n);
	if (o->loop && !o->again)
		o->again = timer_start(o->loop, SOON_MS, on_again, o);
}

bool outlet_is_clear(const struct outlet *o)
{
	return o->kept.n == 0;
}

void outlet_attend(struct outlet *o, struct loop *loop)
{
	timer_stop(o->again);
	o->again = NULL;
	o->loop = loop;
	if (loop && o->kept.n > 0)
		o->again = timer_start(loop, TRY_AGAIN_MS, on_again, o);
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	outlet_attend(o, NULL);
	int64_t until = clock_mono_ms() + LAST_WAIT_MS, left;
	put_kept(o);
	while (o->kept.n > 0 && (left = until - clock_mono_ms()) > 0) {
		if (is_ready(o, (int)left))
			put_kept(o);
	}
	tell_lost(o);
	buf_clear(&o->kept);
	if (o->own)
		(void)close(o->fd);
	free(o);
}
