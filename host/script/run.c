/*
 *	READY ──► RUNNING ◄──► WAITING      calls, sleeps, approvals, turns, or the next slice
 *	  │          │            │
 *	  │          │            ├──► ENDING   cancelled or timed out while changing calls are in
 *	  │          ▼            ▼       │     flight: their answers are waited for
 *	  └───────► ENDED ◄───────────────┘
 *
 * run_advance makes of a run what can be made of it: it resumes one branch after the other until each
 * of them waits for something that has not come. The order in which it does so is the same in every
 * replay: branches that may go on by themselves first, in the order in which they could; then ends, in
 * the order in which they came.
 */
#include "script/run.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "net/loop.h"
#include "script/call.h"
#include "script/culprit.h"
#include "script/gate.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/run_load.h"
#include "script/run_machine.h"
#include "script/run_private.h"
#include "script/run_wake.h"

enum { TURNS_MAX = 256 }; /* of one run in one turn of the loop */

struct run *run_of(lua_State *L)
{
	return state_of(L)->owner;
}

/* ---- what has come ---- */

static struct run *find(struct runs *runs, uint64_t number)
{
	struct run_key *k = run_index_by_number(&runs->index, number);
	return k && !k->asleep ? CONTAINER_OF(k, struct run, key) : NULL;
}

static struct branch *branch_at(struct run *r, uint64_t generation)
{
	struct branch *b = r ? r->branches : NULL;
	while (b && b->wait.generation != generation)
		b = b->next;
	return b;
}

static void queue_end(struct branch *b)
{
	struct queue *q = &b->run->ends;
	b->wait.came = true;
	b->wait.next_end = NULL;
	if (q->last)
		q->last->wait.next_end = b;
	else
		q->first = b;
	q->last = b;
}

static struct branch *pop_ready_end(struct run *r)
{
	struct branch *b = r->ends.first;
	if (!b || !b->wait.ready)
		return NULL;
	r->ends.first = b->wait.next_end;
	if (!r->ends.first)
		r->ends.last = NULL;
	return b;
}

bool run_came(struct runs *runs, struct run_ticket ticket)
{
	struct branch *b = branch_at(find(runs, ticket.number), ticket.generation);
	if (!b || b->wait.came)
		return false;
	b->run->moved++;
	queue_end(b);
	return true;
}

bool run_wake(struct runs *runs, struct run_ticket ticket)
{
	struct run *r = find(runs, ticket.number);
	struct branch *b = branch_at(r, ticket.generation);
	if (!b)
		return false;
	if (!b->wait.came)
		queue_end(b);
	b->wait.ready = true;
	r->moved++;
	if (runs->suspending)
		runs_look_suspended(runs);
	else if (r->sm.now == RUN_M_ENDING)
		run_end_when_quiet(r); /* may free r */
	else
		run_advance(r); /* may free r */
	return true;
}

/* ---- whose turn it is ---- */

static struct branch *waiting_for(struct run *r, const struct journal_step *s)
{
	struct branch *b = r->branches;
	while (b && !(b->wait.kind == WAIT_RECORDED && b->wait.recorded == s))
		b = b->next;
	return b;
}

static struct branch *next_recorded(struct run *r)
{
	struct journal_step *s = journal_next(r->journal);
	struct branch *b = s ? waiting_for(r, s) : NULL;
	if (b)
		journal_deliver(r->journal);
	return b;
}

/* The replay is over: those that were kept waiting begin, in the order in which they asked. */
static void release_turns(struct run *r)
{
	for (;;) {
		struct branch *first = NULL;
		for (struct branch *b = r->branches; b; b = b->next)
			if (b->wait.kind == WAIT_TURN &&
			    (!first || b->wait.generation < first->wait.generation))
				first = b;
		if (!first)
			return;
		first->wait.kind = WAIT_NONE;
		branch_runnable(first);
	}
}

static void end_replay(struct run *r)
{
	release_turns(r);
	r->replayed = r->journal; /* branches that begin now still look at their steps */
	r->journal = NULL;
}

static struct branch *next_branch(struct run *r)
{
	struct branch *b = queue_pop_runnable(r);
	if (b)
		return b;
	if (r->journal && journal_over(r->journal) && !r->check) {
		end_replay(r);
		b = queue_pop_runnable(r);
	}
	if (b)
		return b;
	return r->journal ? next_recorded(r) : pop_ready_end(r);
}

