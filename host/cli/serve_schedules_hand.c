/* serve_schedules_hand.c - what people do with schedules: pause, resume, fire, backfill. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/serve_firing.h"
#include "cli/serve_run.h"
#include "commit/commit.h"

static int no_such(const char *name, struct err *err)
{
	return err_named(err, ERR_INVALID, "NoSuchSchedule", "there is no schedule '%.60s'", name);
}

/* ---- pauses ---- */

void firings_note_pause(struct host *h, const char *name, int64_t since_ms, const char *actor,
			const char *why)
{
	struct buf m = BUF_INIT((size_t)1 << 20);
	buf_adds(&m, "\"schedule\":");
	json_write_string(&m, bytes_str(name));
	buf_adds(&m, ",\"actor\":");
	buf_adds(&m, actor);
	if (why) {
		buf_adds(&m, ",\"reason\":");
		json_write_string(&m, bytes_str(why));
	}
	(void)commit_append(h->committer, since_ms ? "schedule.pause" : "schedule.resume",
			    buf_bytes(&m), NULL, NULL);
	buf_clear(&m);
	store_set_pause(commit_store(h->committer),
			&(struct schedule_row){ .name = name,
						.paused_ms = since_ms,
						.paused_by = since_ms ? actor : NULL,
						.paused_why = since_ms ? why : NULL });
}

int firings_pause(struct firings *fs, const char *name, const char *actor, const char *why,
		  struct err *err)
{
	struct firing *f = firings_find(fs, name);
	if (!f)
		return no_such(name, err);
	if (f->paused_ms)
		return err_named(err, ERR_INVALID, "AlreadyPaused", "%.60s is paused already",
				 name);
	firing_pause(f, actor, why);
	return 0;
}

int firings_resume(struct firings *fs, const char *name, const char *actor, struct err *err)
{
	struct firing *f = firings_find(fs, name);
	if (!f)
		return no_such(name, err);
	if (!f->paused_ms)
		return err_named(err, ERR_INVALID, "NotPaused", "%.60s is not paused", name);
	f->paused_ms = 0;
	f->failures = 0;
	schedule_pause(f->timer, false);
	firings_note_pause(&fs->serve->host, name, 0, actor, NULL);
	firing_save(f);
	const struct log_about about = serve_about(&f->c->start, NULL);
	serve_say(fs->serve, LOG_INFO, &about, "resumed");
	return 0;
}

/* ---- now ---- */

/* Between two instants of an expression: those are whole seconds. */
static int64_t own_instant(struct firings *fs)
{
	int64_t now = clock_wall_ms();
	if (now <= fs->last_hand_ms)
		now = fs->last_hand_ms + 1;
	now += now % 1000 == 0;
	fs->last_hand_ms = now;
	return now;
}

int firings_fire(struct firings *fs, const char *name, const char *actor, cJSON **answer,
		 struct err *err)
{
	struct firing *f = firings_find(fs, name);
	struct firing_fate fate = { 0 };
	if (!f)
		return no_such(name, err);
	if (!fs->schedules)
		return err_named(err, ERR_INVALID, "Stopping", "serve is stopping");
	firing_due(f, own_instant(fs), actor, &fate);
	cJSON *o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "state", firing_state_name(fate.state));
	if (fate.run[0])
		(void)cJSON_AddStringToObject(o, "run", fate.run);
	if (fate.state != FIRING_STARTED)
		(void)cJSON_AddStringToObject(o, "why", fate.why);
	*answer = o;
	return 0;
}

/* ---- the past ---- */

struct backfill {
	struct firings *all; /* NULL: it has gone */
	struct firing *f;
	char *by;
	int64_t recorded_ms; /* with by: which rows are its own */
	size_t n;
	firings_done_fn *done;
	void *arg;
};

static void end_backfill(struct backfill *b, const struct err *err)
{
	if (b->all)
		b->all->backfill = NULL;
	b->done(b->arg, b->n, err);
	free(b->by);
	free(b);
}

void firings_forget_backfill(struct firings *fs)
{
	struct backfill *b = fs->backfill;
	struct err err = { 0 };
	if (!b)
		return;
	fs->backfill = NULL;
	b->all = NULL; /* the committer still has it */
	(void)err_named(&err, ERR_CANCELLED, "Stopping", "serve is stopping");
	b->done(b->arg, 0, &err);
}

static int take_own(void *arg, const struct firing_row *row)
{
	struct backfill *b = arg;
	if (row->recorded_ms != b->recorded_ms || !row->by || strcmp(row->by, b->by) != 0)
		return 0;
	b->n++;
	return firing_wait(b->f, row->at_ms, row->by, row->waits_as);
}

