/* runs.c - all runs of a process: their life together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "script/approval.h"
#include "script/approve.h"
#include "script/call.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_machine.h"
#include "script/run_wake.h"

enum { PASSIVE_MS = 30 * 1000 };

/* ---- life ---- */

/* Outlives the runs: what waits for the committer looks through it. */
struct runs_handle {
	struct runs *runs; /* NULL: gone */
	size_t refs;
};

static void release(struct runs_handle *h)
{
	if (--h->refs == 0)
		free(h);
}

static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return !s || *out;
}

int runs_new(struct runs **out, const struct runs_spec *spec, struct err *err)
{
	struct runs *runs = calloc(1, sizeof(*runs));
	struct runs_handle *handle = calloc(1, sizeof(*handle));
	if (!runs || !handle) {
		free(runs);
		free(handle);
		return err_set(err, ERR_NOMEM, "no memory for the runs");
	}
	*handle = (struct runs_handle){ runs, 1 };
	*runs = (struct runs){
		.loop = spec->loop,
		.committer = spec->committer,
		.registry = spec->registry,
		.rules = spec->rules,
		.culprit = spec->culprit,
		.passive_ms = spec->passive_ms > 0 ? spec->passive_ms : PASSIVE_MS,
		.carried = spec->carried,
		.handle = handle,
	};
	int rc = watch_new(&runs->watch, err);
	if (rc == 0 &&
	    (!copy(&runs->lua_dir, spec->lua_dir) || !copy(&runs->store_path, spec->store_path)))
		rc = err_set(err, ERR_NOMEM, "no memory for the runs");
	if (rc == 0 && runs->store_path)
		rc = sleepers_new(&runs->sleepers, runs, err);
	if (rc < 0) {
		runs_free(runs);
		return rc;
	}
	*out = runs;
	return 0;
}

/* Runs that are awake, for changing them one after the other. */
struct list {
	struct run **v;
	size_t n;
};

static void add_to_list(struct run_key *k, void *arg)
{
	struct list *list = arg;
	if (!k->asleep)
		list->v[list->n++] = CONTAINER_OF(k, struct run, key);
}

/* Owned by the caller: free v. */
static struct list list_awake(const struct runs *runs)
{
	struct list list = { .v = calloc(runs->n_awake + 1, sizeof(struct run *)) };
	INVARIANT(list.v != NULL);
	run_index_each(&runs->index, add_to_list, &list);
	return list;
}

static void suspend_calls(struct run *r)
{
	for (struct branch *b = r->branches; b; b = b->next)
		if (b->call)
			(void)call_suspend(b->call, true);
}

static void end_awake(struct runs *runs)
{
	struct list list = list_awake(runs);
	for (size_t i = 0; i < list.n; i++) {
		if (runs->suspending && !list.v[i]->check) {
			suspend_calls(list.v[i]);
			run_leave(list.v[i]);
		} else {
			run_end_early(list.v[i], RUN_CANCELLED, "the program is ending", true);
		}
	}
	free((void *)list.v);
}

void runs_free(struct runs *runs)
{
	if (!runs)
		return;
	if (runs->sleepers)
		sleepers_stop(runs->sleepers);
	end_awake(runs);
	timer_stop(runs->grace);
	sleepers_free(runs->sleepers);
	run_index_clear(&runs->index);
	runs->handle->runs = NULL;
	release(runs->handle);
	watch_free(runs->watch);
	free(runs->lua_dir);
	free(runs->store_path);
	free(runs);
}

size_t runs_alive(const struct runs *runs)
{
	return runs->index.n;
}

size_t runs_asleep(const struct runs *runs)
{
	return runs->sleepers ? sleepers_count(runs->sleepers) : 0;
}

/* ---- one run ---- */

