/*
 * Everything but the writing itself happens on the loop's thread; the thread gets one batch at a
 * time and touches nothing but that batch and the segment.
 *
 *	append ──► lines, rows, waiters ──► batch ──► thread: write, sync, commit rows ──► on_written
 *	               ▲  timer: 0, or what is left of 5 ms, or a second       done, done, ... │
 *	               └───────────────────────────────────────────────────────── schedule ◄─┘
 */
#include "commit/commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/recover.h"
#include "audit/segment.h"
#include "base/clock.h"
#include "net/loop.h"
#include "store/store.h"

enum {
	CROWD = 4,              /* waited for the last batch: more is load */
	WINDOW_US = 5 * 1000,   /* under load, between the starts of two batches that are synced */
	WRITE_US = 500,         /* under load, between the starts of two that are only written */
	LAZY_US = 1000 * 1000,  /* until records that nobody waits for are synced */
	PENDING_MAX = 64 << 20, /* bytes handed over and not yet given to the thread */
};

struct waiter {
	commit_done_fn *done;
	void *arg;
	struct err *refused; /* this record alone was not accepted; owned */
	struct waiter *next;
};

struct waiters {
	struct waiter *first, **last;
	size_t n;
};

struct batch {
	struct buf lines;
	bool sync;
	struct store_batch *rows; /* committed once the lines are synced; NULL: no store */
	struct waiters written;   /* told once it is written */
	struct waiters waiters;   /* told once it is synced */
	struct err err;
};

struct committer {
	struct loop *loop;
	struct worker *worker;
	char *host;
	struct chain_writer writer;
	struct chain chain;
	struct segment segment;
	struct store *store; /* NULL: none */

	struct buf lines;         /* handed over, not yet in a batch */
	struct store_batch *rows; /* likewise */
	struct waiters written;   /* likewise; content with its being written */
	struct waiters waiters;   /* likewise; wait until it is synced */
	int64_t unsynced_us;      /* since when there are records that were not synced; 0: none */
	int64_t batch_us;         /* when the last batch was started */
	bool crowded;             /* there is load */
	int64_t sync_us;          /* when the last batch that is synced was started */
	struct timer *timer;
	int64_t timer_us; /* when it is due */
	bool busy;        /* the thread has the batch */
	struct batch batch;

	bool failed, closing;
	struct err why; /* of the failure */
	struct commit_stats stats;
};

/* ---- who waits ---- */

static void waiters_init(struct waiters *q)
{
	*q = (struct waiters){ .last = &q->first };
}

static void waiters_push(struct waiters *q, struct waiter *w)
{
	*q->last = w;
	q->last = &w->next;
	q->n++;
}

/* Move all of `from` behind those of `to`. */
static void waiters_move(struct waiters *to, struct waiters *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	to->n += from->n;
	waiters_init(from);
}

/* Each done may append, so the queue is emptied first. */
static void tell(struct waiters *q, const struct err *err)
{
	struct waiter *w = q->first;
	waiters_init(q);
	while (w) {
		struct waiter *next = w->next;
		w->done(w->arg, w->refused ? w->refused : err);
		free(w->refused);
		free(w);
		w = next;
	}
}

/* ---- the batch ---- */

/* On the committer's thread. */
static void write_batch(void *arg)
{
	struct committer *c = arg;
	struct batch *b = &c->batch;
	int rc = segment_write(&c->segment, buf_bytes(&b->lines), &b->err);
	if (rc == 0 && b->sync)
		rc = segment_sync(&c->segment, &b->err);
	if (rc == 0 && b->rows && !store_batch_empty(b->rows))
		rc = store_apply(c->store, b->rows, &b->err);
	INVARIANT((rc < 0) == (b->err.code != 0));
}

/* Rows go with a batch that is synced. They say how far the log was when they were committed. */
static void fill_rows(struct committer *c, bool sync)
{
	if (!c->store)
		return;
	store_batch_clear(c->batch.rows);
	if (!sync || store_batch_empty(c->rows))
		return;
	struct store_batch *empty = c->batch.rows; /* its memory is used again */
	c->batch.rows = c->rows;
	c->rows = empty;
	store_set_synced(c->batch.rows, c->segment.name, c->chain.seq);
}

