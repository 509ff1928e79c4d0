/*
 * Everything but the writing itself happens on the loop's thread; the thread gets one batch at a
 * time and touches nothing but that batch and the recorder's files.
 *
 *	append ──► lines, rows, waiters ──► batch ──► thread: write, sync, commit rows, sign
 *	               ▲  timer: 0, or what is left of 5 ms, or a second               │
 *	               └──── schedule ◄──── done, done, ... ◄──── on_written ◄─────────┘
 *
 * A batch may hold the end of one segment and the beginning of the next: `split` is where.
 */
#include "commit/commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "commit/commit_private.h"
#include "commit/defaults.h"
#include "commit/journal.h"
#include "net/loop.h"
#include "store/store.h"

enum {
	CROWD = 4,              /* waited for the last batch: more is load */
	WINDOW_US = 5 * 1000,   /* under load, between the starts of two batches that are synced */
	WRITE_US = 500,         /* under load, between the starts of two that are only written */
	LAZY_US = 100 * 1000,   /* until records that nobody waits for are synced */
	PENDING_MAX = 64 << 20, /* bytes handed over and not yet given to the thread */
	CARRIED_MAX = 50000,    /* open calls: with more the list would not fit into a record */
	DISK_WARN = 80,         /* percent */
};

/* ---- the batch ---- */

/* On the committer's thread, as the next one. All rows are committed or none, so where there was no
 * room for them they are tried again with that of the reserve. */
static int apply_rows(struct committer *c, struct batch *b)
{
	int rc = store_apply(c->store, b->rows, &b->err);
	if (rc != -ERR_IO || !recorder_make_room(&c->files))
		return rc;
	b->err = (struct err){ 0 };
	return store_apply(c->store, b->rows, &b->err);
}

static void write_batch(void *arg)
{
	struct committer *c = arg;
	struct batch *b = &c->batch;
	int rc = recorder_write(&c->files, buf_bytes(&b->lines), b->split, b->next, &b->err);
	if (rc == 0 && b->sync)
		rc = recorder_sync(&c->files, &b->err);
	if (rc == 0 && b->rows && !store_batch_empty(b->rows))
		rc = apply_rows(c, b);
	INVARIANT((rc < 0) == (b->err.code != 0));
	if (rc == 0 && b->head)
		rc = recorder_head(&c->files, &b->after);
	INVARIANT((rc < 0) == (b->err.code || b->after.code));
}

/* ---- the next segment ---- */

static void fail(struct committer *c, const struct err *why)
{
	if (c->failed)
		return;
	c->failed = true;
	c->why = *why;
}

static bool is_rotation_due(const struct committer *c)
{
	return c->split == 0 && !c->full && intents_open(&c->intents) <= CARRIED_MAX &&
	       c->unheaded_us &&
	       (c->segment_bytes >= c->spec.rotate_bytes ||
		clock_mono_us() >= c->segment_us + c->spec.rotate_ms * 1000);
}

static void rotate(struct committer *c)
{
	struct err err = { 0 };
	if (commit_split(c, &err) < 0)
		fail(c, &err);
	c->segment_bytes = 0;
	c->segment_us = clock_mono_us();
}

static bool is_head_due(const struct committer *c)
{
	if (c->full) /* what room is left is for outcomes */
		return false;
	return c->unheaded >= c->spec.checkpoint_records ||
	       (c->unheaded_us && clock_mono_us() >= c->unheaded_us + c->spec.checkpoint_ms * 1000);
}

/* ---- filling ---- */

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
	store_set_synced(c->batch.rows, c->first, c->chain.seq);
}

