/* read_queued.c - runs that have not begun. */
#include "store/queued.h"

#include "store/reader.h"

#define OF_HOOK "SELECT run, hook, NULL, actor, input, why, at_ms, due_ms, state FROM delivery"
#define OF_SCHEDULE \
	"SELECT waits_as, NULL, schedule, by, NULL, why, recorded_ms, at_ms, state FROM firing"

static const char waiting[] =
    OF_HOOK " WHERE state = 'queued' AND run < coalesce(?1, '~')"
	    " UNION ALL " OF_SCHEDULE " WHERE state = 'queued' AND waits_as < coalesce(?1, '~')"
	    " ORDER BY 1 DESC LIMIT ?2";

static const char beginning[] =
    OF_HOOK " WHERE run >= ?1 AND run < ?1 || '~' AND state IN ('queued', 'cancelled')"
	    " UNION ALL " OF_SCHEDULE " WHERE waits_as >= ?1 AND waits_as < ?1 || '~'"
	    " AND state IN ('queued', 'cancelled')"
	    " ORDER BY 1 DESC LIMIT ?2";

static void read_row(sqlite3_stmt *s, struct queued_row *out)
{
	const char *state = reader_text(s, 8);
	*out = (struct queued_row){
		.run = reader_text(s, 0),
		.hook = reader_text(s, 1),
		.schedule = reader_text(s, 2),
		.actor = reader_text(s, 3),
		.input = reader_text(s, 4),
		.why = reader_text(s, 5),
		.since_ms = sqlite3_column_int64(s, 6),
		.due_ms = sqlite3_column_int64(s, 7),
		.cancelled = state && state[0] == 'c',
	};
}

int store_queued(struct store_reader *r, const struct queued_filter *f, store_queued_fn *fn,
		 void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc = f->run ? reader_query(r, QUERY_WAITING_RUN, beginning, &s, err)
			: reader_query(r, QUERY_WAITING_RUNS, waiting, &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, f->run ? f->run : f->before, err);
	if (rc == 0)
		rc = reader_bind_int(r, s, 2, f->limit ? (int64_t)f->limit : -1, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0) {
		struct queued_row row;
		read_row(s, &row);
		rc = fn(arg, &row);
	}
	reader_done(s);
	return rc;
}
