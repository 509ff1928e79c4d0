#include "audit/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/record.h"

enum { CHUNK = 64 * 1024, CAPACITY = RECORD_LINE_MAX + CHUNK };

int lines_open(struct lines *l, int fd, int64_t offset, struct err *err)
{
	*l = (struct lines){ .fd = fd, .offset = offset, .p = malloc(CAPACITY) };
	return l->p ? 0 : err_set(err, ERR_NOMEM, "no memory to read a segment");
}

void lines_close(struct lines *l)
{
	free(l->p);
	l->p = NULL;
}

/* Read more behind what is there. 1: some, 0: end of file. */
static int fill(struct lines *l, struct err *err)
{
	if (CAPACITY - l->end < CHUNK) {
		memmove(l->p, l->p + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	for (;;) {
		off_t at = (off_t)(l->offset + (int64_t)(l->end - l->start));
		ssize_t n = pread(l->fd, l->p + l->end, CHUNK, at);
		if (n >= 0) {
			l->end += (size_t)n;
			return n > 0;
		}
		if (errno != EINTR)
			return err_set(err, ERR_IO, "read: %s", strerror(errno));
	}
}

static void take(struct lines *l, size_t n)
{
	l->start += n;
	l->offset += (int64_t)n;
}

/* Pass over the rest of a line that is too long. 1: its newline was found. */
static int skip_rest(struct lines *l, struct err *err)
{
	for (;;) {
		char *end = memchr(l->p + l->start, '\n', l->end - l->start);
		if (end) {
			take(l, (size_t)(end - l->p) + 1 - l->start);
			return 1;
		}
		take(l, l->end - l->start);
		l->start = l->end = RECORD_LINE_MAX; /* the line's beginning stays in front */
		int rc = fill(l, err);
		if (rc <= 0)
			return rc;
	}
}

static int cut_line(struct lines *l, struct line *out, struct err *err)
{
	memmove(l->p, l->p + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
	out->text = (struct bytes){ l->p, RECORD_LINE_MAX };
	out->cut = true;
	take(l, RECORD_LINE_MAX);
	int rc = skip_rest(l, err);
	out->ended = rc == 1;
	return rc < 0 ? rc : 1;
}

int lines_next(struct lines *l, struct line *out, struct err *err)
{
	size_t seen = 0;
	*out = (struct line){ .number = ++l->number, .offset = l->offset };
	for (;;) {
		size_t have = l->end - l->start;
		char *text = l->p + l->start;
		char *end = have > seen ? memchr(text + seen, '\n', have - seen) : NULL;
		if (end) {
			out->text = (struct bytes){ text, (size_t)(end - text) };
			out->ended = true;
			take(l, out->text.n + 1);
			return 1;
		}
		if (have > RECORD_LINE_MAX)
			return cut_line(l, out, err);
		seen = have;
		int rc = fill(l, err);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			out->text = (struct bytes){ l->p + l->start, have };
			take(l, have);
			return have > 0;
		}
	}
}
