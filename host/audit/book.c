#include "audit/book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "no memory for the audit ledger");
}

static int add_leaf(struct book *b, struct bytes line, struct err *err)
{
	if (b->n_leaves == b->leaves_cap) {
		size_t cap = b->leaves_cap ? b->leaves_cap * 2 : 256;
		struct hash *v = realloc(b->leaves, cap * sizeof(*v));
		if (!v)
			return no_memory(err);
		b->leaves = v;
		b->leaves_cap = cap;
	}
	return merkle_leaf(&b->leaves[b->n_leaves++], line) < 0 ? no_memory(err) : 0;
}

static int add_entry(struct book *b, const struct ledger_entry *e, struct err *err)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		struct book_entry *v = realloc(b->v, cap * sizeof(*v));
		if (!v)
			return no_memory(err);
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = (struct book_entry){ *e, b->n_leaves };
	return 0;
}

static int on_line(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	struct book *b = arg;
	struct ledger_entry e;
	int rc = ledger_entry_read(&e, r, err);
	if (rc == 1)
		rc = add_entry(b, &e, err);
	return rc < 0 ? rc : add_leaf(b, line, err);
}

static int by_segment(const void *a, const void *b)
{
	const struct book_entry *x = a, *y = b;
	int order = strcmp(x->entry.segment, y->entry.segment);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* A checkpoint, and no ledger whose it is. */
static void judge_missing(struct book *b, size_t n_marks)
{
	if (n_marks == 0)
		return;
	b->end = SCAN_DAMAGED;
	(void)err_set(&b->why, ERR_INVALID,
		      "the ledger is missing, but there are checkpoints of it");
}

static int scan(struct book *b, int fd, const struct scan_mark *marks, size_t n_marks,
		struct err *err)
{
	struct scan s;
	const struct scan_spec spec = { .fd = fd,
					.name = LEDGER_NAME,
					.each = on_line,
					.arg = b,
					.marks = marks,
					.n_marks = n_marks,
					.born_empty = true };
	int rc = scan_segment(&s, &spec, err);
	b->end = s.end;
	b->bad_line = s.bad_line;
	b->bad_offset = s.good_size;
	b->unended = s.unended;
	b->why = s.why;
	scan_clear(&s);
	if (rc == 0 && b->n > 1)
		qsort(b->v, b->n, sizeof(*b->v), by_segment);
	return rc;
}

int book_read(struct book *b, int dir_fd, const struct scan_mark *marks, size_t n_marks,
	      struct err *err)
{
	*b = (struct book){ .end = SCAN_OPEN };
	int fd = openat(dir_fd, LEDGER_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		judge_missing(b, n_marks);
		return 0;
	}
	if (fd < 0)
		return err_set(err, ERR_IO, "audit log %s: %s", LEDGER_NAME, strerror(errno));
	b->exists = true;
	int rc = scan(b, fd, marks, n_marks, err);
	(void)close(fd);
	return rc;
}

void book_clear(struct book *b)
{
	free(b->v);
	free(b->leaves);
	*b = (struct book){ 0 };
}

const struct book_entry *book_find(const struct book *b, const char *segment, size_t *n)
{
	size_t low = 0, high = b->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(b->v[mid].entry.segment, segment) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	size_t end = low;
	while (end < b->n && strcmp(b->v[end].entry.segment, segment) == 0)
		end++;
	*n = end - low;
	return b->n > 0 ? b->v + low : NULL;
}