static void fill_batch(struct committer *c, bool sync)
{
	struct buf empty = c->batch.lines; /* its memory is used again */
	c->batch.lines = c->lines;
	c->lines = empty;
	c->lines.n = 0;
	c->batch.split = c->split;
	memcpy(c->batch.next, c->segment, sizeof(c->batch.next));
	c->batch.head = is_head_due(c) || c->split > 0;
	sync = sync || c->batch.head;
	fill_rows(c, sync);
	c->split = 0;
	c->files.open_calls = intents_open(&c->intents);
	c->batch.err = c->batch.after = (struct err){ 0 };
	c->batch.sync = sync;
	waiters_move(&c->batch.written, &c->written);
	if (sync) {
		c->crowded = c->waiters.n > CROWD;
		waiters_move(&c->batch.waiters, &c->waiters);
		c->unsynced_us = 0;
	}
	if (c->batch.head)
		c->unheaded = 0;
	if (c->batch.head)
		c->unheaded_us = 0;
	c->batch_us = clock_mono_us();
	if (sync)
		c->sync_us = c->batch_us;
	c->stats.batches++;
	c->stats.syncs += sync;
	c->stats.checkpoints += c->batch.head;
	c->stats.segments += c->batch.split > 0;
}

/* A disk that fills up is told of once, until there is room again. */
static void tell_disk(struct committer *c)
{
	unsigned percent = c->files.disk_percent, before = c->stats.disk_percent;
	c->stats.disk_percent = percent;
	if (percent >= DISK_WARN && before < DISK_WARN && c->spec.on_disk)
		c->spec.on_disk(c->spec.arg, percent);
}

static void note_full(struct committer *c)
{
	if (c->full || !c->files.full)
		return;
	c->full = true;
	(void)err_set(
	    &c->why, ERR_IO,
	    "the disk of the audit log is full: only what is under way is still recorded");
	if (c->spec.on_disk)
		c->spec.on_disk(c->spec.arg, 100);
}

static void finish_batch(struct committer *c)
{
	static const struct err ok = { 0 };
	struct waiters told;
	waiters_init(&told);
	if (c->batch.err.code)
		fail(c, &c->batch.err);
	else
		note_full(c);
	waiters_move(&told, &c->batch.written);
	waiters_move(&told, &c->batch.waiters);
	if (c->failed) {
		waiters_move(&told, &c->written);
		waiters_move(&told, &c->waiters);
	}
	waiters_tell(&told, c->failed ? &c->why : &ok);
	/* The records of this batch are on disk all the same. */
	if (c->batch.after.code)
		fail(c, &c->batch.after);
	else if (c->batch.head && !c->failed && c->spec.on_checkpoint)
		c->spec.on_checkpoint(c->spec.arg, recorder_note(&c->files));
	if (!c->failed)
		tell_disk(c);
	c->batch.head = false;
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
		return c->unheaded < c->spec.checkpoint_records ? c->batch_us + WINDOW_US : 0;
	if (c->unsynced_us)
		return c->unsynced_us + LAZY_US;
	return c->unheaded_us + c->spec.checkpoint_ms * 1000;
}

