/* read_deliveries.c - deliveries of webhooks, and the store's own key. */
#include "store/deliveries.h"

#include <stdio.h>

#include "store/names.h"
#include "store/reader.h"

static int read_row(const struct store_reader *r, sqlite3_stmt *s, struct delivery_row *out,
		    struct err *err)
{
	*out = (struct delivery_row){
		.hook = reader_text(s, 0),
		.id = reader_text(s, 1),
		.run = reader_text(s, 3),
		.key = reader_text(s, 4),
		.input = reader_text(s, 5),
		.actor = reader_text(s, 6),
		.why = reader_text(s, 7),
		.at_ms = sqlite3_column_int64(s, 8),
		.due_ms = sqlite3_column_int64(s, 9),
		.begun_ms = sqlite3_column_int64(s, 10),
	};
	const char *state = reader_text(s, 2);
	return delivery_state_parse(&out->state, state) < 0
		   ? reader_odd(r, "the state of a delivery", state, err)
		   : 0;
}

#define DELIVERY_COLUMNS \
	"SELECT hook, id, state, run, key, input, actor, why, at_ms, due_ms, begun_ms" \
	" FROM delivery"

struct asked {
	enum query query;
	const char *sql, *by; /* its first parameter */
};

static struct asked asked_for(const struct delivery_filter *f)
{
	if (f->run)
		return (struct asked){ QUERY_DELIVERIES_OF_RUN,
				       DELIVERY_COLUMNS " WHERE run = ?1 ORDER BY num LIMIT ?2",
				       f->run };
	if (f->queued)
		return (struct asked){ QUERY_DELIVERIES_QUEUED,
				       DELIVERY_COLUMNS " WHERE state = 'queued' AND"
							" (?1 IS NULL OR hook = ?1)"
							" ORDER BY num LIMIT ?2",
				       f->hook };
	if (!f->hook)
		return (struct asked){ QUERY_DELIVERIES_ALL,
				       DELIVERY_COLUMNS
				       " WHERE ?1 IS NULL ORDER BY num DESC LIMIT ?2",
				       NULL };
	if (f->newest)
		return (struct asked){ QUERY_DELIVERIES_NEWEST,
				       DELIVERY_COLUMNS
				       " WHERE hook = ?1 ORDER BY num DESC LIMIT ?2",
				       f->hook };
	return (struct asked){ QUERY_DELIVERIES,
			       DELIVERY_COLUMNS " WHERE hook = ?1 ORDER BY num LIMIT ?2", f->hook };
}

int store_deliveries(struct store_reader *r, const struct delivery_filter *f, store_delivery_fn *fn,
		     void *arg, struct err *err)
{
	sqlite3_stmt *s;
	const struct asked a = asked_for(f);
	int rc = reader_query(r, a.query, a.sql, &s, err);
	if (rc < 0)
		return rc;
	rc = reader_bind_text(r, s, 1, a.by, err);
	if (rc == 0)
		rc = reader_bind_int(r, s, 2, f->limit ? (int64_t)f->limit : -1, err);
	while (rc == 0 && (rc = reader_next(r, s, err)) > 0) {
		struct delivery_row row;
		rc = read_row(r, s, &row, err);
		if (rc == 0)
			rc = fn(arg, &row);
	}
	reader_done(s);
	return rc;
}

int store_key(struct store_reader *r, char out[STORE_KEY_SIZE], struct err *err)
{
	sqlite3_stmt *s;
	int rc = reader_query(r, QUERY_KEY, "SELECT secret FROM store", &s, err);
	if (rc < 0)
		return rc;
	rc = reader_next(r, s, err);
	const char *key = rc > 0 ? reader_text(s, 0) : NULL;
	if (rc >= 0)
		rc = key ? 0 : reader_odd(r, "the key", key, err);
	if (rc == 0)
		(void)snprintf(out, STORE_KEY_SIZE, "%s", key);
	reader_done(s);
	return rc;
}
