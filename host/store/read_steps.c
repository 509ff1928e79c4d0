/* read_steps.c - steps: beginnings, ends, what is open, and approvals. */
#include "store/reader.h"

#include "store/names.h"

#define STEP_COLUMNS \
	"run.id, s.attempt, s.path, s.kind, s.operation, s.args, s.args_hash, s.resource," \
	" s.group_name, s.token, s.baseline, s.begun_ms, s.until_ms, s.not_after_ms, s.segment," \
	" s.intent, s.link, s.boot, s.boot_ms"

static int read_step(const struct store_reader *r, sqlite3_stmt *s, struct step_row *out,
		     struct err *err)
{
	*out = (struct step_row){
		.run = reader_text(s, 0),
		.attempt = sqlite3_column_int(s, 1),
		.path = reader_text(s, 2),
		.operation = reader_text(s, 4),
		.args = reader_text(s, 5),
		.args_hash = reader_text(s, 6),
		.resource = reader_text(s, 7),
		.group = reader_text(s, 8),
		.token = reader_text(s, 9),
		.baseline = reader_text(s, 10),
		.begun_ms = sqlite3_column_int64(s, 11),
		.until_ms = sqlite3_column_int64(s, 12),
		.not_after_ms = sqlite3_column_int64(s, 13),
		.segment = reader_text(s, 14),
		.intent = (uint64_t)sqlite3_column_int64(s, 15),
		.link = sqlite3_column_int(s, 16),
		.boot = reader_text(s, 17),
		.boot_ms = sqlite3_column_int64(s, 18),
	};
	const char *kind = reader_text(s, 3);
	return step_kind_parse(&out->kind, kind) < 0
		   ? reader_odd(r, "the kind of a step", kind, err)
		   : 0;
}

static int give_steps(const struct store_reader *r, sqlite3_stmt *s, store_step_fn *fn, void *arg,
		      struct err *err)
{
	int rc;
	while ((rc = reader_next(r, s, err)) > 0) {
		struct step_row row;
		rc = read_step(r, s, &row, err);
		if (rc == 0)
			rc = fn(arg, &row);
		if (rc != 0)
			break;
	}
	return rc;
}

/* A query about a run and one of its attempts, 0: all. */
static int query_run(struct store_reader *r, enum query q, const char *sql, const char *run,
		     int attempt, sqlite3_stmt **out, struct err *err)
{
	int rc = reader_query(r, q, sql, out, err);
	if (rc == 0)
		rc = reader_bind_text(r, *out, 1, run, err);
	return rc == 0 ? reader_bind_int(r, *out, 2, attempt, err) : rc;
}

int store_steps(struct store_reader *r, const char *run, int attempt, store_step_fn *fn, void *arg,
		struct err *err)
{
	sqlite3_stmt *s;
	int rc = query_run(r, QUERY_STEPS,
			   "SELECT " STEP_COLUMNS " FROM run JOIN step s ON s.run = run.num"
			   " WHERE run.id = ?1 AND (?2 = 0 OR s.attempt = ?2) ORDER BY s.num",
			   run, attempt, &s, err);
	if (rc < 0)
		return rc;
	rc = give_steps(r, s, fn, arg, err);
	reader_done(s);
	return rc;
}

int store_unsettled(struct store_reader *r, store_step_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc =
	    reader_query(r, QUERY_UNSETTLED,
			 "SELECT " STEP_COLUMNS " FROM unsettled u JOIN step s ON s.num = u.step"
			 " JOIN run ON run.num = u.run ORDER BY s.num",
			 &s, err);
	if (rc < 0)
		return rc;
	rc = give_steps(r, s, fn, arg, err);
	reader_done(s);
	return rc;
}

int store_intents(struct store_reader *r, int64_t since_ms, store_step_fn *fn, void *arg,
		  struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_INTENTS,
			      "SELECT " STEP_COLUMNS " FROM step s JOIN run ON run.num = s.run"
			      " WHERE s.kind = 'call' AND s.begun_ms >= ?1"
			      " GROUP BY s.run, s.attempt, s.path, s.link HAVING s.num = min(s.num)"
			      " ORDER BY s.begun_ms, s.num",
			      &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_int(r, s, 1, since_ms, err);
	if (rc == 0)
		rc = give_steps(r, s, fn, arg, err);
	reader_done(s);
	return rc;
}

/* ---- ends ---- */

