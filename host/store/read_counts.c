#include "store/counts.h"

#include "store/reader.h"

static uint64_t number(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

/* Those that go on have an index; the parked are found by reading through the runs. */
int store_count(struct store_reader *r, struct store_counts *out, struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(
	    r, QUERY_COUNTS,
	    "SELECT coalesce(sum(state = 'queued'), 0), coalesce(sum(state = 'running'), 0),"
	    " coalesce(sum(state = 'waiting'), 0),"
	    " (SELECT count(*) FROM run WHERE state = 'parked'), (SELECT count(*) FROM unsettled),"
	    " (SELECT count(*) FROM delivery WHERE state = 'queued')"
	    " + (SELECT count(*) FROM firing WHERE state = 'queued')"
	    " FROM run WHERE state IN ('queued', 'running', 'waiting')",
	    &s, err);
	if (rc < 0)
		return rc;
	rc = reader_next(r, s, err);
	if (rc > 0)
		*out = (struct store_counts){ .queued = number(s, 0) + number(s, 5),
					      .running = number(s, 1),
					      .waiting = number(s, 2),
					      .parked = number(s, 3),
					      .unsettled = number(s, 4) };
	reader_done(s);
	return rc < 0 ? rc : 0;
}
