#include "script_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/store.h"

/* ---- the loop: timers that fire when the test says so ---- */

struct timer {
	struct timer *next;
	struct loop *loop;
	int64_t delay_ms;
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct timer *first;
};

struct timer *timer_start(struct loop *l, int64_t delay_ms, loop_fn *fn, void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));
	INVARIANT(t);
	*t = (struct timer){ .loop = l, .delay_ms = delay_ms, .fn = fn, .arg = arg };
	struct timer **p = &l->first;
	while (*p)
		p = &(*p)->next;
	*p = t;
	return t;
}

void timer_stop(struct timer *t)
{
	if (!t)
		return;
	for (struct timer **p = &t->loop->first; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			free(t);
			return;
		}
	}
	const bool pending = false; /* it fired, or was stopped before */
	INVARIANT(pending);
}

static bool fire(struct loop *l, int64_t delay_ms)
{
	for (struct timer *t = l->first; t; t = t->next) {
		if (t->delay_ms != delay_ms)
			continue;
		struct timer fired = *t;
		timer_stop(t);
		fired.fn(fired.arg);
		return true;
	}
	return false;
}

bool world_fire(struct world *w, int64_t delay_ms)
{
	bool fired = fire(w->loop, delay_ms);
	world_turn(w);
	return fired;
}

bool world_fire_next(struct world *w)
{
	int64_t least = INT64_MAX;
	for (const struct timer *t = w->loop->first; t; t = t->next)
		least = t->delay_ms < least ? t->delay_ms : least;
	return w->loop->first && world_fire(w, least);
}

int world_timers(const struct world *w)
{
	int n = 0;
	for (const struct timer *t = w->loop->first; t; t = t->next)
		n++;
	return n;
}

/* ---- the committer: records in memory ---- */

enum { RECORDS_MAX = 1 << 15 };

struct waiting {
	commit_done_fn *done;
	void *arg;
	bool failed;
	bool written; /* content with a write: not held back */
	bool told;
};

struct committer {
	struct store *store; /* NULL: runs are not durable */
	struct store_batch *batch;
	bool dead; /* the process is: nothing reaches the disk any more */
	char *records[RECORDS_MAX];
	size_t n;
	struct waiting waiting[RECORDS_MAX];
	size_t n_waiting;
	bool hold, broken;
};

static uint64_t append(struct committer *c, const char *kind, struct bytes members,
		       const struct waiting *waiting)
{
	struct buf b = BUF_INIT(1 << 20);
	INVARIANT(c->n < RECORDS_MAX && c->n_waiting < RECORDS_MAX);
	buf_addf(&b, "%s {", kind);
	buf_add(&b, members.p, members.n);
	buf_adds(&b, "}");
	bool failed = c->broken;
	if (failed || c->dead)
		buf_clear(&b);
	else
		c->records[c->n++] = b.p;
	if (waiting->done) {
		c->waiting[c->n_waiting] = *waiting;
		c->waiting[c->n_waiting++].failed = failed;
	}
	return failed ? 0 : c->n + c->dead;
}

uint64_t commit_append(struct committer *c, const char *kind, struct bytes members,
		       commit_done_fn *done, void *arg)
{
	return append(c, kind, members, &(struct waiting){ .done = done, .arg = arg });
}

uint64_t commit_append_written(struct committer *c, const char *kind, struct bytes members,
			       commit_done_fn *done, void *arg)
{
	return append(c, kind, members,
		      &(struct waiting){ .done = done, .arg = arg, .written = true });
}

void commit_redact(const struct committer *c, struct buf *out, struct bytes value)
{
	(void)c;
	buf_addf(out, "{\"redacted\":%zu}", value.n);
}

bool commit_failed(const struct committer *c, struct err *err)
{
	if (c->broken)
		(void)err_set(err, ERR_IO, "the log: no space left on device");
	return c->broken;
}

/* ---- the store ---- */

struct store_batch *commit_store(struct committer *c)
{
	return c->batch;
}

struct store_batch *world_rows(struct world *w)
{
	return w->committer->batch;
}

void commit_flush(struct committer *c, commit_done_fn *done, void *arg)
{
	INVARIANT(c->n_waiting < RECORDS_MAX);
	c->waiting[c->n_waiting] = (struct waiting){ .done = done, .arg = arg };
	c->waiting[c->n_waiting++].failed = c->broken;
}

void commit_stats(const struct committer *c, struct commit_stats *out)
{
	(void)c;
	*out = (struct commit_stats){ .segment = "segment-1" };
}

static void apply(struct committer *c)
{
	struct err err;
	if (!c->store || c->hold || store_batch_empty(c->batch))
		return;
	if (!c->dead && !c->broken)
		INVARIANT(store_apply(c->store, c->batch, &err) == 0);
	store_batch_clear(c->batch);
}

