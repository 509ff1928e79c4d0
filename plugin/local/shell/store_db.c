#include "local/shell/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x72627366 /* "rbsf" */, COPY_PATH_MAX = 4096 };

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE record(region TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,"
    " json BLOB NOT NULL, PRIMARY KEY (region, kind, key)) STRICT;"
    "PRAGMA application_id = 1919054694;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static const char put_sql[] = "INSERT INTO record(region, kind, key, json) VALUES(?1, ?2, ?3, ?4)"
			      " ON CONFLICT(region, kind, key) DO UPDATE SET json = excluded.json";
static const char delete_sql[] = "DELETE FROM record WHERE region = ?1 AND kind = ?2 AND key = ?3";

struct store_db {
	sqlite3 *db;
	sqlite3_stmt *put, *remove;
	char *path;
};

static int failed(const struct store_db *d, struct err *err)
{
	return err_set(err, ERR_IO, "the store '%s': %s", d->path, sqlite3_errmsg(d->db));
}

static int execute(struct store_db *d, const char *sql, struct err *err)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(d, err);
}

static int pragma(struct store_db *d, const char *sql, int64_t *value, struct err *err)
{
	sqlite3_stmt *s;
	int rc = 0;
	if (sqlite3_prepare_v2(d->db, sql, -1, &s, NULL) != SQLITE_OK)
		return failed(d, err);
	if (sqlite3_step(s) == SQLITE_ROW)
		*value = sqlite3_column_int64(s, 0);
	else
		rc = failed(d, err);
	(void)sqlite3_finalize(s);
	return rc;
}

