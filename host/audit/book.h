/*
 * book.h - the whole ledger read and judged: what it has of each segment, and its leaves for proofs.
 *
 * Memory grows with the ledger: some 200 bytes for each of its lines.
 */
#ifndef AUDIT_BOOK_H
#define AUDIT_BOOK_H

#include "audit/ledger.h"
#include "audit/scan.h"

struct book_entry {
	struct ledger_entry entry;
	uint64_t index; /* of its line among the leaves */
};

struct book {
	bool exists;          /* there is a ledger */
	struct book_entry *v; /* by segment, and in the ledger's order within one */
	size_t n, cap;
	struct hash *leaves;
	size_t n_leaves, leaves_cap;
	/* the judgement, as of a segment */
	enum scan_end end;
	uint64_t bad_line;
	int64_t bad_offset;
	bool unended;
	struct err why;
};

/*
 * Read a directory's ledger. What checkpoints say of it are marks (their bytes are -1), by rising
 * lines.
 *
 * @param[out] b owned by the caller; book_clear, also after an error
 * @return 0, whatever was found; -ERR_IO, -ERR_NOMEM
 */
NODISCARD int book_read(struct book *b, int dir_fd, const struct scan_mark *marks, size_t n_marks,
			struct err *err);
void book_clear(struct book *b);

/* The entries of a segment. *n is 0 when there are none. Borrowed. */
const struct book_entry *book_find(const struct book *b, const char *segment, size_t *n);

#endif
