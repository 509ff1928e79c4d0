#include "store/write.h"

#include <stdlib.h>
#include <string.h>

/* The parameters are the fields of the row in batch.c, in that order. */
static const char *const statements[OP_COUNT] = {
	[OP_SOURCE] = "INSERT OR IGNORE INTO source(sha256, text) VALUES (?, ?)",
	[OP_RUN] = "INSERT INTO run(id, attempt, state, sha256, options, started_ms, ended_ms,"
		   " deadline_ms, wake_ms, waits_for, deaths, outcome, result, message, traceback,"
		   " path, input, actor, reason, config, key, created_ms)"
		   " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[OP_SET_RUN] = "UPDATE run SET attempt = ?2, state = ?3, sha256 = ?4, options = ?5,"
		       " started_ms = ?6, ended_ms = ?7, deadline_ms = ?8, wake_ms = ?9,"
		       " waits_for = ?10, deaths = ?11, outcome = ?12, result = ?13,"
		       " message = ?14, traceback = ?15 WHERE num = ?1",
	[OP_DEATH] = "UPDATE run SET deaths = deaths + 1"
		     " WHERE id = ? AND state IN ('queued', 'running', 'waiting')",
	[OP_MODULE] = "INSERT OR REPLACE INTO module(run, attempt, name, path, sha256)"
		      " VALUES (?, ?, ?, ?, ?)",
	[OP_STEP] = "INSERT INTO step(run, attempt, path, kind, operation, args, args_hash,"
		    " resource, group_name, token, baseline, begun_ms, until_ms, not_after_ms,"
		    " segment, intent, link, boot, boot_ms)"
		    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[OP_END] = "INSERT INTO step_end(run, attempt, path, kind, operation, args_hash, args,"
		   " outcome, answer, error, begun_ms, ended_ms, intent)"
		   " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[OP_APPROVAL] = "INSERT INTO approval(run, attempt, path, subject, details, asker, needed,"
			" expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[OP_VOTE] =
	    "INSERT INTO vote(run, attempt, path, voter, approve, comment, at_ms, by)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(run, attempt, path, voter) DO UPDATE"
	    " SET approve = excluded.approve, comment = excluded.comment,"
	    " at_ms = excluded.at_ms, by = excluded.by",
	[OP_RECOVERED] =
	    "INSERT OR REPLACE INTO recovered(run, attempt, path, segment, intent, outcome, record)"
	    " SELECT u.run, u.attempt, u.path, ?4, ?5, ?6, ?7 FROM run"
	    " JOIN unsettled u ON u.run = run.num JOIN step s ON s.num = u.step"
	    " WHERE run.id = ?1 AND u.attempt = ?2 AND u.path = ?3 AND s.intent = ?5",
	[OP_SYNCED] = "INSERT INTO segment(name, synced) VALUES (?, ?)"
		      " ON CONFLICT(name) DO UPDATE SET synced = excluded.synced",
	[OP_REMOVE_RUNS] =
	    "DELETE FROM run WHERE num IN (SELECT num FROM run"
	    " WHERE ended_ms > 0 AND ended_ms < ?1"
	    " AND state IN ('done', 'failed', 'cancelled', 'timed_out')"
	    " AND NOT EXISTS (SELECT 1 FROM unsettled u WHERE u.run = run.num) LIMIT 500)",
	[OP_REMOVE_SOURCES] =
	    "DELETE FROM source"
	    " WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.sha256 = source.sha256)"
	    " AND NOT EXISTS (SELECT 1 FROM module m WHERE m.sha256 = source.sha256)",
	[OP_SCHEDULE] =
	    "INSERT INTO schedule(name, cron, zone, options, course, next_ms, missed, failures)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
	    " cron = excluded.cron, zone = excluded.zone, options = excluded.options,"
	    " course = excluded.course, next_ms = excluded.next_ms, missed = excluded.missed,"
	    " failures = excluded.failures",
	[OP_PAUSE] = "INSERT INTO schedule(name, paused_ms, paused_by, paused_why)"
		     " VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
		     " paused_ms = excluded.paused_ms, paused_by = excluded.paused_by,"
		     " paused_why = excluded.paused_why",
	[OP_FIRING] =
	    "INSERT INTO firing(schedule, at_ms, state, run, why, by, recorded_ms, waits_as)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(schedule, at_ms) DO UPDATE SET"
	    " state = excluded.state, run = excluded.run, why = excluded.why,"
	    " by = coalesce(excluded.by, by), recorded_ms = excluded.recorded_ms,"
	    " waits_as = coalesce(excluded.waits_as, waits_as)",
	[OP_QUEUE_FIRING] =
	    "INSERT INTO firing(schedule, at_ms, state, run, why, by, recorded_ms, waits_as)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(schedule, at_ms) DO UPDATE SET"
	    " state = excluded.state, why = excluded.why, by = excluded.by,"
	    " recorded_ms = excluded.recorded_ms, waits_as = excluded.waits_as"
	    " WHERE run IS NULL AND state <> 'queued'",
	[OP_REMOVE_FIRINGS] =
	    "DELETE FROM firing WHERE schedule = ?1 AND state <> 'queued' AND num <="
	    " (SELECT num FROM firing WHERE schedule = ?1 ORDER BY num DESC LIMIT 1 OFFSET ?2)",
	[OP_DELIVERY] = "REPLACE INTO delivery(hook, id, state, run, key, input, actor, why, at_ms,"
			" due_ms, begun_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OP_END_DELIVERY] = "UPDATE delivery SET state = ?2, why = ?3, input = NULL, due_ms = 0"
			    " WHERE run = ?1 AND state = 'queued'",
	[OP_REMOVE_DELIVERIES_BEFORE] =
	    "DELETE FROM delivery WHERE num IN (SELECT num FROM delivery"
	    " WHERE at_ms < ? AND state <> 'queued' LIMIT 5000)",
	[OP_REMOVE_DELIVERIES] =
	    "DELETE FROM delivery WHERE num IN (SELECT num FROM delivery"
	    " WHERE hook = ?1 AND state <> 'queued' AND num <= (SELECT num FROM delivery"
	    " WHERE hook = ?1 ORDER BY num DESC LIMIT 1 OFFSET ?2) LIMIT 5000)",
};

/* ---- runs by number ---- */

static struct known_run *place_of(const struct writer *w, struct bytes id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619u;
	return &w->known[hash % KNOWN_RUNS];
}

static bool is_at(const struct known_run *k, struct bytes id)
{
	return k->id[0] && bytes_eq(bytes_str(k->id), id);
}

static void remember(const struct writer *w, struct bytes id, int64_t num)
{
	struct known_run *k = place_of(w, id);
	if (!id.p || id.n >= sizeof(k->id))
		return;
	memcpy(k->id, id.p, id.n);
	k->id[id.n] = '\0';
	k->num = num;
}

static void forget_all(const struct writer *w)
{
	memset(w->known, 0, KNOWN_RUNS * sizeof(*w->known));
}

static int number_of(const struct writer *w, struct bytes id, int64_t *num, struct err *err)
{
	const struct known_run *k = place_of(w, id);
	if (is_at(k, id)) {
		*num = k->num;
		return 0;
	}
	int rc = 0;
	(void)sqlite3_bind_text(w->find_run, 1, id.p, (int)id.n, SQLITE_STATIC);
	int step = sqlite3_step(w->find_run);
	if (step == SQLITE_ROW)
		*num = sqlite3_column_int64(w->find_run, 0);
	else if (step == SQLITE_DONE)
		rc = err_set(err, ERR_INVALID, "store %s: it has no run %.*s", w->db->path,
			     (int)id.n, id.p);
	else
		rc = db_failed(w->db, err);
	(void)sqlite3_reset(w->find_run);
	if (rc == 0)
		remember(w, id, *num);
	return rc;
}

/* ---- one row ---- */

/* The batch stays as it is until the statement was run, so nothing is copied. */
static int bind(const struct writer *w, sqlite3_stmt *s, int i, const struct field *f,
		struct err *err)
{
	int64_t num = f->n;
	int rc = SQLITE_OK;
	switch (f->type) {
	case FIELD_RUN:
		rc = number_of(w, f->text, &num, err);
		if (rc < 0)
			return rc;
		rc = sqlite3_bind_int64(s, i, num);
		break;
	case FIELD_INT:
		rc = sqlite3_bind_int64(s, i, num);
		break;
	case FIELD_TEXT:
		rc = sqlite3_bind_text(s, i, f->text.p, (int)f->text.n, SQLITE_STATIC);
		break;
	case FIELD_BLOB:
		rc = sqlite3_bind_blob(s, i, f->text.p, (int)f->text.n, SQLITE_STATIC);
		break;
	case FIELD_NULL:
		rc = sqlite3_bind_null(s, i);
		break;
	}
	return rc == SQLITE_OK ? 0 : db_failed(w->db, err);
}

static int apply_row(const struct writer *w, enum store_op op, struct batch_cursor *c,
		     struct err *err)
{
	struct field f, first = { 0 };
	sqlite3_stmt *s = w->v[op];
	int i = 0, rc = 0;
	while (rc == 0 && batch_next_field(c, &f)) {
		if (i == 0)
			first = f;
		rc = bind(w, s, ++i, &f, err);
	}
	if (rc == 0 && sqlite3_step(s) != SQLITE_DONE)
		rc = db_failed(w->db, err);
	(void)sqlite3_reset(s);
	if (rc == 0 && op == OP_RUN)
		remember(w, first.text, sqlite3_last_insert_rowid(w->db->h));
	if (rc == 0 && op == OP_REMOVE_RUNS)
		forget_all(w);
	return rc;
}

/* ---- a batch ---- */

static int run_statement(const struct writer *w, sqlite3_stmt *s, struct err *err)
{
	int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : db_failed(w->db, err);
	(void)sqlite3_reset(s);
	return rc;
}

static int apply_rows(const struct writer *w, const struct store_batch *b, struct err *err)
{
	struct batch_cursor c = batch_begin(b);
	enum store_op op;
	int rc = 0;
	while (rc == 0 && batch_next_row(&c, &op))
		rc = apply_row(w, op, &c, err);
	return rc;
}

int writer_apply(struct writer *w, const struct store_batch *b, struct err *err)
{
	if (b->rows.err)
		return err_set(err, err_code_of(b->rows.err),
			       "store %s: the rows to be written took too much memory",
			       w->db->path);
	int rc = run_statement(w, w->begin, err);
	if (rc < 0)
		return rc;
	rc = apply_rows(w, b, err);
	if (rc == 0)
		rc = run_statement(w, w->commit, err);
	if (rc < 0) {
		(void)run_statement(w, w->rollback, NULL);
		forget_all(w);
	}
	return rc;
}

/* ---- open and close ---- */

int writer_open(struct writer *w, const struct db *db, struct err *err)
{
	*w = (struct writer){ .db = db, .known = calloc(KNOWN_RUNS, sizeof(*w->known)) };
	if (!w->known)
		return err_set(err, ERR_NOMEM, "no memory for the store %s", db->path);
	int rc = db_prepare(db, "SELECT num FROM run WHERE id = ?", &w->find_run, err);
	if (rc == 0)
		rc = db_prepare(db, "BEGIN IMMEDIATE", &w->begin, err);
	if (rc == 0)
		rc = db_prepare(db, "COMMIT", &w->commit, err);
	if (rc == 0)
		rc = db_prepare(db, "ROLLBACK", &w->rollback, err);
	for (size_t i = 0; rc == 0 && i < OP_COUNT; i++)
		rc = db_prepare(db, statements[i], &w->v[i], err);
	return rc;
}

void writer_close(struct writer *w)
{
	for (size_t i = 0; i < OP_COUNT; i++)
		(void)sqlite3_finalize(w->v[i]);
	(void)sqlite3_finalize(w->find_run);
	(void)sqlite3_finalize(w->begin);
	(void)sqlite3_finalize(w->commit);
	(void)sqlite3_finalize(w->rollback);
	free(w->known);
	*w = (struct writer){ 0 };
}