/* A new file gets the schema; one of another program or of a later version is refused. */
static int check_schema(struct store_db *d, struct err *err)
{
	int64_t id = 0, version = 0, tables = 0;
	int rc = pragma(d, "PRAGMA application_id", &id, err);
	if (!rc)
		rc = pragma(d, "PRAGMA user_version", &version, err);
	if (!rc)
		rc = pragma(d, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (rc)
		return rc;
	if (id == 0 && version == 0 && tables == 0)
		return execute(d, schema, err);
	if (id != APPLICATION_ID)
		return err_set(err, ERR_IO, "'%s' is a database, but not one of the local engine",
			       d->path);
	if (version > STORE_SCHEMA_VERSION)
		return err_set(
		    err, ERR_IO,
		    "the store '%s' has schema version %lld, this program knows versions "
		    "up to %d: it was written by a newer one",
		    d->path, (long long)version, STORE_SCHEMA_VERSION);
	return 0;
}

static int prepare(struct store_db *d, struct err *err)
{
	if (sqlite3_prepare_v3(d->db, put_sql, -1, SQLITE_PREPARE_PERSISTENT, &d->put, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v3(d->db, delete_sql, -1, SQLITE_PREPARE_PERSISTENT, &d->remove,
			       NULL) != SQLITE_OK)
		return failed(d, err);
	return 0;
}

static int open_file(struct store_db *d, struct err *err)
{
	mode_t before = umask(0077);
	int rc = sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	(void)umask(before);
	if (rc != SQLITE_OK)
		return err_set(err, ERR_IO, "cannot open the store '%s': %s", d->path,
			       d->db ? sqlite3_errmsg(d->db) : "out of memory");
	rc = execute(d, "PRAGMA journal_mode = WAL", err);
	if (!rc)
		rc = execute(d, "PRAGMA synchronous = FULL", err);
	if (!rc)
		rc = check_schema(d, err);
	return rc ? rc : prepare(d, err);
}

int store_db_open(struct store_db **out, const char *path, struct err *err)
{
	struct store_db *d = calloc(1, sizeof(*d));
	*out = NULL;
	if (!d || !(d->path = strdup(path))) {
		free(d);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	int rc = open_file(d, err);
	if (rc)
		store_db_close(d);
	else
		*out = d;
	return rc;
}

void store_db_close(struct store_db *d)
{
	if (!d)
		return;
	(void)sqlite3_finalize(d->put);
	(void)sqlite3_finalize(d->remove);
	(void)sqlite3_close(d->db);
	free(d->path);
	free(d);
}

static const char *text_of(sqlite3_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s, column);
	return text ? (const char *)text : "";
}

int store_db_load(struct store_db *d, store_load_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc = 0, step;
	if (sqlite3_prepare_v2(d->db, "SELECT region, kind, key, json FROM record", -1, &s, NULL) !=
	    SQLITE_OK)
		return failed(d, err);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && !rc) {
		const char *json = sqlite3_column_blob(s, 3);
		struct engine_record r = { .kind = text_of(s, 1), .key = text_of(s, 2) };
		r.json = (struct bytes){ json ? json : "", (size_t)sqlite3_column_bytes(s, 3) };
		rc = fn(arg, text_of(s, 0), &r, err);
	}
	if (!rc && step != SQLITE_DONE)
		rc = failed(d, err);
	(void)sqlite3_finalize(s);
	return rc;
}

static bool bind_text(sqlite3_stmt *s, int n, const char *text)
{
	return sqlite3_bind_text(s, n, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static int write_row(struct store_db *d, const struct batch *b, const struct batch_row *row,
		     struct err *err)
{
	const char *p = b->bytes.p;
	sqlite3_stmt *s = row->gone ? d->remove : d->put;
	bool ok = bind_text(s, 1, p + row->region) && bind_text(s, 2, p + row->kind) &&
		  bind_text(s, 3, p + row->key);
	if (ok && !row->gone)
		ok = sqlite3_bind_blob64(s, 4, p + row->json, row->json_n, SQLITE_STATIC) ==
		     SQLITE_OK;
	ok = ok && sqlite3_step(s) == SQLITE_DONE;
	int rc = ok ? 0 : failed(d, err);
	(void)sqlite3_reset(s);
	return rc;
}

int store_db_write(struct store_db *d, const struct batch *b, struct err *err)
{
	int rc = execute(d, "BEGIN IMMEDIATE", err);
	if (rc)
		return rc;
	if (b->erase)
		rc = execute(d, "DELETE FROM record", err);
	for (size_t i = 0; i < b->n && !rc; i++)
		rc = write_row(d, b, &b->rows[i], err);
	if (!rc)
		rc = execute(d, "COMMIT", err);
	if (rc)
		(void)execute(d, "ROLLBACK", NULL);
	return rc;
}

/* The file DIR/engine.db, empty: SQLite copies into it, and nobody else can read it. */
static int make_copy(char path[COPY_PATH_MAX], const char *dir, struct err *err)
{
	int n = snprintf(path, COPY_PATH_MAX, "%s/engine.db", dir);
	if (n < 0 || n >= COPY_PATH_MAX)
		return err_set(err, ERR_INVALID, "the path of the snapshot is too long");
	int fd = -1;
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, errno == EEXIST ? ERR_INVALID : ERR_IO,
			       "cannot create the snapshot '%.300s': %s", path, strerror(errno));
	(void)close(fd);
	return 0;
}

int store_db_copy(struct store_db *d, const char *dir, struct err *err)
{
	char path[COPY_PATH_MAX];
	sqlite3_stmt *s;
	int rc = make_copy(path, dir, err);
	if (rc)
		return rc;
	if (sqlite3_prepare_v2(d->db, "VACUUM INTO ?1", -1, &s, NULL) != SQLITE_OK)
		return failed(d, err);
	if (!bind_text(s, 1, path) || sqlite3_step(s) != SQLITE_DONE)
		rc = err_set(err, ERR_IO, "the snapshot '%.300s': %s", path, sqlite3_errmsg(d->db));
	(void)sqlite3_finalize(s);
	if (rc)
		(void)unlink(path);
	return rc;
}
