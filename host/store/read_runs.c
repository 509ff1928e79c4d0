/* read_runs.c - runs, what they are pinned to, and how far the log was synced. */
#include "store/reader.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

#define RUN_COLUMNS \
	"id, attempt, state, sha256, options, started_ms, ended_ms, deadline_ms, wake_ms," \
	" waits_for, deaths, outcome, result, message, traceback, path, input, actor, reason," \
	" config, key, created_ms"
#define UNFINISHED "state IN ('queued', 'running', 'waiting')"
/* '~' sorts behind all digits of an id */
#define RUN_FILTER " AND id < coalesce(?1, '~') AND (?2 IS NULL OR path = ?2) ORDER BY id DESC"

enum { ID_PREFIX_MIN = 4 };

static int read_run(const struct store_reader *r, sqlite3_stmt *s, struct run_row *out,
		    struct err *err)
{
	*out = (struct run_row){
		.id = reader_text(s, 0),
		.attempt = sqlite3_column_int(s, 1),
		.sha256 = reader_text(s, 3),
		.options = reader_text(s, 4),
		.started_ms = sqlite3_column_int64(s, 5),
		.ended_ms = sqlite3_column_int64(s, 6),
		.deadline_ms = sqlite3_column_int64(s, 7),
		.wake_ms = sqlite3_column_int64(s, 8),
		.waits_for = reader_text(s, 9),
		.deaths = sqlite3_column_int(s, 10),
		.outcome = reader_text(s, 11),
		.result = reader_text(s, 12),
		.message = reader_text(s, 13),
		.traceback = reader_text(s, 14),
		.path = reader_text(s, 15),
		.input = reader_text(s, 16),
		.actor = reader_text(s, 17),
		.reason = reader_text(s, 18),
		.config = reader_text(s, 19),
		.key = reader_text(s, 20),
		.created_ms = sqlite3_column_int64(s, 21),
	};
	const char *state = reader_text(s, 2);
	if (run_state_parse(&out->state, state) < 0)
		return reader_odd(r, "the state of a run", state, err);
	return 0;
}

/* ---- many ---- */

static int give_runs(const struct store_reader *r, sqlite3_stmt *s, const struct run_filter *f,
		     store_run_fn *fn, void *arg, struct err *err)
{
	size_t n = 0;
	int rc;
	while ((f->limit == 0 || n < f->limit) && (rc = reader_next(r, s, err)) != 0) {
		struct run_row row;
		if (rc > 0)
			rc = read_run(r, s, &row, err);
		if (rc < 0)
			return rc;
		if (f->states && !(f->states & 1u << row.state))
			continue;
		rc = fn(arg, &row);
		if (rc != 0)
			return rc;
		n++;
	}
	return 0;
}

int store_runs(struct store_reader *r, const struct run_filter *f, store_run_fn *fn, void *arg,
	       struct err *err)
{
	/* The unfinished have an index: they are few, however many have ended. */
	bool unfinished = f->states && !(f->states & ~(unsigned)RUN_STATES_OPEN);
	sqlite3_stmt *s;
	int rc =
	    unfinished
		? reader_query(r, QUERY_UNFINISHED,
			       "SELECT " RUN_COLUMNS " FROM run WHERE " UNFINISHED RUN_FILTER, &s,
			       err)
		: reader_query(r, QUERY_RUNS,
			       "SELECT " RUN_COLUMNS " FROM run WHERE true" RUN_FILTER, &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, f->before, err);
	if (rc == 0)
		rc = reader_bind_text(r, s, 2, f->path, err);
	if (rc == 0)
		rc = give_runs(r, s, f, fn, arg, err);
	reader_done(s);
	return rc;
}

/* ---- one ---- */