/* See that the timer runs when the next batch is due. */
static void schedule(struct committer *c)
{
	bool work =
	    c->written.first || c->waiters.first ||
	    (!c->failed && (c->lines.n > 0 || c->unsynced_us || (c->unheaded_us && !c->full)));
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
	if (!c->failed && is_rotation_due(c))
		rotate(c);
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

static void account(struct committer *c, size_t bytes)
{
	int64_t now = clock_mono_us();
	c->stats.records++;
	c->unheaded++;
	c->segment_bytes += (int64_t)bytes;
	if (!c->unsynced_us)
		c->unsynced_us = now;
	if (!c->unheaded_us)
		c->unheaded_us = now;
}

static uint64_t append(struct committer *c, const char *kind, struct bytes members,
		       struct waiters *q, commit_done_fn *done, void *arg)
{
	struct err err = { 0 };
	uint64_t seq = 0;
	size_t before = c->lines.n;
	if (c->full && strcmp(kind, "call.intent") == 0)
		err = c->why;
	else if (!c->failed) {
		seq = chain_append(&c->chain, &c->lines, &c->who, clock_wall_ms(), kind, members,
				   &err);
		if (seq == 0 && !done)
			fail(c, &err);
	}
	if (seq != 0) {
		account(c, c->lines.n - before);
		/* Which calls are open, the segment after this one has to know. */
		if (intents_follow_made(&c->intents, kind, seq, members, &err) < 0)
			fail(c, &err);
	}
	if (done)
		waiters_add(q, done, arg, err.code ? &err : NULL);
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
	waiters_add(&c->waiters, done, arg, NULL);
	schedule(c);
}

void commit_redact(const struct committer *c, struct buf *out, struct bytes value)
{
	redaction_write(out, &c->files.redaction, value);
}

bool commit_failed(const struct committer *c, struct err *err)
{
	if ((c->failed || c->full) && err)
		*err = c->why;
	return c->failed || c->full;
}

void commit_stats(const struct committer *c, struct commit_stats *out)
{
	int64_t since = c->busy ? c->batch_us : c->unsynced_us;
	*out = c->stats;
	out->lag_us = since ? clock_mono_us() - since : 0;
	out->segment = c->segment;
}

/* ---- open and close ---- */

static int open_store(struct committer *c, const char *path, struct err *err)
{
	int rc = store_open(&c->store, path, err);
	if (rc == 0)
		rc = store_batch_new(&c->rows, err);
	return rc == 0 ? store_batch_new(&c->batch.rows, err) : rc;
}

static int open_log(struct committer *c, struct err *err)
{
	struct recovered recovered = { 0 };
	int rc = recorder_open(&c->files,
			       &(struct recorder_spec){ .audit_dir = c->spec.audit_dir,
							.key_file = c->spec.key_file,
							.who = c->who,
							.unknown = c->spec.on_unknown,
							.arg = c->spec.arg,
							.keep_ms = c->spec.keep_ms,
							.beside = c->spec.beside,
							.store = c->store,
							.store_path = c->spec.store_path },
			       &recovered, err);
	if (rc == 0 && c->store)
		journal_before(c->stats.store_before, c->files.dir_fd, store_id(c->store));
	if (rc == 0)
		rc = commit_begin(c, err);
	if (rc == 0 && c->spec.on_checkpoint)
		c->spec.on_checkpoint(c->spec.arg, recorder_note(&c->files));
	if (rc == 0)
		tell_disk(c);
	c->stats.recovered_segments = recovered.segments;
	c->stats.recovered_calls = recovered.unknown_calls;
	c->stats.unsent_calls = recovered.unsent_calls;
	c->stats.lost_runs = recovered.lost_runs;
	return rc;
}

static void release(struct committer *c)
{
	timer_stop(c->timer);
	worker_free(c->worker);
	recorder_close(&c->files);
	intents_clear(&c->intents);
	buf_clear(&c->lines);
	buf_clear(&c->batch.lines);
	store_batch_free(c->rows);
	store_batch_free(c->batch.rows);
	store_close(c->store);
	free(c->host);
	free(c->program);
	free(c);
}

int commit_open(struct committer **out, const struct commit_spec *spec, struct err *err)
{
	struct committer *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for the audit log");
	c->loop = spec->loop;
	c->spec = *spec;
	commit_fill_defaults(&c->spec);
	c->intents = INTENTS_INIT(false);
	recorder_init(&c->files);
	c->lines = c->batch.lines = BUF_INIT(PENDING_MAX);
	waiters_init(&c->written);
	waiters_init(&c->waiters);
	waiters_init(&c->batch.written);
	waiters_init(&c->batch.waiters);
	chain_init(&c->chain);
	c->host = strdup(spec->host);
	c->program = spec->program ? strdup(spec->program) : NULL;
	c->who = (struct chain_writer){ .host = c->host, .pid = getpid() };
	int rc = c->host && !c->program == !spec->program
		     ? 0
		     : err_set(err, ERR_NOMEM, "no memory for the audit log");
	if (rc == 0 && spec->store_path)
		rc = open_store(c, spec->store_path, err);
	if (rc == 0)
		rc = open_log(c, err);
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

static void seal(struct committer *c)
{
	struct err why = { 0 };
	if (recorder_seal(&c->files, &why) < 0)
		fail(c, &why);
	else if (c->spec.on_checkpoint)
		c->spec.on_checkpoint(c->spec.arg, recorder_note(&c->files));
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
	if (!c->failed)
		seal(c);
	int rc = 0;
	if (c->failed)
		rc = err_set(err, c->why.code, "%s", c->why.message);
	release(c);
	return rc;
}
