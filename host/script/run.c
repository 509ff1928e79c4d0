/*
 *	READY ──► RUNNING ◄──► WAITING      a call, a sleep, or the next slice
 *	  │          │            │
 *	  │          │            ├──► ENDING   cancelled or timed out while a changing call is in
 *	  │          ▼            ▼       │     flight: its answer is waited for
 *	  └───────► ENDED ◄───────────────┘
 */
#include "script/run.h"

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
#include "script/render.h"
#include "script/run_private.h"
#include "script/unknown.h"

enum { READY, RUNNING, WAITING, ENDING, ENDED };

static const struct sm_state states[] = {
	[READY] = { "ready", SM_TO(RUNNING) | SM_TO(ENDED) },
	[RUNNING] = { "running", SM_TO(WAITING) | SM_TO(ENDED) },
	[WAITING] = { "waiting", SM_TO(RUNNING) | SM_TO(ENDING) | SM_TO(ENDED) },
	[ENDING] = { "ending", SM_TO(ENDED) },
	[ENDED] = { "ended", 0 },
};

const char *run_outcome_name(enum run_outcome o)
{
	switch (o) {
	case RUN_DONE:
		return "done";
	case RUN_FAILED:
		return "failed";
	case RUN_CANCELLED:
		return "cancelled";
	case RUN_TIMED_OUT:
		return "timed_out";
	case RUN_UNKNOWN:
		return "unknown";
	case RUN_REFUSED:
		return "refused";
	case RUN_AUDIT_UNAVAILABLE:
		return "audit_unavailable";
	}
	return "failed";
}

struct run *run_of(lua_State *L)
{
	return state_of(L)->owner;
}

struct run_ticket run_ticket(const struct run *r)
{
	return (struct run_ticket){ r->number, r->generation };
}

void run_add_unknown(struct run *r, const struct call *c)
{
	unknown_add(&r->unknown, c);
}

/* ---- the end ---- */

static void stop_timers(struct run *r)
{
	timer_stop(r->wake);
	timer_stop(r->timeout);
	timer_stop(r->grace);
	r->wake = r->timeout = r->grace = NULL;
}

/* The last thing that happens to a run. Frees it. */
static void end(struct run *r, struct run_end *e)
{
	sm_move(&r->sm, ENDED);
	stop_timers(r);
	e->id = r->facts.id;
	e->unknown = r->unknown.v;
	e->n_unknown = r->unknown.n;
	if (e->n_unknown > 0) {
		e->outcome = RUN_UNKNOWN;
		if (!e->message[0])
			e->message = "it returned, but how a change it made ended is not known";
	}
	record_run_end(r, e);
	r->on_end(r->arg, e);
	run_free(r);
}

static void end_with(struct run *r, enum run_outcome outcome, const char *message)
{
	char copy[sizeof(r->why)];
	(void)snprintf(copy, sizeof(copy), "%s", message);
	end(r, &(struct run_end){ .outcome = outcome, .message = copy, .traceback = "" });
}

static void end_returned(struct run *r)
{
	struct buf result = BUF_INIT(r->result_max);
	struct err err;
	if (render_result(r->state, &result, &err) < 0)
		end_with(r, RUN_FAILED, err.message);
	else
		end(r, &(struct run_end){ .outcome = RUN_DONE,
					  .result = buf_bytes(&result),
					  .message = "",
					  .traceback = "" });
	buf_clear(&result);
}

static enum run_outcome outcome_of(const struct rendered *why)
{
	if (strcmp(why->code, "PolicyDenied") == 0)
		return RUN_REFUSED;
	if (strcmp(why->code, "AuditUnavailable") == 0)
		return RUN_AUDIT_UNAVAILABLE;
	return RUN_FAILED;
}

static void end_raised(struct run *r)
{
	struct rendered why;
	render_error(r->state, &why);
	end(r, &(struct run_end){ .outcome = outcome_of(&why),
				  .message = why.message,
				  .traceback = buf_cstr(&why.trace) });
	buf_clear(&why.trace);
}

/* ---- running ---- */

static void resume(struct run *r);

static void on_next_slice(void *arg)
{
	struct run *r = arg;
	r->wake = NULL;
	resume(r); /* may free r */
}

static void resume(struct run *r)
{
	sm_move(&r->sm, RUNNING);
	r->generation++;
	culprit_set(r->runs->culprit, r->facts.id);
	enum state_status status = state_resume(r->state);
	culprit_clear(r->runs->culprit);
	switch (status) {
	case STATE_RETURNED:
		end_returned(r);
		return;
	case STATE_RAISED:
		end_raised(r);
		return;
	case STATE_PAUSED:
		r->wake = timer_start(r->runs->loop, 0, on_next_slice, r);
		break;
	case STATE_WAITING:
		break;
	}
	sm_move(&r->sm, WAITING);
}

static struct run *find(struct runs *runs, uint64_t number)
{
	struct run *r = runs->first;
	while (r && r->number != number)
		r = r->next;
	return r;
}

bool run_wake(struct runs *runs, struct run_ticket ticket)
{
	struct run *r = find(runs, ticket.number);
	if (!r || r->generation != ticket.generation)
		return false;
	if (r->sm.now == ENDING) {
		end_with(r, r->ending, r->why);
		return true;
	}
	if (r->sm.now != WAITING)
		return false;
	resume(r); /* may free r */
	return true;
}

