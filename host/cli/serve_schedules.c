#include "cli/serve_schedules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/serve_firing.h"
#include "cli/serve_run.h"
#include "commit/commit.h"
#include "net/loop.h"

/* ---- pausing ---- */

void firing_pause(struct firing *f, const char *by, const char *why)
{
	struct serve *s = f->all->serve;
	f->paused_ms = clock_wall_ms();
	if (f->timer)
		schedule_pause(f->timer, true);
	firings_note_pause(&s->host, f->c->start.name, f->paused_ms,
			   by ? by : "{\"type\":\"host\"}", why);
	firing_skip_waiting(f, "it was paused");
	firing_save(f);
	char line[1000];
	(void)snprintf(line, sizeof(line), "paused%s%.900s", why ? ": " : "", why ? why : "");
	const struct log_about about = serve_about(&f->c->start, NULL);
	serve_say(s, LOG_WARN, &about, line);
}

void firing_failed(struct firing *f, const char *why)
{
	char text[400];
	f->failures++;
	if (f->c->pause_after == 0 || f->failures < f->c->pause_after || f->paused_ms)
		return;
	(void)snprintf(text, sizeof(text), "%d failed in a row, the last: %.300s", f->failures,
		       why);
	firing_pause(f, NULL, text);
}

static bool of_itself(enum run_outcome o)
{
	return o == RUN_CANCELLED || o == RUN_SUSPENDED;
}

void firings_run_ended(struct firings *fs, const struct config_start *start,
		       const struct run_end *end)
{
	if (!fs || !fs->schedules)
		return;
	for (size_t i = 0; i < fs->n; i++) {
		struct firing *f = fs->v[i];
		if (!config_same_trigger(&f->c->start, start))
			continue;
		if (end->outcome == RUN_DONE)
			f->failures = 0;
		else if (!of_itself(end->outcome))
			firing_failed(f, end->message[0] ? end->message
							 : run_outcome_name(end->outcome));
		if (f->c->pause_after && !of_itself(end->outcome))
			firing_save(f);
		firings_start_waiting(fs);
	}
}

/* ---- what comes ---- */

static void on_come(void *arg, void *of, const struct schedule_look *look)
{
	struct firing *f = of;
	struct firing_fate fate;
	(void)arg;
	firing_missed(f, look);
	for (size_t i = 0; i < look->n; i++) {
		if (look->v[i].due)
			firing_due(f, look->v[i].at_ms, NULL, &fate);
	}
	firing_save(f);
}

static void on_later(void *arg)
{
	struct firings *fs = arg;
	fs->later = NULL;
	for (size_t i = 0; i < fs->n; i++)
		firing_start_waiting(fs->v[i]);
}

void firings_start_waiting(struct firings *fs)
{
	if (!fs->later && fs->schedules)
		fs->later = timer_start(fs->serve->host.loop, 0, on_later, fs);
}

/* ---- taking up ---- */

struct firing *firings_find(const struct firings *fs, const char *name)
{
	for (size_t i = 0; i < fs->n; i++) {
		if (strcmp(fs->v[i]->c->start.name, name) == 0)
			return fs->v[i];
	}
	return NULL;
}

struct stored {
	struct firings *all;
	struct schedule_course *courses; /* of each */
	struct store_reader *reader;
};

static int drop_waiting(void *arg, const struct firing_row *row)
{
	const struct stored *st = arg;
	struct firing_row gone = *row;
	gone.state = FIRING_SKIPPED;
	gone.why = NOT_CONFIGURED;
	gone.recorded_ms = clock_wall_ms();
	store_set_firing(commit_store(st->all->serve->host.committer), &gone);
	return 0;
}

void firings_take_leave(struct firings *fs, const struct schedule_row *row)
{
	struct schedule_row gone = *row;
	gone.cron = "";
	gone.next_ms = 0;
	store_set_schedule(commit_store(fs->serve->host.committer), &gone);
}

static int take_leave(struct stored *st, const struct schedule_row *row)
{
	const struct firing_filter queued = { .schedule = row->name, .queued = true };
	firings_take_leave(st->all, row);
	return store_firings(st->reader, &queued, drop_waiting, st, NULL);
}

void firing_take_row(struct firing *f, const struct schedule_row *row)
{
	f->missed = row->missed;
	f->failures = row->failures;
	f->paused_ms = row->paused_ms;
}