static int read_end(const struct store_reader *r, sqlite3_stmt *s, struct step_end *out,
		    struct err *err)
{
	*out = (struct step_end){
		.run = reader_text(s, 0),
		.attempt = sqlite3_column_int(s, 1),
		.path = reader_text(s, 2),
		.operation = reader_text(s, 4),
		.args_hash = reader_text(s, 5),
		.args = reader_text(s, 6),
		.outcome = reader_text(s, 7),
		.answer = reader_text(s, 8),
		.error = reader_text(s, 9),
		.begun_ms = sqlite3_column_int64(s, 10),
		.ended_ms = sqlite3_column_int64(s, 11),
		.intent = (uint64_t)sqlite3_column_int64(s, 12),
	};
	const char *kind = reader_text(s, 3);
	return step_kind_parse(&out->kind, kind) < 0
		   ? reader_odd(r, "the kind of a step", kind, err)
		   : 0;
}

int store_ends(struct store_reader *r, const char *run, int attempt, store_end_fn *fn, void *arg,
	       struct err *err)
{
	sqlite3_stmt *s;
	int rc = query_run(r, QUERY_ENDS,
			   "SELECT run.id, e.attempt, e.path, e.kind, e.operation, e.args_hash,"
			   " e.args, e.outcome, e.answer, e.error, e.begun_ms, e.ended_ms, e.intent"
			   " FROM run JOIN step_end e ON e.run = run.num"
			   " WHERE run.id = ?1 AND (?2 = 0 OR e.attempt = ?2) ORDER BY e.num",
			   run, attempt, &s, err);
	if (rc < 0)
		return rc;
	while ((rc = reader_next(r, s, err)) > 0) {
		struct step_end row;
		rc = read_end(r, s, &row, err);
		if (rc == 0)
			rc = fn(arg, &row);
		if (rc != 0)
			break;
	}
	reader_done(s);
	return rc;
}

int store_recovered(struct store_reader *r, const char *run, store_recovered_fn *fn, void *arg,
		    struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_RECOVERED,
			      "SELECT run.id, c.attempt, c.path, c.segment, c.intent, c.outcome,"
			      " c.record FROM recovered c JOIN run ON run.num = c.run"
			      " WHERE ?1 IS NULL OR run.id = ?1 ORDER BY c.segment, c.intent",
			      &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, run, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0)
		rc =
		    fn(arg, &(struct recovered_row){ .run = reader_text(s, 0),
						     .attempt = sqlite3_column_int(s, 1),
						     .path = reader_text(s, 2),
						     .segment = reader_text(s, 3),
						     .intent = (uint64_t)sqlite3_column_int64(s, 4),
						     .outcome = reader_text(s, 5),
						     .record = reader_text(s, 6) });
	reader_done(s);
	return rc;
}

/* ---- approvals ---- */

static const char approvals_sql[] =
    "SELECT run.id, a.attempt, a.path, a.subject, a.details, a.asker, a.needed, a.expires_ms"
    " FROM approval a JOIN run ON run.num = a.run"
    " WHERE CASE WHEN ?1 IS NOT NULL THEN run.id = ?1"
    "  ELSE run.state IN ('queued', 'running', 'waiting') AND run.attempt = a.attempt"
    "   AND NOT EXISTS (SELECT 1 FROM step_end e WHERE e.run = a.run"
    "    AND e.attempt = a.attempt AND e.path = a.path AND e.kind = 'approval') END"
    " ORDER BY a.num";

int store_approvals(struct store_reader *r, const char *run, store_approval_fn *fn, void *arg,
		    struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_APPROVALS, approvals_sql, &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, run, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0)
		rc = fn(arg, &(struct approval_row){ .run = reader_text(s, 0),
						     .attempt = sqlite3_column_int(s, 1),
						     .path = reader_text(s, 2),
						     .subject = reader_text(s, 3),
						     .details = reader_text(s, 4),
						     .asker = reader_text(s, 5),
						     .needed = sqlite3_column_int(s, 6),
						     .expires_ms = sqlite3_column_int64(s, 7) });
	reader_done(s);
	return rc;
}

int store_votes(struct store_reader *r, const char *run, int attempt, const char *path,
		store_vote_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc =
	    query_run(r, QUERY_VOTES,
		      "SELECT run.id, v.attempt, v.path, v.voter, v.approve, v.comment, v.at_ms,"
		      " v.by"
		      " FROM run JOIN vote v ON v.run = run.num"
		      " WHERE run.id = ?1 AND v.attempt = ?2 AND v.path = ?3 ORDER BY v.num",
		      run, attempt, &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 3, path, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0)
		rc = fn(arg, &(struct vote_row){ .run = reader_text(s, 0),
						 .attempt = sqlite3_column_int(s, 1),
						 .path = reader_text(s, 2),
						 .voter = reader_text(s, 3),
						 .approve = sqlite3_column_int(s, 4) != 0,
						 .comment = reader_text(s, 5),
						 .at_ms = sqlite3_column_int64(s, 6),
						 .by = reader_text(s, 7) });
	reader_done(s);
	return rc;
}
