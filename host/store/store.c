#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/schema.h"
#include "store/write.h"

struct store {
	struct db db;
	struct writer writer;
	char *id;
	bool failed; /* then it is looked at before it is used again */
};

/* ---- open ---- */

static int use_wal(const struct db *db, struct err *err)
{
	int rc = db_exec(db, "PRAGMA journal_mode = WAL", err);
	/* A commit is on the disk before it is reported. */
	if (rc == 0)
		rc = db_exec(db, "PRAGMA synchronous = FULL", err);
	if (rc == 0)
		rc = db_exec(db, "PRAGMA journal_size_limit = 67108864", err);
	return rc;
}

/* Is what SQLite finds in the file as it should be? */
static int check_pages(const struct db *db, struct err *err)
{
	sqlite3_stmt *s;
	int rc = db_prepare(db, "PRAGMA quick_check(1)", &s, err);
	if (rc < 0)
		return rc;
	if (sqlite3_step(s) != SQLITE_ROW) {
		rc = db_failed(db, err);
	} else {
		const char *said = (const char *)sqlite3_column_text(s, 0);
		if (!said || strcmp(said, "ok") != 0)
			rc = err_set(err, ERR_INVALID,
				     "store %s is damaged (%s); move it away to go on without what "
				     "it knows about runs",
				     db->path, said ? said : "no memory");
	}
	(void)sqlite3_finalize(s);
	return rc;
}

static int read_id(struct store *s, struct err *err)
{
	sqlite3_stmt *q;
	int rc = db_prepare(&s->db, "SELECT id FROM store", &q, err);
	if (rc < 0)
		return rc;
	const char *id = NULL;
	if (sqlite3_step(q) == SQLITE_ROW)
		id = (const char *)sqlite3_column_text(q, 0);
	s->id = id ? strdup(id) : NULL;
	if (!s->id)
		rc = db_failed(&s->db, err);
	(void)sqlite3_finalize(q);
	return rc;
}

static int open_store(struct store *s, const char *path, struct err *err)
{
	int64_t clean = 0;
	int rc = db_open(&s->db, path, DB_WRITE, err);
	if (rc == 0)
		rc = use_wal(&s->db, err);
	if (rc == 0)
		rc = schema_migrate(&s->db, err);
	if (rc == 0)
		rc = db_int(&s->db, "SELECT clean FROM store", &clean, err);
	if (rc == 0 && !clean)
		rc = check_pages(&s->db, err);
	if (rc == 0)
		rc = db_exec(&s->db, "UPDATE store SET clean = 0", err);
	if (rc == 0)
		rc = read_id(s, err);
	return rc == 0 ? writer_open(&s->writer, &s->db, err) : rc;
}

int store_open(struct store **out, const char *path, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for the store %s", path);
	int rc = open_store(s, path, err);
	if (rc < 0) {
		s->failed = true;
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	writer_close(&s->writer);
	if (!s->failed)
		(void)sqlite3_exec(s->db.h, "UPDATE store SET clean = 1", NULL, NULL, NULL);
	db_close(&s->db);
	free(s->id);
	free(s);
}

const char *store_id(const struct store *s)
{
	return s->id;
}

/* ---- apply ---- */

int store_apply(struct store *s, const struct store_batch *b, struct err *err)
{
	int rc = writer_apply(&s->writer, b, err);
	s->failed |= rc < 0;
	return rc;
}