int run_start(char id[RUN_ID_SIZE], struct runs *runs, const struct run_spec *spec, struct err *err)
{
	struct run *r = NULL;
	if (runs->suspending)
		return err_set(err, ERR_INVALID, "the program is ending");
	int rc = run_new(&r, runs, spec, err);
	if (rc == 0)
		rc = run_read_source(r, spec->path, err);
	if (rc == 0)
		rc = rules_run_begin(runs->rules, r, r->source, bytes_str(r->facts.input), err);
	if (rc < 0) {
		if (r)
			run_free(r);
		return rc;
	}
	(void)snprintf(id, RUN_ID_SIZE, "%s", r->facts.id);
	record_run_start(r, "run.start");
	rows_run_new(r);
	rows_soon(r);
	run_begin(r, spec->timeout_ms);
	return 0;
}

bool run_cancel(struct runs *runs, const char *id, const char *why)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	if (!k || runs->suspending)
		return false;
	if (k->asleep) {
		sleeper_cancel(runs->sleepers, k, why);
		return true;
	}
	struct run *r = CONTAINER_OF(k, struct run, key);
	run_end_early(r, RUN_CANCELLED, why, r->sm.now == RUN_M_ENDING);
	return true;
}

/* ---- leaving memory ---- */

/* When the first of its branches goes on by itself; 0: one waits for something else. */
static int64_t wakes_at(const struct run *r, const char **waits_for)
{
	int64_t first = INT64_MAX;
	*waits_for = NULL;
	for (const struct branch *b = r->branches; b; b = b->next) {
		if (b->wait.kind == WAIT_BRANCHES)
			continue;
		if (b->wait.came || (b->wait.kind != WAIT_SLEEP && b->wait.kind != WAIT_APPROVAL))
			return 0;
		if (!*waits_for || b->wait.kind == WAIT_APPROVAL)
			*waits_for = b->wait.kind == WAIT_APPROVAL ? "approval" : "sleep";
		if (b->wait.until_ms < first)
			first = b->wait.until_ms;
	}
	return first;
}

struct leaving {
	struct runs_handle *handle;
	uint64_t number, moved;
};

static struct run *find_unmoved(const struct leaving *l)
{
	struct runs *runs = l->handle->runs;
	struct run_key *k = runs ? run_index_by_number(&runs->index, l->number) : NULL;
	struct run *r = k && !k->asleep ? CONTAINER_OF(k, struct run, key) : NULL;
	return r && r->moved == l->moved && !runs->suspending && r->sm.now == RUN_M_WAITING ? r
											    : NULL;
}

/* All that is known of it is in the store. */
static void on_leave_durable(void *arg, const struct err *err)
{
	struct leaving *l = arg;
	struct run *r = err->code == 0 ? find_unmoved(l) : NULL;
	if (r) {
		struct runs *runs = r->runs;
		const char *waits_for;
		char id[RUN_ID_SIZE];
		struct run_listener listener = r->listener;
		int64_t wake_ms = wakes_at(r, &waits_for);
		if (r->facts.deadline_ms > 0 && r->facts.deadline_ms < wake_ms)
			wake_ms = r->facts.deadline_ms;
		memcpy(id, r->facts.id, sizeof(id));
		run_drop(r);
		sleepers_add(runs->sleepers, id, wake_ms, &listener, SLEEP_PLAIN);
		runs_made_room(runs);
	}
	release(l->handle);
	free(l);
}

void run_consider_leaving(struct run *r)
{
	struct runs *runs = r->runs;
	const char *waits_for = NULL;
	journal_free(r->replayed);
	r->replayed = NULL;
	int64_t wake_ms = runs->store_path && !r->check ? wakes_at(r, &waits_for) : 0;
	if (wake_ms == 0)
		return;
	bool far = wake_ms - clock_wall_ms() > runs->passive_ms;
	if (far || strcmp(waits_for, "approval") == 0)
		rows_run_waits(r, wake_ms, waits_for);
	struct leaving *l = far ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return;
	*l = (struct leaving){ runs->handle, r->key.number, r->moved };
	runs->handle->refs++;
	commit_flush(runs->committer, on_leave_durable, l);
}

/* ---- votes ---- */

