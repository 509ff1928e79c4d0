/* db.h - one SQLite connection: opening, running what has no parameters, and naming failures. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct db {
	sqlite3 *h;
	char *path; /* owned */
};

enum db_mode { DB_READ, DB_WRITE };

/* DB_WRITE creates the file with mode 0600 where it is missing. On failure d is to be closed too.
 * @return 0; -ERR_INVALID: it is no database; -ERR_IO; -ERR_NOMEM */
NODISCARD int db_open(struct db *d, const char *path, enum db_mode mode, struct err *err);
void db_close(struct db *d);

NODISCARD int db_exec(const struct db *d, const char *sql, struct err *err);
/* The first column of the first row. */
NODISCARD int db_int(const struct db *d, const char *sql, int64_t *out, struct err *err);
/* A statement that is kept. */
NODISCARD int db_prepare(const struct db *d, const char *sql, sqlite3_stmt **out, struct err *err);

/* What SQLite says went wrong last. @return -ERR_INVALID for a damaged file, -ERR_NOMEM, -ERR_IO */
int db_failed(const struct db *d, struct err *err);

#endif
