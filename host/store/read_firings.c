/* read_firings.c - schedules, and what became of their instants. */
#include "store/firings.h"

#include "store/names.h"
#include "store/reader.h"

static void read_schedule(sqlite3_stmt *s, struct schedule_row *out)
{
	*out = (struct schedule_row){
		.name = reader_text(s, 0),
		.cron = reader_text(s, 1),
		.zone = reader_text(s, 2),
		.options = reader_text(s, 3),
		.course = reader_text(s, 4),
		.next_ms = sqlite3_column_int64(s, 5),
		.missed = sqlite3_column_int64(s, 6),
		.failures = sqlite3_column_int(s, 7),
		.paused_ms = sqlite3_column_int64(s, 8),
		.paused_by = reader_text(s, 9),
		.paused_why = reader_text(s, 10),
	};
}

int store_schedules(struct store_reader *r, store_schedule_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_SCHEDULES,
			      "SELECT name, cron, zone, options, course, next_ms, missed, failures,"
			      " paused_ms, paused_by, paused_why FROM schedule ORDER BY name",
			      &s, err);
	if (rc < 0)
		return rc;
	while ((rc = reader_next(r, s, err)) > 0) {
		struct schedule_row row;
		read_schedule(s, &row);
		rc = fn(arg, &row);
		if (rc != 0)
			break;
	}
	reader_done(s);
	return rc;
}

static int read_firing(const struct store_reader *r, sqlite3_stmt *s, struct firing_row *out,
		       struct err *err)
{
	*out = (struct firing_row){
		.schedule = reader_text(s, 0),
		.at_ms = sqlite3_column_int64(s, 1),
		.run = reader_text(s, 3),
		.why = reader_text(s, 4),
		.by = reader_text(s, 5),
		.recorded_ms = sqlite3_column_int64(s, 6),
		.run_state = reader_text(s, 7),
		.run_outcome = reader_text(s, 8),
		.run_message = reader_text(s, 9),
		.waits_as = reader_text(s, 10),
	};
	const char *state = reader_text(s, 2);
	return firing_state_parse(&out->state, state) < 0
		   ? reader_odd(r, "the state of a firing", state, err)
		   : 0;
}

#define FIRING_COLUMNS \
	"SELECT f.schedule, f.at_ms, f.state, f.run, f.why, f.by, f.recorded_ms, run.state," \
	" run.outcome, run.message, f.waits_as FROM firing f LEFT JOIN run ON run.id = f.run" \
	" WHERE f.schedule = ?1"

int store_firings(struct store_reader *r, const struct firing_filter *f, store_firing_fn *fn,
		  void *arg, struct err *err)
{
	sqlite3_stmt *s;
	int rc =
	    f->queued
		? reader_query(r, QUERY_QUEUED,
			       FIRING_COLUMNS " AND f.state = 'queued' ORDER BY f.at_ms LIMIT ?2",
			       &s, err)
		: reader_query(r, QUERY_FIRINGS, FIRING_COLUMNS " ORDER BY f.at_ms DESC LIMIT ?2",
			       &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, f->schedule, err);
	if (rc == 0)
		rc = reader_bind_int(r, s, 2, f->limit ? (int64_t)f->limit : -1, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0) {
		struct firing_row row;
		rc = read_firing(r, s, &row, err);
		if (rc == 0)
			rc = fn(arg, &row);
	}
	reader_done(s);
	return rc;
}
