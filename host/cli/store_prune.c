#include "cli/store_prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/store.h"
#include "store/upkeep.h"

enum { MEMBERS_SIZE = 200, FIRST_MS = 60 * 1000, EVERY_MS = 6 * 60 * 60 * 1000 };

struct prune {
	struct host *host;
	int64_t before_ms;
	int64_t at_first, left; /* runs; left is of the last look */
	bool looked;
	int64_t found;       /* by the worker, ... */
	struct err err;      /* ... or why it could not */
	prune_done_fn *done; /* NULL: nobody waits */
	void *arg;
};

static void finish(struct prune *p, const struct err *err)
{
	if (p->done)
		p->done(p->arg, p->at_first - p->left, err);
	free(p);
}

static void count(void *arg)
{
	struct prune *p = arg;
	if (store_count_ended(p->host->store, p->before_ms, &p->found, &p->err) < 0)
		p->found = 0;
}

static void on_counted(void *arg);

static void on_removed(void *arg, const struct err *err)
{
	struct prune *p = arg;
	if (err->code)
		finish(p, err);
	else if (!p->done)
		free(p);
	else
		worker_submit(p->host->worker, count, on_counted, p);
}

static void record(const struct prune *p)
{
	char members[MEMBERS_SIZE], before[ISO8601_SIZE];
	iso8601_format(before, p->before_ms);
	(void)snprintf(members, sizeof(members), "\"before\":\"%s\",\"runs\":%" PRId64, before,
		       p->found);
	(void)commit_append(p->host->committer, "store.prune", bytes_str(members), NULL, NULL);
}

/* Round by round, until there are no more, or some that do not go. */
static void on_counted(void *arg)
{
	struct prune *p = arg;
	bool stuck = p->looked && p->found >= p->left;
	if (!p->looked)
		p->at_first = p->found;
	p->left = p->found;
	if (p->err.code || p->found == 0 || stuck || !p->done) {
		finish(p, &p->err);
		return;
	}
	if (!p->looked)
		record(p);
	p->looked = true;
	store_remove_ended(commit_store(p->host->committer), p->before_ms);
	commit_flush(p->host->committer, on_removed, p);
}

int prune_start(struct prune **out, struct host *h, int64_t before_ms, prune_done_fn *done,
		void *arg, struct err *err)
{
	struct prune *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, ERR_NOMEM, "no memory to prune the store");
	*p = (struct prune){ .host = h, .before_ms = before_ms, .done = done, .arg = arg };
	*out = p;
	worker_submit(h->worker, count, on_counted, p);
	return 0;
}

void prune_leave(struct prune *p)
{
	if (!p)
		return;
	p->done = NULL;
	if (worker_forget(p->host->worker, p))
		free(p);
}

/* ---- serve ---- */

struct prune_timer {
	struct host *host;
	struct timer *timer;
	struct prune *prune;
};

static void on_time(void *arg);

static void on_pruned(void *arg, int64_t runs, const struct err *err)
{
	struct prune_timer *t = arg;
	char text[400];
	t->prune = NULL;
	if (err->code)
		(void)snprintf(text, sizeof(text), "the store is not pruned: %.300s", err->message);
	else
		(void)snprintf(text, sizeof(text), "forgot %" PRId64 " runs, see [store] keep",
			       runs);
	if (err->code || runs > 0)
		terminal_log(&t->host->terminal, err->code ? LOG_WARN : LOG_INFO, text);
	t->timer = timer_start(t->host->loop, EVERY_MS, on_time, t);
}

static void on_time(void *arg)
{
	struct prune_timer *t = arg;
	struct err err = { 0 };
	int64_t keep_ms = t->host->config->store_keep_ms, before_ms = clock_wall_ms() - keep_ms;
	t->timer = NULL;
	if (keep_ms == 0)
		t->timer = timer_start(t->host->loop, EVERY_MS, on_time, t);
	else if (prune_start(&t->prune, t->host, before_ms, on_pruned, t, &err) < 0)
		on_pruned(t, 0, &err);
}

int prune_timer_start(struct prune_timer **out, struct host *h, struct err *err)
{
	struct prune_timer *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, ERR_NOMEM, "no memory to prune the store");
	t->host = h;
	t->timer = timer_start(h->loop, FIRST_MS, on_time, t);
	*out = t;
	return 0;
}

void prune_timer_free(struct prune_timer *t)
{
	if (!t)
		return;
	timer_stop(t->timer);
	prune_leave(t->prune);
	free(t);
}
