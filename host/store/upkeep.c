#include "store/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/whole.h"
#include "store/db.h"
#include "store/schema.h"

enum { LINE_SIZE = 400 };

static int open_to_look(struct db *db, const char *path, struct err *err)
{
	int version;
	int rc = db_open(db, path, DB_READ, err);
	return rc < 0 ? rc : schema_check(db, &version, err);
}

/* ---- backup ---- */

static int create_new(const char *to, struct err *err)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		return close(fd) == 0 ? 0 : err_set(err, ERR_IO, "%s: %s", to, strerror(errno));
	if (errno == EEXIST)
		return err_set(err, ERR_INVALID,
			       "%s is there already; a backup goes into a new file", to);
	return err_set(err, ERR_IO, "cannot create %s: %s", to, strerror(errno));
}

/* In one step, so that it is of one moment: with WAL, who writes does not wait for it. */
static int copy_pages(const struct db *from, const struct db *to, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to->h, "main", from->h, "main");
	if (!b)
		return db_failed(to, err);
	int step = sqlite3_backup_step(b, -1);
	int end = sqlite3_backup_finish(b);
	return step == SQLITE_DONE && end == SQLITE_OK ? 0 : db_failed(to, err);
}

/* A copy is a file of its own: without WAL files beside it, so that it can be moved. */
static int finish_copy(const struct db *to, struct err *err)
{
	int64_t bad = 0;
	int rc = db_exec(to, "PRAGMA journal_mode = DELETE", err);
	if (rc == 0)
		rc = db_int(to,
			    "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'",
			    &bad, err);
	return rc == 0 && bad ? err_set(err, ERR_INVALID, "%s: the copy is damaged", to->path) : rc;
}

static int copy_into(const struct db *from, const char *to, struct err *err)
{
	struct db copy = { 0 };
	int rc = db_open(&copy, to, DB_WRITE, err);
	if (rc == 0)
		rc = copy_pages(from, &copy, err);
	if (rc == 0)
		rc = finish_copy(&copy, err);
	db_close(&copy);
	return rc < 0 ? rc : sync_folder_of(to, err);
}

int store_backup(const char *path, const char *to, struct err *err)
{
	struct db from = { 0 };
	int rc = open_to_look(&from, path, err);
	if (rc == 0)
		rc = create_new(to, err);
	if (rc == 0) {
		rc = copy_into(&from, to, err);
		if (rc < 0)
			(void)unlink(to);
	}
	db_close(&from);
	return rc;
}

/* ---- check ---- */

static int each_row(const struct db *db, const char *sql, store_problem_fn *fn, void *arg,
		    struct err *err)
{
	sqlite3_stmt *s;
	int code, rc = db_prepare(db, sql, &s, err);
	if (rc < 0)
		return rc;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		char line[LINE_SIZE];
		const char *text = (const char *)sqlite3_column_text(s, 0);
		(void)snprintf(line, sizeof(line), "%s", text ? text : "no memory");
		for (char *p = line; *p; p++)
			if ((unsigned char)*p < ' ')
				*p = ' ';
		fn(arg, line);
	}
	if (code != SQLITE_DONE)
		rc = db_failed(db, err);
	(void)sqlite3_finalize(s);
	return rc;
}

int store_check(const char *path, store_problem_fn *fn, void *arg, struct err *err)
{
	struct db db = { 0 };
	int rc = open_to_look(&db, path, err);
	if (rc == 0)
		rc = each_row(&db,
			      "SELECT integrity_check FROM pragma_integrity_check(100)"
			      " WHERE integrity_check <> 'ok'",
			      fn, arg, err);
	if (rc == 0)
		rc = each_row(
		    &db,
		    "SELECT 'row ' || rowid || ' of ' || \"table\" || ' refers to a row of '"
		    " || parent || ' that is not there'"
		    " FROM pragma_foreign_key_check LIMIT 100",
		    fn, arg, err);
	db_close(&db);
	return rc;
}

/* ---- count ---- */

int store_count_ended(const char *path, int64_t before_ms, int64_t *runs, struct err *err)
{
	char sql[300];
	struct db db = { 0 };
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM run WHERE ended_ms > 0 AND ended_ms < %lld"
		       " AND state IN ('done', 'failed', 'cancelled', 'timed_out')"
		       " AND NOT EXISTS (SELECT 1 FROM unsettled u WHERE u.run = run.num)",
		       (long long)before_ms);
	int rc = open_to_look(&db, path, err);
	if (rc == 0)
		rc = db_int(&db, sql, runs, err);
	db_close(&db);
	return rc;
}
