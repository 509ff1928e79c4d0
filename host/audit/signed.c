#include "audit/signed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/ledger.h"

static int push(struct signed_notes *s, const struct checkpoint *c, struct err *err)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct scan_mark *v = realloc(s->marks, cap * sizeof(*v));
		if (!v)
			return err_set(err, ERR_NOMEM, "no memory for checkpoints");
		s->marks = v;
		s->cap = cap;
	}
	s->marks[s->n++] = (struct scan_mark){ .lines = c->size, .bytes = -1, .root = c->root };
	return 0;
}

static int by_lines(const void *a, const void *b)
{
	const struct scan_mark *x = a, *y = b;
	return (x->lines > y->lines) - (x->lines < y->lines);
}

int signed_add(struct signed_notes *s, struct bytes text, const struct public_key *key,
	       struct err *err)
{
	struct bytes note, rest = text;
	struct checkpoint c;
	int rc = 0;
	if (text.n == 0)
		return 0;
	if (!key)
		return err_set(err, ERR_INVALID,
			       "a checkpoint is checked with a public key: give it");
	while (rc == 0 && (rc = note_next(&note, &rest, err)) == 1) {
		rc = note_read(&c, note, key, err);
		if (rc == 0)
			rc = push(s, &c, err);
	}
	if (s->n > 1)
		qsort(s->marks, s->n, sizeof(*s->marks), by_lines);
	return rc;
}

int signed_add_own(struct signed_notes *s, int dir_fd, const struct public_key *key,
		   struct err *err)
{
	char text[NOTE_MAX];
	int fd = openat(dir_fd, LEDGER_CHECKPOINT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(err, ERR_IO, "%s", strerror(errno));
	ssize_t n = read(fd, text, sizeof(text));
	int why = errno;
	(void)close(fd);
	if (n < 0)
		return err_set(err, ERR_IO, "%s", strerror(why));
	if (n == 0)
		return err_set(err, ERR_INVALID, "it is empty");
	return signed_add(s, (struct bytes){ text, (size_t)n }, key, err);
}

void signed_clear(struct signed_notes *s)
{
	free(s->marks);
	*s = (struct signed_notes){ 0 };
}
