/* serve_firing.c - what becomes of an instant: started, queued, skipped, missed; its row and record. */
#include "cli/serve_firing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/metrics.h"
#include "cli/queued_cancel.h"
#include "cli/serve_run.h"
#include "commit/commit.h"

enum {
	MEMBERS_MAX = 1 << 20,
	INPUT_MAX = 16 << 20,
	ROWS_BETWEEN = 64,
	MISSED_ROWS = 100,
	SKIPS_MS = 60 * 1000
};

static const char *name_of(const struct firing *f)
{
	return f->c->start.name;
}

static struct store_batch *batch_of(const struct firing *f)
{
	return commit_store(f->all->serve->host.committer);
}

/* ---- rows ---- */

static void write_row(struct firing *f, const struct firing_row *row)
{
	struct firing_row whole = *row;
	whole.schedule = name_of(f);
	whole.recorded_ms = clock_wall_ms();
	store_set_firing(batch_of(f), &whole);
	metrics_firing(f->all->serve->host.metrics, whole.schedule, firing_state_name(row->state),
		       row->state == FIRING_STARTED && !row->by ? whole.recorded_ms - row->at_ms
								: -1);
	if (++f->rows % ROWS_BETWEEN == 0)
		store_remove_firings(batch_of(f), name_of(f), FIRINGS_KEPT);
}

void firing_save(const struct firing *f)
{
	struct buf course = BUF_INIT(MEMBERS_MAX), options = BUF_INIT(MEMBERS_MAX);
	int64_t next = schedule_next(f->timer);
	schedule_course_write(schedule_course_of(f->timer), &course);
	config_describe_schedule(f->c, &options);
	store_set_schedule(batch_of(f),
			   &(struct schedule_row){ .name = name_of(f),
						   .cron = f->c->cron,
						   .zone = f->c->zone_name,
						   .options = buf_cstr(&options),
						   .course = buf_cstr(&course),
						   .next_ms = next == INT64_MAX ? 0 : next,
						   .missed = f->missed,
						   .failures = f->failures });
	buf_clear(&course);
	buf_clear(&options);
}

/* ---- records ---- */

static void add_time(cJSON *o, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	(void)cJSON_AddStringToObject(o, name, text);
}

/* Who starts it: the schedule, or the person who asked for it. at_ms 0: no one instant is meant. */
static cJSON *actor_of(const struct firing *f, int64_t at_ms, const char *by)
{
	cJSON *o = by ? json_parse(bytes_str(by), NULL) : cJSON_CreateObject();
	if (!o)
		return NULL;
	if (!by)
		(void)cJSON_AddStringToObject(o, "type", "schedule");
	(void)cJSON_AddStringToObject(o, by ? "schedule" : "name", name_of(f));
	if (at_ms)
		add_time(o, "due", at_ms);
	return o;
}

static cJSON *members_of(const struct firing *f, int64_t at_ms, const char *by, const char *reason)
{
	cJSON *o = cJSON_CreateObject(), *actor = actor_of(f, at_ms, by);
	if (!cJSON_AddItemToObject(o, "actor", actor))
		cJSON_Delete(actor);
	if (reason)
		(void)cJSON_AddStringToObject(o, "reason", reason);
	return o;
}

void firing_record_backfill(const struct firing *f, const struct firings_span *span, const char *by)
{
	cJSON *m = members_of(f, 0, by, NULL);
	add_time(m, "from", span->from_ms);
	add_time(m, "to", span->to_ms);
	serve_record_object(f->all->serve, "schedule.backfill", m);
}

/* what: "skipped", "failed" */
static void reject(const struct firing *f, int64_t at_ms, const char *by, const char *what,
		   const char *why)
{
	char text[1000];
	(void)snprintf(text, sizeof(text), "%s: %.900s", what, why);
	serve_record_object(f->all->serve, "trigger.reject", members_of(f, at_ms, by, text));
	const struct log_about about = serve_about(&f->c->start, NULL);
	serve_say(f->all->serve, LOG_WARN, &about, text);
}

