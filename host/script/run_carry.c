/* run_carry.c - runs that the store has: carried on, resumed, tried again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/file.h"
#include "script/observe.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_machine.h"
#include "script/run_wake.h"
#include "script/settle.h"

enum { DEATHS_MAX = 3 };

static struct bytes text_of(const char *s)
{
	return s ? bytes_str(s) : BYTES_LIT("");
}

/* A run as it was started, but for its source. */
static int make(struct run **out, struct runs *runs, const struct run_row *row, const char *id,
		const struct run_listener *listener, struct err *err)
{
	struct run_spec spec = { .path = row->path,
				 .id = id,
				 .attempt = row->attempt,
				 .input = text_of(row->input),
				 .actor = text_of(row->actor),
				 .reason = row->reason,
				 .config = row->config,
				 .listener = *listener };
	struct run_options kept;
	int rc = run_options_read(&spec, &kept, row->options ? row->options : "{}", err);
	if (rc < 0)
		return rc;
	rc = run_new(out, runs, &spec, err);
	run_options_clear(&kept);
	return rc;
}

static void take_times(struct run *r, const struct run_row *row)
{
	struct run_facts *f = &r->facts;
	f->created_ms = row->created_ms;
	f->started_ms = row->started_ms;
	f->deadline_ms = row->deadline_ms;
	f->deaths = row->deaths;
}

static int take_source(struct run *r, const struct run_record *record, enum carry_how how,
		       struct err *err)
{
	if (how == CARRY_RETRY)
		return run_read_source(r, r->facts.path, err);
	return run_set_source(r, (struct bytes){ record->source, record->n_source }, err);
}

/* The run takes over what it replays from. */
static void take_journal(struct run *r, struct run_record *record)
{
	r->journal = record->journal;
	record->journal = NULL;
	r->answer_bytes = journal_bytes(r->journal);
	r->record = record;
}

static int64_t time_left(const struct run *r)
{
	int64_t left = r->facts.deadline_ms - clock_wall_ms();
	if (r->facts.deadline_ms == 0)
		return 0;
	return left > 0 ? left : 1;
}

static void write_down(struct run *r, enum carry_how how)
{
	if (how == CARRY_RETRY)
		observe_run_begun(r);
	if (how != CARRY_WOKEN)
		record_run_start(r, how == CARRY_ON ? "run.resume" : "run.retry");
	rows_run_on(r);
}

int run_carry(struct run **out, struct runs *runs, struct run_record *record,
	      const struct run_listener *listener, enum carry_how how, struct err *err)
{
	struct run *r = NULL;
	bool retry = how == CARRY_RETRY;
	int64_t deadline_ms, now = clock_wall_ms();
	record->row.attempt += retry;
	int rc = make(&r, runs, &record->row, record->row.id, listener, err);
	if (rc == 0)
		rc = take_source(r, record, how, err);
	if (rc == 0)
		rc = rules_run_begin(runs->rules, r, r->source, bytes_str(r->facts.input), err);
	if (rc < 0) {
		if (r)
			run_free(r);
		run_record_free(record);
		return rc;
	}
	deadline_ms = r->facts.deadline_ms; /* counted from now */
	take_times(r, &record->row);
	if (retry) {
		r->facts.started_ms = now;
		r->facts.deadline_ms = deadline_ms;
		r->facts.deaths = 0;
		run_record_free(record);
	} else {
		take_journal(r, record);
	}
	write_down(r, how);
	run_begin(r, time_left(r));
	*out = r;
	return 0;
}

/* ---- while its calls are settled ---- */