/* ---- the beginning ---- */

static void log_line(void *owner, enum log_level level, const char *text)
{
	struct run *r = owner;
	if (r->on_log)
		r->on_log(r->arg, r->facts.id, level, text);
}

static bool push_namespace(lua_State *L, void *owner, const char *name)
{
	return gate_push_namespace(L, owner, name);
}

static void module_loaded(void *owner, const char *name, const char *path, struct bytes source)
{
	record_module(owner, name, path, source);
}

static int open_protected(lua_State *L)
{
	run_globals(L);
	gate_open(L);
	return 0;
}

static int load(struct run *r, struct err *err)
{
	static const struct state_host host = { log_line, push_namespace, module_loaded };
	struct state_spec spec = r->limits;
	spec.watch = r->runs->watch;
	spec.host = &host;
	spec.owner = r;
	spec.folder = r->facts.folder;
	spec.lua_dir = r->runs->lua_dir;
	spec.seed = r->facts.id;
	int rc = state_new(&r->state, &spec, err);
	if (rc < 0)
		return rc;
	if (state_protect(r->state, open_protected, NULL, 0) != LUA_OK)
		return err_set(err, ERR_LIMIT, "not enough memory for a Lua state");
	rc = state_load(r->state, r->facts.path, (struct bytes){ r->source, r->n_source }, r->input,
			err);
	free(r->source);
	r->source = NULL;
	cJSON_Delete(r->input);
	r->input = NULL;
	return rc;
}

static void on_begin(void *arg)
{
	struct run *r = arg;
	struct err err;
	r->wake = NULL;
	culprit_set(r->runs->culprit, r->facts.id);
	int rc = load(r, &err);
	culprit_clear(r->runs->culprit);
	if (rc < 0)
		end_with(r, RUN_FAILED, err.message);
	else
		resume(r); /* may free r */
}

/* ---- ending from outside ---- */

static void on_grace(void *arg)
{
	struct run *r = arg;
	r->grace = NULL;
	(void)call_cancel(r->call, true);
	end_with(r, r->ending, r->why);
}

static void end_early(struct run *r, enum run_outcome outcome, const char *why, bool force)
{
	if (r->sm.now != ENDING) {
		r->ending = outcome;
		(void)snprintf(r->why, sizeof(r->why), "%s", why);
	}
	if (!r->call || !call_cancel(r->call, force)) {
		end_with(r, r->ending, r->why);
		return;
	}
	if (r->sm.now == ENDING)
		return;
	sm_move(&r->sm, ENDING);
	r->grace = timer_start(r->runs->loop, RUN_GRACE_MS, on_grace, r);
}

static void on_timeout(void *arg)
{
	struct run *r = arg;
	r->timeout = NULL;
	if (r->sm.now != ENDING)
		end_early(r, RUN_TIMED_OUT, "the run's time is up", false);
}

bool run_cancel(struct runs *runs, const char *id, const char *why)
{
	for (struct run *r = runs->first; r; r = r->next) {
		if (strcmp(r->facts.id, id) != 0)
			continue;
		end_early(r, RUN_CANCELLED, why, r->sm.now == ENDING);
		return true;
	}
	return false;
}

size_t runs_alive(const struct runs *runs)
{
	size_t n = 0;
	for (const struct run *r = runs->first; r; r = r->next)
		n++;
	return n;
}

void runs_free(struct runs *runs)
{
	if (!runs)
		return;
	while (runs->first)
		end_early(runs->first, RUN_CANCELLED, "the program is ending", true);
	watch_free(runs->watch);
	free(runs->lua_dir);
	free(runs);
}

int runs_new(struct runs **out, const struct runs_spec *spec, struct err *err)
{
	struct runs *runs = calloc(1, sizeof(*runs));
	if (!runs)
		return err_set(err, ERR_NOMEM, "no memory for the runs");
	*runs = (struct runs){
		.loop = spec->loop,
		.committer = spec->committer,
		.registry = spec->registry,
		.culprit = spec->culprit,
		.rules = spec->rules,
		.lua_dir = spec->lua_dir ? strdup(spec->lua_dir) : NULL,
	};
	int rc = watch_new(&runs->watch, err);
	if (rc == 0 && spec->lua_dir && !runs->lua_dir)
		rc = err_set(err, ERR_NOMEM, "no memory for the runs");
	if (rc < 0) {
		runs_free(runs);
		return rc;
	}
	*out = runs;
	return 0;
}

int run_start(char id[RUN_ID_SIZE], struct runs *runs, const struct run_spec *spec, struct err *err)
{
	struct run *r = NULL;
	int rc = run_new(&r, runs, spec, err);
	if (rc < 0)
		return rc;
	r->sm = (struct sm){ .states = states, .now = READY };
	(void)snprintf(id, RUN_ID_SIZE, "%s", r->facts.id);
	record_run_start(r);
	r->wake = timer_start(runs->loop, 0, on_begin, r);
	if (spec->timeout_ms > 0)
		r->timeout = timer_start(runs->loop, spec->timeout_ms, on_timeout, r);
	return 0;
}
