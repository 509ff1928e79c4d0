/* runs_suspend.c - all runs are left to the next process. */
#include <stdlib.h>

#include "commit/commit.h"
#include "net/loop.h"
#include "script/call.h"
#include "script/run_wake.h"
#include "script/runs_private.h"

void run_suspend_calls(struct run *r)
{
	for (struct branch *b = r->branches; b; b = b->next)
		if (b->call)
			(void)call_suspend(b->call, true);
}

static void on_suspend_durable(void *arg, const struct err *err)
{
	struct runs_handle *h = arg;
	struct runs *runs = h->runs;
	(void)err; /* what is lost is done again, or settled, by the next process */
	runs_handle_release(h);
	if (!runs || runs->suspended)
		return;
	runs->suspended = true;
	runs->on_suspended(runs->suspended_arg);
}

static void flush_suspended(struct runs *runs)
{
	timer_stop(runs->grace);
	runs->grace = NULL;
	runs->handle->refs++;
	commit_flush(runs->committer, on_suspend_durable, runs->handle);
}

void runs_look_suspended(struct runs *runs)
{
	INVARIANT(runs->n_awaited > 0);
	if (--runs->n_awaited == 0)
		flush_suspended(runs);
}

static void on_suspend_grace(void *arg)
{
	struct runs *runs = arg;
	struct run_list list = runs_list_awake(runs);
	runs->grace = NULL;
	for (size_t i = 0; i < list.n; i++)
		run_suspend_calls(list.v[i]);
	free((void *)list.v);
	flush_suspended(runs);
}

/* Nothing of it happens any more but the ends of its calls. */
static size_t freeze(struct run *r)
{
	size_t awaited = 0;
	timer_stop(r->wake);
	timer_stop(r->timeout);
	r->wake = r->timeout = NULL;
	for (struct branch *b = r->branches; b; b = b->next) {
		timer_stop(b->wait.timer);
		b->wait.timer = NULL;
		awaited += b->call && call_suspend(b->call, false);
	}
	return awaited;
}

void runs_suspend(struct runs *runs, void (*done)(void *arg), void *arg)
{
	struct run_list list = runs_list_awake(runs);
	INVARIANT(!runs->suspending && runs->store_path);
	runs->suspending = true;
	runs->on_suspended = done;
	runs->suspended_arg = arg;
	if (runs->sleepers)
		sleepers_stop(runs->sleepers);
	for (size_t i = 0; i < list.n; i++)
		runs->n_awaited += freeze(list.v[i]);
	free((void *)list.v);
	if (runs->n_awaited == 0)
		flush_suspended(runs);
	else
		runs->grace = timer_start(runs->loop, RUN_GRACE_MS, on_suspend_grace, runs);
}
