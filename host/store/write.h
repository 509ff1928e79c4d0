/* write.h - the statements that write, and the transaction a batch is applied in. */
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "base/random.h"
#include "store/batch.h"
#include "store/db.h"

enum { KNOWN_RUNS = 4096 };

/* A run's number by its id, remembered for the runs that are being written. */
struct known_run {
	char id[UUID_SIZE]; /* "": none */
	int64_t num;
};

struct writer {
	const struct db *db; /* borrowed */
	sqlite3_stmt *v[OP_COUNT], *find_run, *begin, *commit, *rollback;
	struct known_run *known; /* by a hash of the id */
};

/* On failure w is to be closed too. */
NODISCARD int writer_open(struct writer *w, const struct db *db, struct err *err);
void writer_close(struct writer *w);

/* All of it or nothing. */
NODISCARD int writer_apply(struct writer *w, const struct store_batch *b, struct err *err);

#endif
