/*
 * schema.h - the tables, and how a file of an older version becomes one of this.
 *
 * PRAGMA user_version counts the migrations that were applied. Forward only: a file with more of
 * them than this program knows is refused.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>

#include "store/db.h"

/* The version that this program writes. */
int schema_version(void);

/* @return 0; -ERR_INVALID: not a file of ours, damaged, or of a newer version; -ERR_IO */
NODISCARD int schema_check(const struct db *db, int *version, struct err *err);
NODISCARD int schema_migrate(const struct db *db, struct err *err);

#endif
