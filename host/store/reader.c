#include "store/reader.h"

#include <stdlib.h>

#include "store/schema.h"

static int check_version(const struct db *db, struct err *err)
{
	int version;
	int rc = schema_check(db, &version, err);
	if (rc == 0 && version != schema_version())
		return err_set(err, ERR_INVALID,
			       "store %s: it has schema version %d, this program reads version %d; "
			       "a start of the host brings it up to date",
			       db->path, version, schema_version());
	return rc;
}

int store_reader_open(struct store_reader **out, const char *path, struct err *err)
{
	struct store_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for the store %s", path);
	int rc = db_open(&r->db, path, DB_READ, err);
	if (rc == 0)
		rc = check_version(&r->db, err);
	if (rc < 0) {
		store_reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void store_reader_close(struct store_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < QUERY_COUNT; i++)
		(void)sqlite3_finalize(r->v[i]);
	db_close(&r->db);
	free(r);
}

int reader_query(struct store_reader *r, enum query q, const char *sql, sqlite3_stmt **out,
		 struct err *err)
{
	int rc = r->v[q] ? 0 : db_prepare(&r->db, sql, &r->v[q], err);
	*out = r->v[q];
	return rc;
}

void reader_done(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
}

int reader_bind_text(const struct store_reader *r, sqlite3_stmt *s, int i, const char *text,
		     struct err *err)
{
	int rc = sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
	return rc == SQLITE_OK ? 0 : db_failed(&r->db, err);
}

int reader_bind_int(const struct store_reader *r, sqlite3_stmt *s, int i, int64_t n,
		    struct err *err)
{
	return sqlite3_bind_int64(s, i, n) == SQLITE_OK ? 0 : db_failed(&r->db, err);
}

int reader_next(const struct store_reader *r, sqlite3_stmt *s, struct err *err)
{
	switch (sqlite3_step(s)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_failed(&r->db, err);
	}
}

const char *reader_text(sqlite3_stmt *s, int i)
{
	return (const char *)sqlite3_column_text(s, i);
}

struct bytes reader_blob(sqlite3_stmt *s, int i)
{
	const char *p = sqlite3_column_blob(s, i); /* before its size is asked for */
	return (struct bytes){ p ? p : "", (size_t)sqlite3_column_bytes(s, i) };
}

int reader_odd(const struct store_reader *r, const char *what, const char *found, struct err *err)
{
	return err_set(err, ERR_INVALID, "store %s: %s \"%.40s\" is none that this program knows",
		       r->db.path, what, found ? found : "(none)");
}