/* What was skipped without a record of its own. */
void firing_record_skips(struct firing *f)
{
	if (f->unrecorded > 0) {
		char text[200];
		(void)snprintf(text, sizeof(text), "skipped: %s", f->why);
		cJSON *m = members_of(f, 0, NULL, text);
		json_set_int(m, "count", (int64_t)f->unrecorded);
		serve_record_object(f->all->serve, "trigger.reject", m);
	}
	f->unrecorded = 0;
	f->why[0] = '\0';
}

/* ---- skipped, missed ---- */

static void skip(struct firing *f, int64_t at_ms, const char *by, const char *why,
		 struct firing_fate *fate)
{
	*fate = (struct firing_fate){ .state = FIRING_SKIPPED };
	(void)snprintf(fate->why, sizeof(fate->why), "%s", why);
	write_row(f, &(struct firing_row){
			 .at_ms = at_ms, .state = FIRING_SKIPPED, .why = why, .by = by });
	int64_t now = clock_mono_ms();
	bool same = !by && strcmp(f->why, why) == 0;
	if (same && now - f->recorded_ms < SKIPS_MS) {
		f->unrecorded++;
		return;
	}
	firing_record_skips(f);
	reject(f, at_ms, by, "skipped", why);
	f->recorded_ms = now;
	(void)snprintf(f->why, sizeof(f->why), "%s", by ? "" : why);
}

void firing_skip(struct firing *f, int64_t at_ms, const char *by, const char *why)
{
	struct firing_fate fate;
	skip(f, at_ms, by, why, &fate);
}

void firing_skip_waiting(struct firing *f, const char *why)
{
	for (size_t i = 0; i < f->n_queue; i++)
		firing_skip(f, f->queue[i].at_ms, f->queue[i].by, why);
	firing_clear_queue(f);
}

void firing_missed(struct firing *f, const struct schedule_look *look)
{
	static const char why[] = "its time passed while nobody looked";
	char line[160];
	int64_t n = look->older;
	for (size_t i = 0; i < look->n; i++) {
		if (look->v[i].due)
			continue;
		n++;
		if (look->n - i > MISSED_ROWS)
			continue; /* they would leave no room for the others */
		write_row(f, &(struct firing_row){
				 .at_ms = look->v[i].at_ms, .state = FIRING_MISSED, .why = why });
	}
	if (n == 0)
		return;
	f->missed += n;
	metrics_missed(f->all->serve->host.metrics, name_of(f), n);
	cJSON *m = members_of(f, 0, NULL, "missed: its time passed while nobody looked");
	json_set_int(m, "count", n);
	if (look->more)
		(void)cJSON_AddTrueToObject(m, "more");
	add_time(m, "from", look->from_ms);
	add_time(m, "to", look->to_ms);
	serve_record_object(f->all->serve, "trigger.reject", m);
	(void)snprintf(line, sizeof(line), "missed %" PRId64 "%s: passed while nobody looked", n,
		       look->more ? " and more" : "");
	const struct log_about about = serve_about(&f->c->start, NULL);
	serve_say(f->all->serve, LOG_WARN, &about, line);
}

/* ---- started ---- */

static void failed_to_start(struct firing *f, int64_t at_ms, const char *by, const char *why,
			    struct firing_fate *fate)
{
	fate->state = FIRING_FAILED;
	(void)snprintf(fate->why, sizeof(fate->why), "%s", why);
	write_row(f, &(struct firing_row){
			 .at_ms = at_ms, .state = FIRING_FAILED, .why = why, .by = by });
	reject(f, at_ms, by, "not started", why);
	firing_failed(f, why);
}

/* ${due} in it is the instant. */
static void input_of(const struct firing *f, int64_t at_ms, struct buf *out)
{
	static const char mark[] = "${due}";
	const char *rest = f->c->start.input, *at;
	char due[ISO8601_SIZE];
	iso8601_format(due, at_ms);
	for (; (at = strstr(rest, mark)); rest = at + sizeof(mark) - 1) {
		buf_add(out, rest, (size_t)(at - rest));
		buf_adds(out, due);
	}
	buf_adds(out, rest);
}

