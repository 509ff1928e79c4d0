/* reader.h - a read-only connection and its statements; the queries are in read_runs.c,
 * read_steps.c, read_firings.c, read_deliveries.c, read_queued.c and read_counts.c. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "base/bytes.h"
#include "store/db.h"
#include "store/store.h"

enum query {
	QUERY_RUNS,
	QUERY_UNFINISHED,
	QUERY_RUN,
	QUERY_RUN_IDS,
	QUERY_SOURCE,
	QUERY_MODULES,
	QUERY_STEPS,
	QUERY_ENDS,
	QUERY_UNSETTLED,
	QUERY_RECOVERED,
	QUERY_INTENTS,
	QUERY_APPROVALS,
	QUERY_VOTES,
	QUERY_SYNCED,
	QUERY_SCHEDULES,
	QUERY_FIRINGS,
	QUERY_QUEUED,
	QUERY_COUNTS,
	QUERY_WAITING_RUN,
	QUERY_WAITING_RUNS,
	QUERY_DELIVERIES,
	QUERY_DELIVERIES_NEWEST,
	QUERY_DELIVERIES_QUEUED,
	QUERY_DELIVERIES_OF_RUN,
	QUERY_DELIVERIES_ALL,
	QUERY_KEY,
	QUERY_COUNT
};

struct store_reader {
	struct db db;
	sqlite3_stmt *v[QUERY_COUNT]; /* prepared when first asked */
};

/* The statement, prepared and without parameters. reader_done once it was read. */
NODISCARD int reader_query(struct store_reader *r, enum query q, const char *sql,
			   sqlite3_stmt **out, struct err *err);
void reader_done(sqlite3_stmt *s);

/* NULL binds NULL. Borrowed until reader_done. */
NODISCARD int reader_bind_text(const struct store_reader *r, sqlite3_stmt *s, int i,
			       const char *text, struct err *err);
NODISCARD int reader_bind_int(const struct store_reader *r, sqlite3_stmt *s, int i, int64_t n,
			      struct err *err);

/* @return 1: a row is there; 0: there are no more; negative: failed */
NODISCARD int reader_next(const struct store_reader *r, sqlite3_stmt *s, struct err *err);

/* Columns of the row, borrowed until the next. Text is NULL where the column is NULL. */
const char *reader_text(sqlite3_stmt *s, int i);
struct bytes reader_blob(sqlite3_stmt *s, int i);

/* What stands in the file is not what this program writes. @return -ERR_INVALID */
int reader_odd(const struct store_reader *r, const char *what, const char *found, struct err *err);

#endif