/* ---- the worker ---- */

struct worker {
	struct loop *loop;
	struct job *jobs;
};

struct job {
	struct job *next;
	struct worker *worker;
	struct timer *timer;
	loop_fn *fn, *done;
	void *arg;
};

int worker_new(struct worker **out, struct loop *l, struct err *err)
{
	(void)err;
	*out = calloc(1, sizeof(**out));
	INVARIANT(*out);
	(*out)->loop = l;
	return 0;
}

static void free_job(struct job *j)
{
	struct job **at = &j->worker->jobs;
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	free(j);
}

static void on_job(void *arg)
{
	struct job *j = arg;
	loop_fn *done = j->done;
	void *its = j->arg;
	j->fn(its);
	free_job(j);
	if (done)
		done(its);
}

void worker_submit(struct worker *w, loop_fn *fn, loop_fn *done, void *arg)
{
	struct job *j = calloc(1, sizeof(*j));
	INVARIANT(j);
	*j = (struct job){ .next = w->jobs, .worker = w, .fn = fn, .done = done, .arg = arg };
	w->jobs = j;
	j->timer = timer_start(w->loop, 0, on_job, j);
}

void worker_free(struct worker *w)
{
	while (w && w->jobs) {
		timer_stop(w->jobs->timer);
		free_job(w->jobs);
	}
	free(w);
}

static bool complete_one(struct committer *c)
{
	struct err err = { 0 };
	apply(c);
	for (size_t i = 0; i < c->n_waiting; i++) {
		struct waiting *w = &c->waiting[i];
		if (w->told || (c->hold && !w->written))
			continue;
		if (w->failed)
			(void)err_set(&err, ERR_IO, "the log: no space left on device");
		w->told = true;
		w->done(w->arg, &err);
		return true;
	}
	return false;
}

bool world_tell_one(struct world *w)
{
	return complete_one(w->committer);
}

void world_hold(struct world *w)
{
	w->committer->hold = true;
}

void world_release(struct world *w)
{
	w->committer->hold = false;
	world_turn(w);
}

void world_break_log(struct world *w)
{
	w->committer->broken = true;
}

void world_lose(struct world *w)
{
	for (size_t i = 0; i < w->committer->n_waiting; i++)
		w->committer->waiting[i].failed = true;
	w->committer->broken = true;
	world_release(w);
}

size_t world_records(const struct world *w)
{
	return w->committer->n;
}

const char *world_record(const struct world *w, size_t i)
{
	return i < w->committer->n ? w->committer->records[i] : "";
}

static bool is_kind(const char *record, const char *kind)
{
	size_t n = strlen(kind);
	return strncmp(record, kind, n) == 0 && record[n] == ' ';
}

const char *world_last(const struct world *w, const char *kind)
{
	for (size_t i = w->committer->n; i > 0; i--)
		if (is_kind(w->committer->records[i - 1], kind))
			return w->committer->records[i - 1] + strlen(kind) + 1;
	return "";
}

int world_count(const struct world *w, const char *kind)
{
	int n = 0;
	for (size_t i = 0; i < w->committer->n; i++)
		n += is_kind(w->committer->records[i], kind);
	return n;
}

/* ---- the world ---- */

static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct world *w = arg;
	(void)id;
	buf_addf(&w->log, "%d %s\n", (int)level, text);
}

static void on_progress(void *arg, const struct run_progress *p)
{
	struct world *w = arg;
	buf_addf(&w->progress, "%g/%g %s\n", p->done, p->total, p->text);
}

static void on_end(void *arg, const struct run_end *e)
{
	struct world *w = arg;
	w->ends++;
	w->outcome = e->outcome;
	(void)snprintf(w->message, sizeof(w->message), "%s", e->message);
	(void)snprintf(w->traceback, sizeof(w->traceback), "%s", e->traceback);
	(void)snprintf(w->result, sizeof(w->result), "%.*s", (int)e->result.n,
		       e->result.n ? e->result.p : "");
	w->n_unknown = e->n_unknown;
	if (e->n_unknown > 0) {
		(void)snprintf(w->unknown_tell, sizeof(w->unknown_tell), "%s", e->unknown[0].tell);
		(void)snprintf(w->unknown_token, sizeof(w->unknown_token), "%s",
			       e->unknown[0].token);
		(void)snprintf(w->unknown_args, sizeof(w->unknown_args), "%s", e->unknown[0].args);
	}
}