/* run: its id; NULL: a new one */
static void start(struct firing *f, int64_t at_ms, const char *by, const char *run,
		  struct firing_fate *fate)
{
	struct serve *s = f->all->serve;
	struct err err = { 0 };
	struct buf actor = BUF_INIT(MEMBERS_MAX), input = BUF_INIT(INPUT_MAX);
	cJSON *o = actor_of(f, at_ms, by);
	input_of(f, at_ms, &input);
	*fate = (struct firing_fate){ .state = FIRING_STARTED };
	json_write(&actor, o);
	cJSON_Delete(o);
	firing_record_skips(f);
	const struct serve_run *r = NULL;
	if (s->n_runs >= SERVE_RUNS_MAX)
		(void)err_set(&err, ERR_LIMIT, "too many runs at once");
	else
		r = serve_start_run_as(s, &f->c->start, run, buf_bytes(&input), &actor, &err);
	buf_clear(&actor);
	buf_clear(&input);
	if (!r) {
		failed_to_start(f, at_ms, by, err.message, fate);
		return;
	}
	(void)snprintf(fate->run, sizeof(fate->run), "%s", r->id);
	cJSON *m = members_of(f, at_ms, by, NULL);
	(void)cJSON_AddStringToObject(m, "run", r->id);
	serve_record_object(f->all->serve, "trigger.accept", m);
	write_row(f, &(struct firing_row){
			 .at_ms = at_ms, .state = FIRING_STARTED, .run = r->id, .by = by });
}

/* ---- queued ---- */

void firing_clear_queue(struct firing *f)
{
	for (size_t i = 0; i < f->n_queue; i++)
		free(f->queue[i].by);
	free(f->queue);
	f->queue = NULL;
	f->n_queue = 0;
}

static bool is_backfill(const char *by)
{
	cJSON *o = by ? json_parse(bytes_str(by), NULL) : NULL;
	bool is = json_get_bool(o, "backfill", false);
	cJSON_Delete(o);
	return is;
}

int firing_wait(struct firing *f, int64_t at_ms, const char *by, const char *run)
{
	struct waiting_firing *more = realloc(f->queue, (f->n_queue + 1) * sizeof(*more));
	if (more)
		f->queue = more;
	char *copy = by && more ? strdup(by) : NULL;
	if (!more || (by && !copy))
		return -ERR_NOMEM;
	size_t i = f->n_queue++;
	for (; i > 0 && more[i - 1].at_ms > at_ms; i--)
		more[i] = more[i - 1];
	more[i] =
	    (struct waiting_firing){ .at_ms = at_ms, .by = copy, .backfill = is_backfill(by) };
	if (run)
		(void)snprintf(more[i].run, sizeof(more[i].run), "%s", run);
	else
		uuid_v7(more[i].run, clock_wall_ms());
	return 0;
}

static void queue(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate)
{
	static const char why[] = "waits for the end of the last run";
	*fate = (struct firing_fate){ .state = FIRING_QUEUED };
	(void)snprintf(fate->why, sizeof(fate->why), "%s", why);
	uuid_v7(fate->run, clock_wall_ms());
	if (firing_wait(f, at_ms, by, fate->run) < 0) {
		failed_to_start(f, at_ms, by, "no memory to let it wait", fate);
		return;
	}
	cJSON *m = members_of(f, at_ms, by, why);
	(void)cJSON_AddStringToObject(m, "run", fate->run);
	serve_record_object(f->all->serve, "trigger.queue", m);
	write_row(f, &(struct firing_row){ .at_ms = at_ms,
					   .state = FIRING_QUEUED,
					   .waits_as = fate->run,
					   .why = why,
					   .by = by });
}