/* How many ids begin like this: 0, 1, or 2 for more. The first of them goes to id. */
static int count_ids(struct store_reader *r, const char *prefix, char id[UUID_SIZE],
		     struct err *err)
{
	sqlite3_stmt *s;
	int n = 0;
	int rc = reader_query(
	    r, QUERY_RUN_IDS,
	    "SELECT id FROM run WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2", &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, prefix, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0) {
		const char *found = reader_text(s, 0);
		if (n++ == 0)
			(void)snprintf(id, UUID_SIZE, "%s", found ? found : "");
		rc = 0;
	}
	reader_done(s);
	return rc < 0 ? rc : n;
}

static int find_id(struct store_reader *r, const char *wanted, char id[UUID_SIZE], struct err *err)
{
	if (strlen(wanted) < ID_PREFIX_MIN)
		return err_set(err, ERR_INVALID,
			       "'%s' is too short for a run's id: give %d characters of it or more",
			       wanted, ID_PREFIX_MIN);
	int n = count_ids(r, wanted, id, err);
	if (n < 0)
		return n;
	if (n == 0)
		return err_named(err, ERR_INVALID, NO_SUCH_RUN, "there is no run '%.60s'", wanted);
	/* A whole id is nobody's beginning but its own. */
	if (n > 1)
		return err_named(err, ERR_INVALID, AMBIGUOUS_RUN,
				 "several runs begin with '%.60s': give more of the id", wanted);
	return 0;
}

int store_run(struct store_reader *r, const char *id, store_run_fn *fn, void *arg, struct err *err)
{
	char whole[UUID_SIZE];
	struct run_row row;
	sqlite3_stmt *s;
	int rc = find_id(r, id, whole, err);
	if (rc != 0)
		return rc;
	rc = reader_query(r, QUERY_RUN, "SELECT " RUN_COLUMNS " FROM run WHERE id = ?1", &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, whole, err);
	if (rc == 0)
		rc = reader_next(r, s, err);
	if (rc == 0) /* removed since it was found */
		rc = err_set(err, ERR_INVALID, "there is no run '%.60s'", id);
	if (rc > 0)
		rc = read_run(r, s, &row, err);
	if (rc == 0)
		rc = fn(arg, &row);
	reader_done(s);
	return rc;
}

/* ---- sources ---- */

int store_source(struct store_reader *r, const char *sha256, void *arg,
		 int (*fn)(void *arg, struct bytes source), struct err *err)
{
	sqlite3_stmt *s;
	int rc =
	    reader_query(r, QUERY_SOURCE, "SELECT text FROM source WHERE sha256 = ?1", &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, sha256, err);
	if (rc == 0)
		rc = reader_next(r, s, err);
	if (rc == 0)
		rc = err_set(err, ERR_INVALID, "store %s: it has no source %.64s", r->db.path,
			     sha256);
	else if (rc > 0)
		rc = fn(arg, reader_blob(s, 0));
	reader_done(s);
	return rc;
}

int store_modules(struct store_reader *r, const char *run, int attempt, store_module_fn *fn,
		  void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_MODULES,
			      "SELECT m.name, m.path, m.sha256, source.text FROM run"
			      " JOIN module m ON m.run = run.num"
			      " JOIN source ON source.sha256 = m.sha256"
			      " WHERE run.id = ?1 AND m.attempt = ?2 ORDER BY m.rowid",
			      &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, run, err);
	if (rc == 0)
		rc = reader_bind_int(r, s, 2, attempt, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0)
		rc = fn(arg, reader_text(s, 0), reader_text(s, 1), reader_text(s, 2),
			reader_blob(s, 3));
	reader_done(s);
	return rc;
}

int store_synced(struct store_reader *r, const char *segment, uint64_t *seq, struct err *err)
{
	sqlite3_stmt *s;
	int rc =
	    reader_query(r, QUERY_SYNCED, "SELECT synced FROM segment WHERE name = ?1", &s, err);
	if (rc < 0)
		return rc;
	*seq = 0;
	rc = reader_bind_text(r, s, 1, segment, err);
	if (rc == 0)
		rc = reader_next(r, s, err);
	if (rc > 0)
		*seq = (uint64_t)sqlite3_column_int64(s, 0);
	reader_done(s);
	return rc > 0 ? 0 : rc;
}