static void fill_batch(struct committer *c, bool sync)
{
	struct buf empty = c->batch.lines; /* its memory is used again */
	c->batch.lines = c->lines;
	c->lines = empty;
	c->lines.n = 0;
	fill_rows(c, sync);
	c->batch.err = (struct err){ 0 };
	c->batch.sync = sync;
	waiters_move(&c->batch.written, &c->written);
	if (sync) {
		c->crowded = c->waiters.n > CROWD;
		waiters_move(&c->batch.waiters, &c->waiters);
		c->unsynced_us = 0;
	}
	c->batch_us = clock_mono_us();
	if (sync)
		c->sync_us = c->batch_us;
	c->stats.batches++;
	c->stats.syncs += sync;
}

static void fail(struct committer *c, const struct err *why)
{
	if (c->failed)
		return;
	c->failed = true;
	c->why = *why;
}

static void finish_batch(struct committer *c)
{
	static const struct err ok = { 0 };
	struct waiters told;
	waiters_init(&told);
	if (c->batch.err.code)
		fail(c, &c->batch.err);
	waiters_move(&told, &c->batch.written);
	waiters_move(&told, &c->batch.waiters);
	if (c->failed) {
		waiters_move(&told, &c->written);
		waiters_move(&told, &c->waiters);
	}
	tell(&told, c->failed ? &c->why : &ok);
}

/* ---- when ---- */

static void on_timer(void *arg);

static int64_t due_us(const struct committer *c)
{
	if (c->failed)
		return 0;
	if (c->written.first)
		return c->written.n > CROWD ? c->batch_us + WRITE_US : 0;
	if (c->waiters.first)
		return c->crowded ? c->sync_us + WINDOW_US : 0;
	if (c->lines.n > 0)
		return c->batch_us + WINDOW_US;
	return c->unsynced_us + LAZY_US;
}

/* See that the timer runs when the next batch is due. */
static void schedule(struct committer *c)
{
	bool work = c->written.first || c->waiters.first ||
		    (!c->failed && (c->lines.n > 0 || c->unsynced_us));
	if (c->busy || c->closing || !work)
		return;
	int64_t due = due_us(c), now = clock_mono_us();
	if (c->timer && c->timer_us <= due)
		return;
	timer_stop(c->timer);
	c->timer_us = due;
	c->timer = timer_start(c->loop, due > now ? (due - now + 999) / 1000 : 0, on_timer, c);
}

static void on_written(void *arg)
{
	struct committer *c = arg;
	c->busy = false;
	finish_batch(c);
	schedule(c);
}

static void on_timer(void *arg)
{
	struct committer *c = arg;
	c->timer = NULL;
	if (c->failed) {
		finish_batch(c);
		return;
	}
	bool late = c->unsynced_us && clock_mono_us() - c->unsynced_us >= LAZY_US;
	bool sync_due =
	    c->waiters.first && (!c->crowded || clock_mono_us() >= c->sync_us + WINDOW_US);
	fill_batch(c, sync_due || late);
	c->busy = true;
	worker_submit(c->worker, write_batch, on_written, c);
}

/* ---- the interface ---- */

static void wait_in(struct waiters *q, commit_done_fn *done, void *arg, const struct err *refused)
{
	struct waiter *w = malloc(sizeof(*w));
	INVARIANT(w != NULL);
	*w = (struct waiter){ .done = done, .arg = arg };
	if (refused) {
		w->refused = malloc(sizeof(*w->refused));
		INVARIANT(w->refused != NULL);
		*w->refused = *refused;
	}
	waiters_push(q, w);
}

static uint64_t append(struct committer *c, const char *kind, struct bytes members,
		       struct waiters *q, commit_done_fn *done, void *arg)
{
	struct err err = { 0 };
	uint64_t seq = 0;
	if (!c->failed) {
		seq = chain_append(&c->chain, &c->lines, &c->writer, clock_wall_ms(), kind, members,
				   &err);
		if (seq == 0 && !done)
			fail(c, &err);
	}
	c->stats.records += seq != 0;
	if (seq != 0 && !c->unsynced_us)
		c->unsynced_us = clock_mono_us();
	if (done)
		wait_in(q, done, arg, err.code ? &err : NULL);
	schedule(c);
	return seq;
}

uint64_t commit_append(struct committer *c, const char *kind, struct bytes members,
		       commit_done_fn *done, void *arg)
{
	return append(c, kind, members, &c->waiters, done, arg);
}

uint64_t commit_append_written(struct committer *c, const char *kind, struct bytes members,
			       commit_done_fn *done, void *arg)
{
	return append(c, kind, members, &c->written, done, arg);
}

struct store_batch *commit_store(struct committer *c)
{
	if (!c->store)
		return NULL;
	if (c->failed)
		store_batch_clear(c->rows);
	else if (!c->unsynced_us)
		c->unsynced_us = clock_mono_us();
	schedule(c);
	return c->rows;
}