/* A second cancel would not wait for the answer of a change in flight. */
static void cancel_runs(const struct firing *f)
{
	struct serve *s = f->all->serve;
	char id[RUN_ID_SIZE];
	for (struct serve_run *r = s->runs, *next; r; r = next) {
		next = r->next;
		if (!config_same_trigger(r->start, &f->c->start) || r->replaced)
			continue;
		r->replaced = true;
		memcpy(id, r->id, sizeof(id));
		(void)run_cancel(s->host.runs, id, "replaced by the next firing of its schedule");
	}
}

static struct waiting_firing take_out(struct firing *f, size_t i)
{
	struct waiting_firing w = f->queue[i];
	f->n_queue--;
	memmove(&f->queue[i], &f->queue[i + 1], (f->n_queue - i) * sizeof(w));
	return w;
}

bool firing_cancel(struct firing *f, const char *run, const char *actor, const char *why)
{
	size_t i = 0;
	while (i < f->n_queue && strcmp(f->queue[i].run, run) != 0)
		i++;
	if (i == f->n_queue)
		return false;
	struct waiting_firing w = take_out(f, i);
	queued_cancelled(
	    &f->all->serve->host,
	    &(struct queued_row){ .run = run, .schedule = name_of(f), .due_ms = w.at_ms }, actor,
	    why);
	free(w.by);
	return true;
}

/* The oldest of those that are no backfill; n_queue: there is none. */
static size_t first_of_others(const struct firing *f)
{
	size_t i = 0;
	while (i < f->n_queue && f->queue[i].backfill)
		i++;
	return i;
}

void firing_start_waiting(struct firing *f)
{
	struct firing_fate fate;
	/* The process that cancelled them may have died before they ended. */
	if (f->c->rule.overlap == OVERLAP_REPLACE && first_of_others(f) < f->n_queue)
		cancel_runs(f);
	while (f->n_queue > 0 && serve_runs_of(f->all->serve, &f->c->start) == 0) {
		size_t others = first_of_others(f);
		struct waiting_firing w = take_out(f, others < f->n_queue ? others : 0);
		start(f, w.at_ms, w.by, w.run, &fate);
		free(w.by);
	}
}

/* ---- an instant has come ---- */

static bool waits(const struct firing *f)
{
	return f->n_queue > 0 || serve_runs_of(f->all->serve, &f->c->start) > 0;
}

static void queue_one(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate)
{
	if (first_of_others(f) < f->n_queue)
		skip(f, at_ms, by, "another firing waits already", fate);
	else
		queue(f, at_ms, by, fate);
}

static void queue_all(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate)
{
	if (f->n_queue >= FIRINGS_QUEUE_MAX)
		skip(f, at_ms, by, "too many firings wait already", fate);
	else
		queue(f, at_ms, by, fate);
}

static void replace(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate)
{
	size_t i;
	while ((i = first_of_others(f)) < f->n_queue) {
		struct waiting_firing w = take_out(f, i);
		firing_skip(f, w.at_ms, w.by, "replaced by a later firing");
		free(w.by);
	}
	queue(f, at_ms, by, fate);
	cancel_runs(f);
	firings_start_waiting(f->all);
}

void firing_due(struct firing *f, int64_t at_ms, const char *by, struct firing_fate *fate)
{
	enum schedule_overlap overlap = f->c->rule.overlap;
	if (f->paused_ms && !by) /* since this look began */
		skip(f, at_ms, by, "it is paused", fate);
	else if (!waits(f) || overlap == OVERLAP_ALLOW)
		start(f, at_ms, by, NULL, fate);
	else if (overlap == OVERLAP_QUEUE)
		queue_one(f, at_ms, by, fate);
	else if (overlap == OVERLAP_QUEUE_ALL)
		queue_all(f, at_ms, by, fate);
	else if (overlap == OVERLAP_REPLACE)
		replace(f, at_ms, by, fate);
	else
		skip(f, at_ms, by, "its last run still goes on", fate);
}
