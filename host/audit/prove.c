#include "audit/prove.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/book.h"
#include "audit/lines.h"

/* The directory's checkpoint and ledger. */
struct prover {
	const struct prove_spec *spec;
	struct book book;
	char note[NOTE_MAX];
	size_t note_n;
	struct checkpoint checkpoint;
	uint64_t uncovered;
};

/* One segment: its leaves, and the records that are wanted. */
struct proving {
	struct prover *p;
	const char *segment;
	const struct book_entry *head;
	struct hash *leaves;
	size_t n, cap;
	uint64_t *wanted; /* indexes */
	char **lines;     /* of those */
	size_t n_wanted, cap_wanted;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "no memory for proofs");
}

static int read_own_note(struct prover *p, struct err *err)
{
	int fd = openat(p->spec->dir_fd, LEDGER_CHECKPOINT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, p->note, sizeof(p->note)) : -1;
	int why = errno;
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return err_set(err, ERR_IO, "checkpoint: %s", strerror(why));
	p->note_n = (size_t)n;
	return note_read(&p->checkpoint, (struct bytes){ p->note, p->note_n }, p->spec->key, err);
}

static int read_book(struct prover *p, struct err *err)
{
	const struct scan_mark mark = { .lines = p->checkpoint.size,
					.bytes = -1,
					.root = p->checkpoint.root };
	int rc = book_read(&p->book, p->spec->dir_fd, &mark, 1, err);
	if (rc == 0 && p->book.end == SCAN_DAMAGED)
		rc = err_set(err, ERR_INVALID, "the ledger is damaged at line %" PRIu64 ": %s",
			     p->book.bad_line, p->book.why.message);
	return rc;
}

/* The last root of the segment that the checkpoint covers. NULL: none. */
static const struct book_entry *find_head(const struct prover *p, const char *segment)
{
	size_t n;
	const struct book_entry *v = book_find(&p->book, segment, &n), *head = NULL;
	for (size_t i = 0; i < n; i++) {
		bool is_head = v[i].entry.kind == LEDGER_HEAD || v[i].entry.kind == LEDGER_SEAL;
		if (is_head && v[i].index < p->checkpoint.size)
			head = &v[i];
	}
	return head;
}

static int want(struct proving *g, uint64_t index, struct bytes line, struct err *err)
{
	if (g->n_wanted == g->cap_wanted) {
		size_t cap = g->cap_wanted ? g->cap_wanted * 2 : 64;
		uint64_t *wanted = realloc(g->wanted, cap * sizeof(*wanted));
		if (wanted)
			g->wanted = wanted;
		char **lines = wanted ? realloc(g->lines, cap * sizeof(*lines)) : NULL;
		if (!lines)
			return no_memory(err);
		g->lines = lines;
		g->cap_wanted = cap;
	}
	g->wanted[g->n_wanted] = index;
	g->lines[g->n_wanted] = strndup(line.p, line.n);
	return g->lines[g->n_wanted] ? (g->n_wanted++, 0) : no_memory(err);
}

static int on_record(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	struct proving *g = arg;
	uint64_t covered = g->head ? g->head->entry.lines : 0;
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 1024;
		struct hash *v = realloc(g->leaves, cap * sizeof(*v));
		if (!v)
			return no_memory(err);
		g->leaves = v;
		g->cap = cap;
	}
	INVARIANT(g->leaves != NULL);
	if (merkle_leaf(&g->leaves[g->n], line) < 0)
		return no_memory(err);
	uint64_t index = g->n++;
	if (!g->p->spec->want(g->p->spec->arg, r))
		return 0;
	if (index < covered)
		return want(g, index, line, err);
	g->p->uncovered++;
	return 0;
}

/* The text of the ledger's line with that index. */
static int read_entry_line(struct buf *out, int dir_fd, uint64_t index, struct err *err)
{
	struct lines lines;
	struct line line;
	int fd = openat(dir_fd, LEDGER_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, "audit log ledger: %s", strerror(errno));
	int rc = lines_open(&lines, fd, 0, err);
	if (rc == 0) {
		while ((rc = lines_next(&lines, &line, err)) == 1 && line.number <= index)
			;
		if (rc == 1)
			buf_add(out, line.text.p, line.text.n);
		lines_close(&lines);
	}
	(void)close(fd);
	return rc < 0 ? rc : out->err;
}

