#include "audit/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/lines.h"

enum { BLOCK = 65536 };

/* A segment and how far it was read: to the end of its last whole line. */
struct place {
	char name[SEGMENT_NAME_SIZE];
	int64_t offset;
	bool open; /* not sealed when last looked at */
};

struct tail {
	int dir_fd;
	int watch_fd;
	struct place *v;
	size_t n, cap;
	size_t
	    likely; /* place of the next name that is asked for: mostly it goes through in order */
};

int tail_open(struct tail **out, int dir_fd, const char *path, struct err *err)
{
	struct tail *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, ERR_NOMEM, "no memory to follow the audit log");
	t->dir_fd = dir_fd;
	t->watch_fd = inotify_init1(IN_CLOEXEC);
	if (t->watch_fd < 0 ||
	    inotify_add_watch(t->watch_fd, path, IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0) {
		int rc = err_set(err, ERR_IO, "cannot watch %s: %s", path, strerror(errno));
		tail_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tail_close(struct tail *t)
{
	if (!t)
		return;
	if (t->watch_fd >= 0)
		(void)close(t->watch_fd);
	free(t->v);
	free(t);
}

static struct place *place_of(struct tail *t, const char *name, struct err *err)
{
	for (size_t k = 0; k < t->n; k++) {
		size_t i = (t->likely + k) % t->n;
		if (strcmp(t->v[i].name, name) != 0)
			continue;
		t->likely = i + 1;
		return &t->v[i];
	}
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		struct place *v = realloc(t->v, cap * sizeof(*v));
		if (!v) {
			(void)err_set(err, ERR_NOMEM, "no memory to follow the audit log");
			return NULL;
		}
		t->v = v;
		t->cap = cap;
	}
	struct place *p = &t->v[t->n++];
	t->likely = t->n;
	*p = (struct place){ 0 };
	memcpy(p->name, name, strlen(name) + 1); /* segment_list: shorter than a name's size */
	return p;
}

/* ---- reading on ---- */

/* Hand out the whole lines from p on; p moves behind them. */
static int read_on(struct tail *t, struct place *p, tail_fn *each, void *arg, struct err *err)
{
	struct lines lines;
	struct line line;
	struct err why;
	int fd = segment_open(t->dir_fd, p->name, err);
	if (fd < 0)
		return fd;
	int rc = lines_open(&lines, fd, p->offset, err);
	while (rc == 0 && (rc = lines_next(&lines, &line, err)) == 1) {
		struct record r;
		if (!line.ended)
			break;
		p->offset = lines.offset;
		why = (struct err){ 0 };
		bool good = record_parse(&r, line.text, &why) == 0;
		rc = each(arg, p->name, good ? &r : NULL, line.text, &why);
		if (good)
			record_clear(&r);
	}
	lines_close(&lines);
	(void)close(fd);
	return rc == 1 ? 0 : rc;
}

/* ---- the last ones ---- */

/* Where the last n whole lines begin. */
static int64_t before_last(int fd, int64_t size, size_t n)
{
	char block[BLOCK];
	int64_t at = size;
	size_t newlines = 0;
	while (at > 0) {
		size_t want = at < BLOCK ? (size_t)at : BLOCK;
		ssize_t got = pread(fd, block, want, (off_t)(at - (int64_t)want));
		if (got != (ssize_t)want)
			return 0;
		at -= (int64_t)want;
		for (size_t i = want; i-- > 0;) {
			/* the newline behind the last line, and those behind the n before it */
			if (block[i] == '\n' && newlines++ == n)
				return at + (int64_t)i + 1;
		}
	}
	return 0;
}

/* A line kept until all segments were looked at. */
struct kept {
	const char *segment; /* borrowed from the list of names */
	int64_t time_ms;
	size_t order; /* in which it was read */
	char *line;
	size_t n;
};

struct keeper {
	const char *segment;
	size_t want;
	tail_want_fn *is_wanted; /* NULL: all are */
	struct kept *v;
	size_t n, cap, order;
};

static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Sort, and drop all but the newest. */
static void prune(struct keeper *k)
{
	if (k->n > 1)
		qsort(k->v, k->n, sizeof(*k->v), by_time);
	size_t drop = k->n > k->want ? k->n - k->want : 0;
	for (size_t i = 0; i < drop; i++)
		free(k->v[i].line);
	if (drop > 0)
		memmove(k->v, k->v + drop, (k->n - drop) * sizeof(*k->v));
	k->n -= drop;
}

static int keep(void *arg, const char *segment, const struct record *r, struct bytes line,
		const struct err *err)
{
	(void)segment;
	(void)err;
	struct keeper *k = arg;
	if (k->is_wanted && !(r && k->is_wanted(r)))
		return 0;
	if (k->n == k->cap && k->n > 2 * k->want)
		prune(k);
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 64;
		struct kept *v = realloc(k->v, cap * sizeof(*v));
		if (!v)
			return -ERR_NOMEM;
		k->v = v;
		k->cap = cap;
	}
	/* A line that is no record has no time of its own: it goes with the one before it. */
	int64_t time_ms = r ? r->head.time_ms : k->n ? k->v[k->n - 1].time_ms : 0;
	char *copy = malloc(line.n + 1);
	if (!copy)
		return -ERR_NOMEM;
	memcpy(copy, line.p, line.n);
	k->v[k->n++] = (struct kept){ .segment = k->segment,
				      .time_ms = time_ms,
				      .order = k->order++,
				      .line = copy,
				      .n = line.n };
	return 0;
}

