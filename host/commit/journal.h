/*
 * journal.h - which store the log goes with, and what that has of a dead process's calls, for the
 * recovery of its log: the functions of struct recover_store (audit/recover.h) over a store.
 */
#ifndef COMMIT_JOURNAL_H
#define COMMIT_JOURNAL_H

#include "audit/recover.h"

struct store;

struct journal {
	struct recover_store recover; /* points to this struct: it must not be moved */
	struct store *store;          /* borrowed */
	struct store_reader *reader;
	struct store_batch *lost; /* outcomes that only the log has */
};

/* On failure it is to be closed too. */
NODISCARD int journal_open(struct journal *j, struct store *store, const char *path,
			   struct err *err);
void journal_close(struct journal *j);

enum { JOURNAL_ID_SIZE = 40 };

/* The store that the newest process with one went with, as its log.open says: id is "" when that is
 * this one, or there was none. Looks at the newest 100 segments at most. */
void journal_before(char id[JOURNAL_ID_SIZE], int dir_fd, const char *store);

#endif