static int take_schedule(void *arg, const struct schedule_row *row)
{
	struct stored *st = arg;
	struct firing *f = firings_find(st->all, row->name);
	if (!f)
		return row->cron[0] ? take_leave(st, row) : 0;
	size_t i = 0;
	while (st->all->v[i] != f)
		i++;
	struct schedule_course *course = &st->courses[i];
	firing_take_row(f, row);
	if (!row->course || schedule_course_read(course, row->course) < 0)
		return 0;
	bool same = strcmp(row->cron, f->c->cron) == 0 && strcmp(row->zone, f->c->zone_name) == 0;
	if (!same || f->paused_ms)
		schedule_course_begin(course, &f->c->rule, clock_wall_ms());
	return 0;
}

static int take_waiting(void *arg, const struct firing_row *row)
{
	struct firing *f = arg;
	if (row->recorded_ms < f->paused_ms) { /* no serve was there when the pause began */
		firing_skip(f, row->at_ms, row->by, "it was paused");
		return 0;
	}
	return firing_wait(f, row->at_ms, row->by, row->waits_as);
}

static int read_all(struct stored *st, struct err *err)
{
	struct firings *fs = st->all;
	int rc = store_reader_open(&st->reader, fs->serve->host.store, err);
	if (rc == 0)
		rc = store_schedules(st->reader, take_schedule, st, err);
	for (size_t i = 0; rc == 0 && i < fs->n; i++) {
		const struct firing_filter queued = { .schedule = fs->v[i]->c->start.name,
						      .queued = true };
		rc = store_firings(st->reader, &queued, take_waiting, fs->v[i], err);
	}
	store_reader_close(st->reader);
	return rc;
}

static int add_all(struct stored *st, struct err *err)
{
	struct firings *fs = st->all;
	int rc = read_all(st, err);
	for (size_t i = 0; rc == 0 && i < fs->n; i++) {
		struct firing *f = fs->v[i];
		rc = schedules_add(&f->timer, fs->schedules, &f->c->rule, &st->courses[i], f, err);
		if (rc == 0 && f->paused_ms)
			schedule_pause(f->timer, true);
		if (rc == 0)
			firing_save(f);
	}
	return rc;
}

struct firing *firing_new(struct firings *fs, const struct config_schedule *c)
{
	struct firing *f = calloc(1, sizeof(*f));
	if (f)
		*f = (struct firing){ .all = fs, .c = c };
	return f;
}

void firing_free(struct firing *f)
{
	if (!f)
		return;
	firing_clear_queue(f);
	free(f);
}

static bool add_configured(struct firings *fs, const struct config *c)
{
	fs->v = calloc(c->n_schedules + 1, sizeof(struct firing *));
	for (size_t i = 0; fs->v && i < c->n_schedules; i++) {
		fs->v[i] = firing_new(fs, &c->schedules[i]);
		if (!fs->v[i])
			return false;
		fs->n++;
	}
	return fs->v;
}

int firings_open(struct firings **out, struct serve *s, struct err *err)
{
	const struct config *c = s->host.config;
	struct firings *fs = calloc(1, sizeof(*fs));
	struct stored st = { fs, calloc(c->n_schedules + 1, sizeof(*st.courses)), NULL };
	if (!fs || !st.courses || !add_configured(fs, c)) {
		free(st.courses);
		firings_free(fs);
		return err_set(err, ERR_NOMEM, "no memory for schedules");
	}
	fs->serve = s;
	int rc = schedules_new(
	    &fs->schedules,
	    &(struct schedules_spec){ .loop = s->host.loop, .come = on_come, .arg = fs }, err);
	if (rc == 0)
		rc = add_all(&st, err);
	free(st.courses);
	if (rc < 0) {
		firings_free(fs);
		return rc;
	}
	firings_start_waiting(fs);
	s->host.firings = fs;
	*out = fs;
	return 0;
}

/* ---- the end ---- */

void firings_stop(struct firings *fs)
{
	if (!fs)
		return;
	for (size_t i = 0; fs->schedules && i < fs->n; i++)
		firing_record_skips(fs->v[i]);
	fs->serve->host.firings = NULL;
	timer_stop(fs->later);
	fs->later = NULL;
	schedules_free(fs->schedules);
	fs->schedules = NULL;
}

void firings_free(struct firings *fs)
{
	if (!fs)
		return;
	firings_forget_backfill(fs);
	if (fs->serve)
		fs->serve->host.firings = NULL;
	timer_stop(fs->later);
	schedules_free(fs->schedules);
	for (size_t i = 0; i < fs->n; i++)
		firing_free(fs->v[i]);
	free((void *)fs->v);
	free(fs);
}

bool firings_cancel(struct firings *fs, const char *run, const char *actor, const char *why)
{
	for (size_t i = 0; i < fs->n; i++) {
		if (firing_cancel(fs->v[i], run, actor, why))
			return true;
	}
	return false;
}

int64_t firings_next(const struct firings *fs)
{
	return fs->schedules ? schedules_next(fs->schedules) : INT64_MAX;
}
