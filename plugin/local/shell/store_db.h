/*
 * store_db.h - the database file: schema, statements, one transaction a batch. Private to store.c.
 *
 * Used by one thread at a time: the loop's before and after the worker's.
 */
#ifndef LOCAL_STORE_DB_H
#define LOCAL_STORE_DB_H

#include "local/shell/store.h"
#include "local/shell/store_batch.h"

enum { STORE_SCHEMA_VERSION = 1 };

struct store_db;

/* @param[out] out owned by the caller; store_db_close */
NODISCARD int store_db_open(struct store_db **out, const char *path, struct err *err);
void store_db_close(struct store_db *db); /* NULL is fine */

NODISCARD int store_db_load(struct store_db *db, store_load_fn *fn, void *arg, struct err *err);

/* Write a batch as one transaction, synced. Nothing of it is written on failure. */
NODISCARD int store_db_write(struct store_db *db, const struct batch *b, struct err *err);

/* Write a consistent copy, synced, to DIR/engine.db. @return 0; -ERR_INVALID: there is one already;
 * -ERR_IO */
NODISCARD int store_db_copy(struct store_db *db, const char *dir, struct err *err);

#endif