static int hand_out(struct proving *g, struct err *err)
{
	INVARIANT(g->head != NULL);
	const struct prover *p = g->p;
	struct buf entry = BUF_INIT(RECORD_LINE_MAX), line = BUF_INIT(PROOF_MAX);
	struct merkle_path paths[2], entry_path; /* of this record and of the one before it */
	struct proof proof = { .segment = g->segment,
			       .checkpoint = { p->note, p->note_n },
			       .lines = g->head->entry.lines,
			       .entry_index = g->head->index,
			       .size = p->checkpoint.size,
			       .entry_path = &entry_path };
	int rc = read_entry_line(&entry, p->spec->dir_fd, g->head->index, err);
	if (rc == 0 &&
	    merkle_inclusion(&entry_path, p->book.leaves, proof.size, proof.entry_index) < 0)
		rc = no_memory(err);
	proof.entry = buf_bytes(&entry);
	for (size_t i = 0; i < g->n_wanted && rc == 0; i++) {
		proof.index = g->wanted[i];
		proof.record = bytes_str(g->lines[i]);
		proof.path = &paths[i % 2];
		if (merkle_inclusion_near(&paths[i % 2], g->leaves, proof.lines, proof.index,
					  i > 0 ? &paths[(i + 1) % 2] : NULL,
					  i > 0 ? g->wanted[i - 1] : 0) < 0)
			rc = no_memory(err);
		line.n = 0;
		proof_write(&line, &proof);
		if (rc == 0)
			rc = line.err ? no_memory(err)
				      : p->spec->each(p->spec->arg, buf_bytes(&line), err);
	}
	buf_clear(&entry);
	buf_clear(&line);
	return rc;
}

static int prove_open_segment(struct proving *g, int fd, struct err *err)
{
	struct scan s;
	const struct scan_spec spec = { .fd = fd, .name = g->segment, .each = on_record, .arg = g };
	int rc = scan_segment(&s, &spec, err);
	if (rc == 0 && g->head && s.tree.size < g->head->entry.lines)
		rc = err_set(err, ERR_INVALID, "%s is damaged at line %" PRIu64 ": %s", g->segment,
			     s.tree.size + 1, s.why.message);
	scan_clear(&s);
	return rc < 0 || g->n_wanted == 0 ? rc : hand_out(g, err);
}

static int prove_segment(struct prover *p, const char *name, struct err *err)
{
	struct proving g = { .p = p, .segment = name, .head = find_head(p, name) };
	int fd = segment_open(p->spec->dir_fd, name, err);
	if (fd < 0)
		return fd;
	int rc = prove_open_segment(&g, fd, err);
	(void)close(fd);
	for (size_t i = 0; i < g.n_wanted; i++)
		free(g.lines[i]);
	free(g.lines);
	free(g.wanted);
	free(g.leaves);
	return rc;
}

static bool is_asked_for(const struct prove_spec *spec, const char *name)
{
	return !spec->segment || memmem(name, strlen(name), spec->segment, spec->segment_len);
}

static int prove_all(struct prover *p, const struct segment_names *names, struct err *err)
{
	size_t fitting = 0;
	int rc = 0;
	for (size_t i = 0; i < names->n; i++)
		fitting += is_asked_for(p->spec, names->v[i]);
	if (p->spec->segment && fitting != 1)
		return err_set(err, ERR_INVALID, "%zu segments fit the name %.*s", fitting,
			       (int)p->spec->segment_len, p->spec->segment);
	for (size_t i = 0; i < names->n && rc == 0; i++) {
		if (is_asked_for(p->spec, names->v[i]))
			rc = prove_segment(p, names->v[i], err);
	}
	return rc;
}

int prove_records(uint64_t *uncovered, const struct prove_spec *spec, struct err *err)
{
	struct prover p = { .spec = spec };
	struct segment_names names = { 0 };
	int rc = read_own_note(&p, err);
	if (rc == 0)
		rc = read_book(&p, err);
	if (rc == 0)
		rc = segment_list(&names, spec->dir_fd, err);
	if (rc == 0)
		rc = prove_all(&p, &names, err);
	*uncovered = p.uncovered;
	segment_names_clear(&names);
	book_clear(&p.book);
	return rc;
}

int prove_consistency(struct merkle_path *path, int dir_fd, const struct checkpoint *old,
		      const struct checkpoint *new, struct err *err)
{
	struct book book;
	const struct merkle_claim claim = { .old = old->size, .size = new->size };
	int rc = book_read(&book, dir_fd, NULL, 0, err);
	if (rc == 0 && (old->size == 0 || old->size > new->size))
		rc = err_set(err, ERR_INVALID, "the first checkpoint is not the older one");
	if (rc == 0 && book.n_leaves < new->size)
		rc = err_set(err, ERR_INVALID,
			     "the ledger has %zu good lines, the newer checkpoint covers %" PRIu64,
			     book.n_leaves, new->size);
	if (rc == 0)
		rc = merkle_consistency(path, book.leaves, new->size, old->size);
	if (rc == 0)
		rc = merkle_check_consistency(&claim, path, &old->root, &new->root);
	book_clear(&book);
	return rc;
}