/* ---- going on ---- */

static void on_slice(void *arg)
{
	struct run *r = arg;
	r->wake = NULL;
	run_advance(r); /* may free r */
}

static void in_next_turn(struct run *r)
{
	if (!r->wake)
		r->wake = timer_start(r->runs->loop, 0, on_slice, r);
}

static void no_memory(struct run *r)
{
	run_end_with(r, RUN_FAILED, "not enough memory for the branches of parallel");
}

/* b's thread has come to a wait. False: the run has ended. */
static bool now_waits(struct run *r, struct branch *b)
{
	bool ok = true;
	if (b->wait.kind == WAIT_BRANCHES)
		ok = branch_join(b);
	else if (b->wait.kind == WAIT_STOPPED)
		branch_runnable(b);
	if (!ok)
		no_memory(r);
	return ok;
}

/* False: the run has ended. */
static bool took_end(struct run *r, struct branch *b, enum state_status status)
{
	bool ok;
	if (r->stopped) {
		run_end_stopped(r);
		return false;
	}
	if (!b->group || r->state->fatal != FATAL_NONE) {
		if (status == STATE_RETURNED)
			run_end_returned(r);
		else
			run_end_raised(r);
		return false;
	}
	ok = status == STATE_RETURNED ? branch_returned(b) : branch_raised(b);
	if (!ok)
		no_memory(r);
	return ok;
}

/* False: the run has ended. */
static bool resume(struct run *r, struct branch *b)
{
	if (b->wait.kind == WAIT_STOPPED) {
		if (branch_stopped(b))
			return true;
		no_memory(r);
		return false;
	}
	struct journal_step *recorded = b->wait.recorded;
	double seconds = b->wait.seconds;
	b->wait = (struct waiting){ .generation = ++r->generation,
				    .recorded = recorded,
				    .seconds = seconds };
	r->current = b;
	r->moved++;
	if (r->row_state == RUN_STATE_WAITING)
		rows_run_on(r);
	culprit_set(r->runs->culprit, r->facts.id);
	enum state_status status = state_resume(r->state, b->thread);
	culprit_clear(r->runs->culprit);
	switch (status) {
	case STATE_RETURNED:
	case STATE_RAISED:
		return took_end(r, b, status);
	case STATE_PAUSED:
		r->paused = b;
		return true;
	case STATE_WAITING:
		break;
	}
	return now_waits(r, b);
}

/* Every branch waits, and recorded ends are left that none of them waits for. */
static void end_stuck(struct run *r)
{
	char text[RUN_MESSAGE_SIZE];
	const struct journal_step *s = journal_next(r->journal);
	if (!s || s->asked)
		s = journal_unasked(r->journal);
	(void)snprintf(text, sizeof(text),
		       "not deterministic: step %s (%s) is recorded, but the script did not ask "
		       "for it again",
		       s ? s->path : "?", s && s->operation ? s->operation : "not a call");
	run_end_with(r, RUN_PARKED, text);
}

static void all_wait(struct run *r)
{
	sm_move(&r->sm, RUN_M_WAITING);
	if (r->check && journal_over(r->journal))
		run_end_with(r, RUN_DONE, "");
	else if (r->journal && !journal_over(r->journal))
		end_stuck(r);
	else
		run_consider_leaving(r); /* may free r */
}

void run_advance(struct run *r)
{
	if (r->sm.now != RUN_M_RUNNING)
		sm_move(&r->sm, RUN_M_RUNNING);
	if (r->too_much) {
		run_end_with(r, RUN_FAILED,
			     "the answers of the run are more than the 16 MiB that its journal "
			     "may hold");
		return;
	}
	struct branch *b = r->paused;
	r->paused = NULL;
	for (int turns = 0; turns < TURNS_MAX; turns++) {
		if (!b)
			b = next_branch(r);
		if (!b) {
			all_wait(r); /* may free r */
			return;
		}
		if (!resume(r, b))
			return;
		if (r->paused)
			break;
		b = NULL;
	}
	sm_move(&r->sm, RUN_M_WAITING);
	in_next_turn(r);
}