int run_stand_in(struct run **out, struct runs *runs, const struct run_record *record,
		 struct err *err)
{
	const struct run_listener nobody = { 0 };
	struct run *r = NULL;
	int rc = make(&r, runs, &record->row, record->row.id, &nobody, err);
	if (rc < 0)
		return rc;
	run_index_remove(&runs->index, &r->key);
	runs->n_awake--;
	r->stand_in = true;
	take_times(r, &record->row);
	rc = run_set_source(r, (struct bytes){ record->source, record->n_source }, err);
	if (rc == 0)
		rc = policy_read_header(&r->tally.header, r->source, r->facts.path, err);
	if (rc < 0) {
		run_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* ---- at the start of a process ---- */

struct finding {
	struct runs *runs;
	struct err *err;
};

static int64_t earlier(int64_t a, int64_t b)
{
	return b > 0 && b < a ? b : a;
}

static int find_one(void *arg, const struct run_row *row)
{
	const struct finding *f = arg;
	int64_t now = clock_wall_ms();
	int64_t wake_ms = row->started_ms; /* what was running goes on in its old order */
	if (run_index_by_id(&f->runs->index, row->id) || settle_why(f->runs->settle, row->id))
		return 0;
	if (row->state == RUN_STATE_WAITING)
		wake_ms = row->wake_ms > 0 ? row->wake_ms : INT64_MAX;
	if (row->started_ms > now) /* the clock was set back: the journal says what it waits for */
		wake_ms = now;
	if (row->key && f->runs->rules &&
	    rules_keep_key(f->runs->rules, row->id, row->key, f->err) < 0)
		return -ERR_NOMEM;
	sleepers_add(f->runs->sleepers, row->id, earlier(wake_ms, row->deadline_ms),
		     &f->runs->carried, SLEEP_OF_OTHERS);
	return 0;
}

static int find_unfinished(void *arg, const struct run_row *row)
{
	return run_state_over(row->state) ? 0 : find_one(arg, row);
}

int runs_carry_on(struct runs *runs, struct err *err)
{
	struct finding f = { runs, err };
	const struct run_filter unfinished = { .states = RUN_STATES_OPEN };
	INVARIANT(runs->store_path && runs->carried.on_end);
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	return reader ? store_runs(reader, &unfinished, find_one, &f, err) : -ERR_IO;
}

int runs_carry_on_one(struct runs *runs, const char *id, struct err *err)
{
	struct finding f = { runs, err };
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	INVARIANT(runs->carried.on_end);
	return reader ? store_run(reader, id, find_unfinished, &f, err) : -ERR_IO;
}

/* ---- by hand ---- */

static int read_record(struct run_record **out, struct runs *runs, const char *id, struct err *err)
{
	if (!runs->store_path)
		return err_set(err, ERR_INVALID, "runs are not kept here");
	if (runs->suspending)
		return err_set(err, ERR_INVALID, "the program is ending");
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	int rc = reader ? run_record_read(out, reader, id, RUN_RECORD_REPLAY, err) : -ERR_IO;
	if (rc < 0)
		return rc;
	const char *unsettled = settle_why(runs->settle, (*out)->row.id);
	if (unsettled)
		rc = err_named(err, ERR_INVALID, SETTLE_OPEN, "%s", unsettled);
	else if (run_index_by_id(&runs->index, (*out)->row.id))
		rc = err_set(err, ERR_INVALID, "run %s goes on already", (*out)->row.id);
	if (rc < 0)
		run_record_free(*out);
	return rc;
}

static int carry(struct runs *runs, struct run_record *record, const struct run_listener *listener,
		 enum carry_how how, struct err *err)
{
	struct run *r = NULL;
	return run_carry(&r, runs, record, listener, how, err);
}

int run_resume(struct runs *runs, const char *id, const struct run_listener *listener,
	       struct err *err)
{
	struct run_record *record = NULL;
	int rc = read_record(&record, runs, id, err);
	if (rc < 0 || !record)
		return rc;
	enum run_state state = record->row.state;
	if (run_state_over(state) && state != RUN_STATE_PARKED) {
		rc = err_named(err, ERR_INVALID, RUN_IS_OVER,
			       "run %s is over (%s): only a retry makes another attempt of it",
			       record->row.id, run_state_name(state));
		run_record_free(record);
		return rc;
	}
	if (state == RUN_STATE_PARKED)
		record->row.deaths = 0; /* a person has looked */
	return carry(runs, record, listener, CARRY_ON, err);
}

int run_retry(struct runs *runs, const char *id, const struct run_listener *listener,
	      struct err *err)
{
	struct run_record *record = NULL;
	int rc = read_record(&record, runs, id, err);
	if (rc < 0 || !record)
		return rc;
	if (!run_state_over(record->row.state)) {
		rc = err_set(err, ERR_INVALID, "run %s is not over (%s): it can be resumed",
			     record->row.id, run_state_name(record->row.state));
		run_record_free(record);
		return rc;
	}
	return carry(runs, record, listener, CARRY_RETRY, err);
}

bool run_died_too_often(const struct run *r)
{
	return r->facts.deaths >= DEATHS_MAX;
}