/* The store has decided which instants were free; a pause may have begun meanwhile. */
static int take_queued(struct backfill *b, struct err *err)
{
	struct store_reader *reader = NULL;
	const struct firing_filter queued = { .schedule = b->f->c->start.name, .queued = true };
	int rc = store_reader_open(&reader, b->all->serve->host.store, err);
	if (rc == 0)
		rc = store_firings(reader, &queued, take_own, b, err);
	store_reader_close(reader);
	if (b->f->paused_ms)
		firing_skip_waiting(b->f, "it was paused");
	return rc;
}

static void on_written(void *arg, const struct err *failed)
{
	struct backfill *b = arg;
	struct err err = *failed;
	if (!b->all) {
		free(b->by);
		free(b);
		return;
	}
	struct firings *fs = b->all;
	if (!err.code && fs->schedules)
		(void)take_queued(b, &err);
	end_backfill(b, &err);
	firings_start_waiting(fs);
}

/* @return how many instants there are, or -ERR_LIMIT */
static int queue_rows(const struct backfill *b, const struct firings_span *span)
{
	const struct firing *f = b->f;
	size_t n = f->n_queue;
	int64_t at = span->from_ms - 1;
	int rows = 0;
	while ((at = schedule_rule_next(&f->c->rule, at)) <= span->to_ms) {
		if (n++ >= FIRINGS_QUEUE_MAX)
			return -ERR_LIMIT;
		rows++;
	}
	at = span->from_ms - 1;
	while ((at = schedule_rule_next(&f->c->rule, at)) <= span->to_ms) {
		char run[RUN_ID_SIZE];
		uuid_v7(run, b->recorded_ms);
		store_queue_firing(commit_store(b->all->serve->host.committer),
				   &(struct firing_row){ .schedule = f->c->start.name,
							 .at_ms = at,
							 .state = FIRING_QUEUED,
							 .waits_as = run,
							 .why = "waits for its turn of a backfill",
							 .by = b->by,
							 .recorded_ms = b->recorded_ms });
	}
	return rows;
}

static int check_span(const struct firing *f, const struct firings_span *span, struct err *err)
{
	if (f->paused_ms)
		return err_named(err, ERR_INVALID, "Paused", "%.60s is paused: resume it first",
				 f->c->start.name);
	if (f->all->changing)
		return err_named(err, ERR_INVALID, "Busy", "the configuration is being reloaded");
	if (f->all->backfill)
		return err_named(err, ERR_INVALID, "Busy", "another backfill is being queued");
	if (span->from_ms > span->to_ms || span->to_ms > clock_wall_ms() ||
	    span->to_ms >= schedule_next(f->timer))
		return err_named(err, ERR_INVALID, "InvalidRequest",
				 "expected a time in the past, with its beginning before its end");
	return 0;
}

static struct backfill *new_backfill(struct firing *f, const char *actor, struct err *err)
{
	struct backfill *b = calloc(1, sizeof(*b));
	struct buf text = BUF_INIT((size_t)1 << 20);
	cJSON *who = json_parse(bytes_str(actor), NULL);
	(void)cJSON_AddTrueToObject(who, "backfill");
	json_write(&text, who);
	cJSON_Delete(who);
	char *by = text.err ? NULL : text.p; /* for free() */
	if (!b || !by) {
		free(b);
		free(by);
		(void)err_named(err, ERR_NOMEM, "OutOfMemory", "no memory for a backfill");
		return NULL;
	}
	*b = (struct backfill){ .all = f->all, .f = f, .by = by, .recorded_ms = clock_wall_ms() };
	return b;
}

int firings_backfill(struct firings *fs, const char *name, const struct firings_span *span,
		     const char *actor, firings_done_fn *done, void *arg, struct err *err)
{
	struct firing *f = firings_find(fs, name);
	if (!f)
		return no_such(name, err);
	int rc = fs->schedules ? check_span(f, span, err)
			       : err_named(err, ERR_INVALID, "Stopping", "serve is stopping");
	struct backfill *b = rc == 0 ? new_backfill(f, actor, err) : NULL;
	if (!b)
		return rc < 0 ? rc : -ERR_NOMEM;
	if (queue_rows(b, span) < 0) {
		free(b->by);
		free(b);
		return err_named(err, ERR_LIMIT, "TooMany",
				 "more than %d instants: give a shorter time", FIRINGS_QUEUE_MAX);
	}
	b->done = done;
	b->arg = arg;
	fs->backfill = b;
	schedule_decided(f->timer, span->from_ms, span->to_ms);
	firing_record_backfill(f, span, b->by);
	firing_save(f);
	commit_flush(fs->serve->host.committer, on_written, b);
	return 0;
}