static int keep_last(struct tail *t, struct keeper *k, const char *name, struct err *err)
{
	struct stat st;
	struct place *p = place_of(t, name, err);
	if (!p)
		return -ERR_NOMEM;
	int fd = segment_open(t->dir_fd, name, err);
	if (fd < 0)
		return fd;
	int rc =
	    fstat(fd, &st) == 0 ? 0 : err_set(err, ERR_IO, "%s: fstat: %s", name, strerror(errno));
	if (rc == 0)
		p->offset = k->is_wanted ? 0 : before_last(fd, st.st_size, k->want);
	(void)close(fd);
	if (rc < 0)
		return rc;
	p->open = true; /* it may grow, or be sealed, from now on */
	k->segment = name;
	rc = read_on(t, p, keep, k, err);
	if (rc == -ERR_NOMEM)
		return err_set(err, ERR_NOMEM, "no memory for the last records");
	return rc;
}

static int hand_out(const struct keeper *k, tail_fn *each, void *arg)
{
	int rc = 0;
	for (size_t i = 0; i < k->n && rc == 0; i++) {
		struct record r;
		struct err why = { 0 };
		struct bytes line = { k->v[i].line, k->v[i].n };
		bool good = record_parse(&r, line, &why) == 0;
		rc = each(arg, k->v[i].segment, good ? &r : NULL, line, &why);
		if (good)
			record_clear(&r);
	}
	return rc;
}

int tail_last(struct tail *t, size_t n, tail_want_fn *want, tail_fn *each, void *arg,
	      struct err *err)
{
	struct segment_names names;
	struct keeper k = { .want = n, .is_wanted = want };
	int rc = segment_list(&names, t->dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < names.n && rc == 0; i++)
		rc = keep_last(t, &k, names.v[i], err);
	prune(&k);
	if (rc == 0)
		rc = hand_out(&k, each, arg);
	for (size_t i = 0; i < k.n; i++)
		free(k.v[i].line);
	free(k.v);
	segment_names_clear(&names);
	return rc;
}

/* ---- what comes ---- */

static int read_if_grown(struct tail *t, struct place *p, tail_fn *each, void *arg, struct err *err)
{
	struct stat st;
	int fd = segment_open(t->dir_fd, p->name, NULL);
	if (fd < 0)
		return 0; /* removed meanwhile */
	bool known = fstat(fd, &st) == 0;
	(void)close(fd);
	if (known && st.st_size > p->offset)
		return read_on(t, p, each, arg, err);
	if (known)
		p->offset = st.st_size; /* recovery may have cut a torn end off */
	return 0;
}

/* Only what is not sealed grows; what was open when last looked at may have been sealed since. */
static int read_all(struct tail *t, tail_fn *each, void *arg, struct err *err)
{
	struct segment_names names;
	int rc = segment_list_open(&names, t->dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->n && rc == 0; i++) {
		if (!t->v[i].open)
			continue;
		t->v[i].open = false;
		rc = read_if_grown(t, &t->v[i], each, arg, err);
	}
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		struct place *p = place_of(t, names.v[i], err);
		if (!p)
			rc = -ERR_NOMEM;
		else
			rc = read_if_grown(t, p, each, arg, err);
		if (p)
			p->open = true;
	}
	segment_names_clear(&names);
	return rc;
}

/* The events only say that something changed: what, the sizes tell. */
int tail_follow(struct tail *t, tail_fn *each, void *arg, struct err *err)
{
	_Alignas(struct inotify_event) char events[16384];
	for (;;) {
		int rc = read_all(t, each, arg, err);
		if (rc < 0)
			return rc;
		ssize_t n = read(t->watch_fd, events, sizeof(events));
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_IO, "inotify: %s", strerror(errno));
	}
}