void run_too_much(struct run *r)
{
	r->too_much = true;
}

int run_stop(lua_State *L, enum run_outcome outcome, const char *fmt, ...)
{
	struct run *r = run_of(L);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	r->ending = outcome;
	r->stopped = true;
	return state_stop(L);
}

/* ---- the beginning ---- */

static void log_line(void *owner, enum log_level level, const char *text)
{
	struct run *r = owner;
	if (r->listener.on_log && !r->check && !run_replays(r))
		r->listener.on_log(r->listener.arg, r->facts.id, level, text);
}

static bool push_namespace(lua_State *L, void *owner, const char *name)
{
	return gate_push_namespace(L, owner, name);
}

static void module_loaded(void *owner, const char *name, const char *path, struct bytes source)
{
	record_module(owner, name, path, source);
	rows_module(owner, name, path, source);
}

static bool module_pinned(void *owner, const char *name, const char **path, struct bytes *source)
{
	const struct run *r = owner;
	const struct module_pin *m = r->check ? NULL : run_record_module(r->record, name);
	if (!m)
		return false;
	*path = m->path;
	*source = (struct bytes){ m->source, m->n_source };
	return true;
}

static int open_protected(lua_State *L)
{
	run_globals(L);
	approve_open(L);
	secret_open(L);
	parallel_open(L);
	gate_open(L);
	return 0;
}

static int load_script(struct run *r, struct err *err)
{
	cJSON *input = json_parse(bytes_str(r->facts.input), err);
	if (!input)
		return -ERR_INVALID;
	int rc = state_load(r->state, r->facts.path, (struct bytes){ r->source, r->n_source },
			    input, err);
	cJSON_Delete(input);
	free(r->source);
	r->source = NULL;
	free(r->facts.input);
	r->facts.input = NULL;
	return rc;
}

static int load(struct run *r, struct err *err)
{
	static const struct state_host host = { log_line, push_namespace, module_loaded,
						module_pinned };
	char seed[64];
	struct branch *root = NULL;
	struct state_spec spec = r->limits;
	(void)snprintf(seed, sizeof(seed), "%s/%d", r->facts.id, r->facts.attempt);
	spec.watch = r->runs->watch;
	spec.host = &host;
	spec.owner = r;
	spec.folder = r->facts.folder;
	spec.lua_dir = r->runs->lua_dir;
	spec.seed = seed;
	int rc = state_new(&r->state, &spec, err);
	if (rc < 0)
		return rc;
	if (state_protect(r->state, open_protected, NULL, 0) != LUA_OK)
		return err_set(err, ERR_LIMIT, "not enough memory for a Lua state");
	rc = load_script(r, err);
	if (rc < 0)
		return rc;
	if (branch_new(&root, r, NULL, 0) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	root->thread = r->state->root;
	branch_runnable(root);
	return 0;
}

static int load_noted(struct run *r, struct err *err)
{
	culprit_set(r->runs->culprit, r->facts.id);
	int rc = load(r, err);
	culprit_clear(r->runs->culprit);
	return rc;
}

/* It is carried on after its end: nothing new is begun, not even before a timer could fire. */
static bool is_over_time(const struct run *r)
{
	int64_t deadline_ms = r->facts.deadline_ms;
	return !r->check && deadline_ms > 0 && deadline_ms <= clock_wall_ms();
}

static void on_begin(void *arg)
{
	struct run *r = arg;
	struct err err = { 0 };
	r->wake = NULL;
	if (run_died_too_often(r))
		run_end_with(r, RUN_PARKED, "the process that was running it died three times");
	else if (is_over_time(r))
		run_end_with(r, RUN_TIMED_OUT, "the run's time is up");
	else if (load_noted(r, &err) < 0)
		run_end_with(r, RUN_FAILED, err.message);
	else
		run_advance(r); /* may free r */
}

void run_begin_now(struct run *r)
{
	timer_stop(r->wake);
	on_begin(r);
}

void run_begin(struct run *r, int64_t timeout_ms)
{
	run_machine_init(r);
	r->wake = timer_start(r->runs->loop, 0, on_begin, r);
	if (timeout_ms > 0)
		run_start_timeout(r, timeout_ms);
}