void commit_flush(struct committer *c, commit_done_fn *done, void *arg)
{
	wait_in(&c->waiters, done, arg, NULL);
	schedule(c);
}

bool commit_failed(const struct committer *c, struct err *err)
{
	if (c->failed && err)
		*err = c->why;
	return c->failed;
}

void commit_stats(const struct committer *c, struct commit_stats *out)
{
	*out = c->stats;
	out->segment = c->segment.name;
}

/* ---- open and close ---- */

static int create_segment(struct committer *c, int dir_fd, const char *program, struct err *err)
{
	char name[SEGMENT_NAME_SIZE];
	struct buf m = BUF_INIT(4096);
	int64_t now = clock_wall_ms();
	segment_name(name, now, c->writer.pid);
	buf_addf(&m, "\"segment\":\"%s\"", name);
	if (program) {
		buf_adds(&m, ",\"program\":");
		json_write_string(&m, bytes_str(program));
	}
	uint64_t seq = m.err ? 0
			     : chain_append(&c->chain, &c->lines, &c->writer, now, "log.open",
					    buf_bytes(&m), err);
	int rc = seq ? segment_create(&c->segment, dir_fd, name, buf_bytes(&c->lines), err)
		     : err_set(err, ERR_NOMEM, "no memory for the audit log");
	c->lines.n = 0;
	buf_clear(&m);
	return rc;
}

static int open_store(struct committer *c, const char *path, struct err *err)
{
	int rc = store_open(&c->store, path, err);
	if (rc == 0)
		rc = store_batch_new(&c->rows, err);
	return rc == 0 ? store_batch_new(&c->batch.rows, err) : rc;
}

static int open_log(struct committer *c, const struct commit_spec *spec, struct err *err)
{
	struct recovered recovered;
	int dir_fd = audit_dir_create(spec->audit_dir, err);
	if (dir_fd < 0)
		return dir_fd;
	int rc = recover_dir(&recovered, dir_fd, &c->writer, err);
	if (rc == 0)
		rc = create_segment(c, dir_fd, spec->program, err);
	(void)close(dir_fd);
	c->stats.recovered_segments = recovered.segments;
	c->stats.recovered_calls = recovered.unknown_calls;
	return rc;
}

static void release(struct committer *c)
{
	timer_stop(c->timer);
	worker_free(c->worker);
	segment_close(&c->segment);
	buf_clear(&c->lines);
	buf_clear(&c->batch.lines);
	store_batch_free(c->rows);
	store_batch_free(c->batch.rows);
	store_close(c->store);
	free(c->host);
	free(c);
}

int commit_open(struct committer **out, const struct commit_spec *spec, struct err *err)
{
	struct committer *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for the audit log");
	c->loop = spec->loop;
	c->segment.fd = -1;
	c->lines = c->batch.lines = BUF_INIT(PENDING_MAX);
	waiters_init(&c->written);
	waiters_init(&c->waiters);
	waiters_init(&c->batch.written);
	waiters_init(&c->batch.waiters);
	chain_init(&c->chain);
	c->host = strdup(spec->host);
	c->writer = (struct chain_writer){ .host = c->host, .pid = getpid() };
	int rc = c->host ? 0 : err_set(err, ERR_NOMEM, "no memory for the audit log");
	if (rc == 0 && spec->store_path)
		rc = open_store(c, spec->store_path, err);
	if (rc == 0)
		rc = open_log(c, spec, err);
	if (rc == 0)
		rc = worker_new(&c->worker, c->loop, err);
	if (rc < 0) {
		release(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* Is there anything that was handed over and not given to the thread? */
static bool is_pending(const struct committer *c)
{
	return c->lines.n > 0 || (c->rows && !store_batch_empty(c->rows));
}

static void write_now(struct committer *c)
{
	if (!c->failed) {
		fill_batch(c, true);
		write_batch(c);
	}
	finish_batch(c);
}

int commit_close(struct committer *c, struct err *err)
{
	if (!c)
		return 0;
	c->closing = true;
	worker_drain(c->worker);
	worker_free(c->worker);
	c->worker = NULL;
	if (c->busy)
		finish_batch(c);
	while (c->written.first || c->waiters.first || (!c->failed && is_pending(c)))
		write_now(c);
	if (!c->failed) {
		(void)commit_append(c, "log.close", (struct bytes){ "", 0 }, NULL, NULL);
		write_now(c);
	}
	int rc = 0;
	if (c->failed)
		rc = err_set(err, c->why.code, "%s", c->why.message);
	release(c);
	return rc;
}