static void open_runs(struct world *w)
{
	struct err err;
	char lua_dir[96], store[96];
	(void)snprintf(lua_dir, sizeof(lua_dir), "%s/lib", w->dir);
	(void)snprintf(store, sizeof(store), "%s/runs.db", w->dir);
	struct runs_spec spec = { .loop = w->loop,
				  .committer = w->committer,
				  .registry = w->registry,
				  .lua_dir = lua_dir,
				  .store_path = w->durable ? store : NULL,
				  .passive_ms = w->passive_ms,
				  .carried = { on_log, on_progress, on_end, w } };
	INVARIANT(runs_new(&w->runs, &spec, &err) == 0);
}

void world_open(struct world *w)
{
	struct err err;
	*w = (struct world){ .log = BUF_INIT(1 << 20), .progress = BUF_INIT(1 << 20) };
	w->loop = calloc(1, sizeof(struct loop));
	w->committer = calloc(1, sizeof(struct committer));
	INVARIANT(w->loop && w->committer);
	scratch_begin(w->dir);
	INVARIANT(registry_new(&w->registry, &err) == 0);
	world_register(w);
	open_runs(w);
}

void world_open_durable(struct world *w)
{
	struct err err;
	char path[96];
	world_open(w);
	(void)snprintf(path, sizeof(path), "%s/runs.db", w->dir);
	INVARIANT(store_open(&w->committer->store, path, &err) == 0);
	INVARIANT(store_batch_new(&w->committer->batch, &err) == 0);
	w->durable = true;
	world_restart(w);
}

void world_restart(struct world *w)
{
	world_turn(w); /* what was under way */
	w->committer->dead = true;
	runs_free(w->runs);
	w->committer->hold = false;
	world_turn(w);
	w->committer->dead = false;
	w->ends = 0;
	open_runs(w);
}

int world_carry_on(struct world *w)
{
	struct err err = { 0 };
	int rc = runs_carry_on(w->runs, &err);
	world_turn(w);
	return rc;
}

bool world_until(struct world *w, bool (*is)(const struct world *w))
{
	for (int64_t until = clock_mono_ms() + 5000; !is(w) && clock_mono_ms() < until;)
		(void)world_fire_next(w);
	return is(w);
}

void world_close(struct world *w)
{
	runs_free(w->runs);
	w->committer->hold = false;
	world_turn(w);
	INVARIANT(world_timers(w) == 0);
	for (size_t i = 0; i < w->committer->n; i++)
		free(w->committer->records[i]);
	store_batch_free(w->committer->batch);
	store_close(w->committer->store);
	free(w->committer);
	free(w->loop);
	registry_free(w->registry);
	buf_clear(&w->log);
	buf_clear(&w->progress);
	scratch_end(w->dir);
}

void world_file(struct world *w, const char *name, const char *text)
{
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	char *slash = strrchr(w->path, '/');
	*slash = '\0';
	(void)mkdir(w->path, 0700);
	*slash = '/';
	FILE *f = fopen(w->path, "w");
	INVARIANT(f);
	INVARIANT(fputs(text, f) >= 0);
	INVARIANT(fclose(f) == 0);
}

/* Room for the next ones. */
static void forget_told(struct committer *c)
{
	size_t left = 0;
	for (size_t i = 0; i < c->n_waiting; i++)
		if (!c->waiting[i].told)
			c->waiting[left++] = c->waiting[i];
	c->n_waiting = left;
}

void world_turn(struct world *w)
{
	while (fire(w->loop, 0) || complete_one(w->committer))
		continue;
	forget_told(w->committer);
}

int world_begin(struct world *w, const char *script)
{
	struct err err = { 0 };
	world_file(w, "t.lua", script);
	w->ends = 0;
	w->spec.path = w->path;
	w->spec.listener = (struct run_listener){ on_log, on_progress, on_end, w };
	int rc = run_start(w->id, w->runs, &w->spec, &err);
	if (rc < 0)
		(void)snprintf(w->message, sizeof(w->message), "%s", err.message);
	INVARIANT(w->ends == 0);
	return rc;
}

bool world_step(struct world *w)
{
	return fire(w->loop, 0);
}

int world_start(struct world *w, const char *script)
{
	int rc = world_begin(w, script);
	world_turn(w);
	return rc;
}

void world_end_only(struct world *w, const struct call_result *result)
{
	struct host_call *call = w->call;
	INVARIANT(call);
	w->call = NULL;
	world_forget_call(w, call);
	run_call_done(call, result);
}

void world_fail(struct world *w, const struct call_result *result)
{
	world_end_only(w, result);
	world_turn(w);
}

void world_answer(struct world *w, const char *json)
{
	world_fail(w, &(struct call_result){ .answer = bytes_str(json),
					     .status = 200,
					     .request_id = "req-1",
					     .attempts = 1 });
}

void world_run(struct world *w, const char *script)
{
	if (world_start(w, script) < 0)
		return;
	while (w->ends == 0 && w->call)
		world_answer(w, "{}");
}