static struct branch *asks(struct run *r, const char *path)
{
	struct branch *found = NULL;
	for (struct branch *b = r->branches; b; b = b->next)
		if (b->wait.kind == WAIT_APPROVAL && !b->wait.came &&
		    (!path || strcmp(path, b->path) == 0))
			found = found ? NULL : b; /* of several none is meant */
	return found;
}

static int no_approval(struct err *err, const char *id, const char *path)
{
	return err_set(err, ERR_INVALID, "run %s waits for no approval%s%s", id,
		       path ? " at step " : ", or for several: name the step", path ? path : "");
}

static int check_voter(const char *actor, const struct approval *a, const char *voter,
		       struct err *err)
{
	if (approval_is_asker(actor, voter))
		return err_set(err, ERR_INVALID,
			       "%s started the run: somebody else has to approve it", voter);
	cJSON *details = json_parse(bytes_str(a->details), NULL);
	const char *people = json_get_str(details, "people");
	int rc = rules_may_vote(people ? people : "", voter)
		     ? 0
		     : err_set(err, ERR_INVALID, "%s is not one of those who may approve it: %s",
			       voter, people);
	cJSON_Delete(details);
	return rc;
}

static void write_vote(struct runs *runs, const struct vote_row *v)
{
	record_vote(runs, v);
	rows_vote(runs, v);
}

static int vote_awake(struct run *r, struct vote_row *v, struct err *err)
{
	struct branch *b = asks(r, v->path);
	if (!b)
		return no_approval(err, v->run, v->path);
	int rc = check_voter(r->facts.actor, b->approval, v->voter, err);
	if (rc < 0)
		return rc;
	v->path = b->path;
	v->attempt = r->facts.attempt;
	if (!approval_vote(b->approval, v))
		return err_set(err, ERR_NOMEM, "no memory for a vote");
	write_vote(r->runs, v);
	r->moved++;
	approve_look(b); /* may free r */
	return 0;
}

static const struct approval *asked_in(const struct run_record *record, const char *path)
{
	const struct approval *found = NULL;
	for (const struct approval *a = record->approvals; a; a = a->next)
		if (!path || strcmp(path, a->path) == 0)
			found = found ? NULL : a;
	return found;
}

static int vote_asleep(struct runs *runs, struct run_key *k, struct vote_row *v, struct err *err)
{
	struct run_record *record = NULL;
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	int rc = reader ? run_record_read(&record, reader, k->id, RUN_RECORD_REPLAY, err) : -ERR_IO;
	if (rc < 0)
		return rc;
	const struct approval *a = asked_in(record, v->path);
	rc =
	    a ? check_voter(record->row.actor, a, v->voter, err) : no_approval(err, k->id, v->path);
	if (rc == 0) {
		v->path = a->path;
		v->attempt = record->row.attempt;
		write_vote(runs, v);
		if (!sleeper_vote(runs->sleepers, k, v))
			rc = err_set(err, ERR_NOMEM, "no memory for a vote");
	}
	run_record_free(record);
	return rc;
}

int run_vote(struct runs *runs, const char *id, const char *path, const char *voter, bool approve,
	     const char *comment, struct err *err)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	struct vote_row v = { .run = id,
			      .path = path,
			      .voter = voter,
			      .approve = approve,
			      .comment = comment,
			      .at_ms = clock_wall_ms() };
	if (!k || runs->suspending)
		return err_set(err, ERR_INVALID, "no run %s is going on", id);
	if (k->asleep)
		return vote_asleep(runs, k, &v, err);
	return vote_awake(CONTAINER_OF(k, struct run, key), &v, err);
}

/* ---- suspending ---- */

static void on_suspend_durable(void *arg, const struct err *err)
{
	struct runs_handle *h = arg;
	struct runs *runs = h->runs;
	(void)err; /* what is lost is done again, or settled, by the next process */
	release(h);
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
	struct list list = list_awake(runs);
	runs->grace = NULL;
	for (size_t i = 0; i < list.n; i++)
		suspend_calls(list.v[i]);
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
	struct list list = list_awake(runs);
	INVARIANT(!runs->suspending);
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
