/*
 * parallel.c - parallel{ f, g, ... }: branches of a run, and how they end together.
 *
 * The branches are threads of the run's state, resumed by the host, not by the thread that called
 * parallel. Functions, threads, results and the first error are in a table in the registry under the
 * group's address: [i] is function i, then its thread, then its result.
 *
 * A failing branch stops the others where they sleep or wait for an approval, now or later, and only
 * there: calls in flight end first, and what follows them goes on to the next sleep.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/loop.h"
#include "script/error_object.h"
#include "script/json_lua.h"
#include "script/rows.h"
#include "script/run_private.h"
#include "script/steps.h"

enum { BRANCHES_MAX = 10000 };

struct group {
	struct branch *parent;
	struct group *outer; /* the one parent belongs to, or NULL */
	unsigned n, started, live;
	unsigned failed; /* number of the branch that raised first; 0: none */
	bool stopped;    /* a branch was stopped because of an outer one: there is no result */
	char path[STEP_PATH_SIZE];
	char hash[SHA256_HEX + 1];
	bool recorded;
};

void group_free(struct group *g)
{
	free(g);
}

bool branch_fails(const struct branch *b)
{
	for (const struct group *g = b->group; g; g = g->outer)
		if (g->failed)
			return true;
	return false;
}

/* ---- beginning a branch ---- */

struct begin {
	struct group *group;
	unsigned i;
	lua_State *thread;
};

static int begin_protected(lua_State *L)
{
	struct begin *begin = lua_touserdata(L, 1);
	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, begin->group);
	begin->thread = lua_newthread(L);
	(void)lua_rawgeti(L, -2, begin->i);
	lua_xmove(L, begin->thread, 1);
	lua_rawseti(L, -2, begin->i);
	return 0;
}

/* False: no memory. */
static bool begin_branch(struct group *g)
{
	struct run *r = g->parent->run;
	struct begin begin = { .group = g, .i = ++g->started };
	struct branch *b = NULL;
	if (state_protect(r->state, begin_protected, &begin, 0) != LUA_OK ||
	    branch_new(&b, r, g, begin.i) < 0)
		return false;
	b->thread = begin.thread;
	b->depth = g->parent->depth + 1;
	(void)snprintf(b->prefix, sizeof(b->prefix), "%.*s.%u.", STEP_PATH_SIZE - 16, g->path,
		       begin.i);
	g->live++;
	branch_runnable(b);
	return true;
}

/* ---- the end of all ---- */

static void complete(struct group *g)
{
	struct branch *parent = g->parent;
	if (g->stopped && !g->failed)
		parent->wait.kind = WAIT_STOPPED;
	branch_runnable(parent);
}

/* One has ended: the next one begins, or all have. False: no memory for the next one. */
static bool go_on(struct group *g)
{
	bool stopping = g->failed || g->stopped || branch_fails(g->parent);
	while (!stopping && g->started < g->n && g->live < g->parent->run->parallel_max)
		if (!begin_branch(g))
			return false;
	if (g->started < g->n && stopping && !g->failed)
		g->stopped = true;
	if (g->live == 0)
		complete(g);
	return true;
}

static bool ended(struct branch *b)
{
	struct group *g = b->group;
	branch_free(b);
	g->live--;
	return go_on(g);
}

/* ---- the end of a branch ---- */

struct keep {
	struct branch *branch;
	bool failed;
};

static int keep_protected(lua_State *L)
{
	const struct keep *k = lua_touserdata(L, 1);
	const struct branch *b = k->branch;
	if (!lua_checkstack(b->thread, 1))
		return luaL_error(L, "not enough memory");
	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, b->group);
	lua_pushvalue(b->thread, -1);
	lua_xmove(b->thread, L, 1);
	if (k->failed) {
		lua_setfield(L, -2, "error");
		return 0;
	}
	if (lua_isnil(L, -1)) { /* a list has no holes */
		lua_pop(L, 1);
		lua_pushlightuserdata(L, NULL);
	}
	lua_rawseti(L, -2, b->number);
	return 0;
}

bool branch_returned(struct branch *b)
{
	struct keep keep = { .branch = b };
	if (state_protect(b->run->state, keep_protected, &keep, 0) != LUA_OK)
		return false;
	return ended(b);
}

static bool is_inside(const struct branch *b, const struct group *g)
{
	for (const struct group *at = b->group; at; at = at->outer)
		if (at == g)
			return true;
	return false;
}

/* Those that sleep now are stopped now; the others when they come to a sleep. */
static void stop_sleepers(struct run *r, const struct group *g)
{
	for (struct branch *b = r->branches; b; b = b->next) {
		bool sleeps = b->wait.kind == WAIT_SLEEP || b->wait.kind == WAIT_APPROVAL;
		if (!sleeps || b->wait.came || !is_inside(b, g))
			continue;
		timer_stop(b->wait.timer);
		b->wait.timer = NULL;
		b->wait.kind = WAIT_STOPPED;
		branch_runnable(b);
	}
}

bool branch_raised(struct branch *b)
{
	struct group *g = b->group;
	struct run *r = b->run;
	struct keep keep = { .branch = b, .failed = true };
	if (!g)
		return false;
	if (!g->failed) {
		if (state_protect(r->state, keep_protected, &keep, 0) != LUA_OK)
			return false;
		g->failed = b->number;
		stop_sleepers(r, g);
	}
	return ended(b);
}

static int close_protected(lua_State *L)
{
	struct branch *b = lua_touserdata(L, 1);
	struct state *s = state_of(L);
	s->open = false;
	s->current = b->thread;
	(void)lua_resetthread(b->thread);
	s->current = L;
	return 0;
}

bool branch_stopped(struct branch *b)
{
	struct group *g = b->group;
	struct state *s = b->run->state;
	b->run->current = b;
	(void)state_protect(s, close_protected, b, 0);
	lua_settop(s->L, 0);
	g->stopped = true;
	return ended(b);
}

/* ---- the global ---- */

static void record_end(struct branch *b, const struct group *g)
{
	if (!g->recorded)
		rows_end(b, &(struct rows_end){ .kind = STEP_BRANCHES,
						.hash = g->hash,
						.outcome = g->failed ? "error" : "ok" });
}

/* "branch 2: ..." in front of a text; an error object gets the member `branch`. */
static int raise_error(lua_State *L, unsigned number)
{
	(void)lua_getfield(L, -1, "error");
	if (lua_type(L, -1) == LUA_TSTRING) {
		(void)lua_pushfstring(L, "branch %d: %s", (int)number, lua_tostring(L, -1));
	} else if (error_object_is(L, -1)) {
		lua_pushinteger(L, (lua_Integer)number);
		lua_setfield(L, -2, "branch");
	}
	return lua_error(L);
}

static int joined(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	struct group *g = b->inner;
	unsigned failed = g->failed;
	(void)status, (void)ctx;
	record_end(b, g);
	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, g);
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, g);
	b->inner = NULL;
	group_free(g);
	if (failed)
		return raise_error(L, failed);
	luaL_setmetatable(L, JSON_ARRAY_METATABLE);
	return 1;
}

/* Copy the list at 1 into the registry, checked. */
static unsigned take_functions(lua_State *L)
{
	size_t n = lua_rawlen(L, 1);
	luaL_argcheck(L, n <= BRANCHES_MAX, 1, "at most 10,000 functions");
	lua_createtable(L, (int)n, 1);
	for (size_t i = 1; i <= n; i++) {
		if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TFUNCTION)
			return (unsigned)luaL_error(L,
						    "parallel: element %d is a %s, not a function",
						    (int)i, luaL_typename(L, -1));
		lua_rawseti(L, -2, (lua_Integer)i);
	}
	return (unsigned)n;
}

static int parallel(lua_State *L)
{
	struct branch *b = branch_of(L);
	char text[32];
	luaL_checktype(L, 1, LUA_TTABLE);
	state_check_wait(L, "parallel");
	if (b->depth >= BRANCH_DEPTH_MAX)
		return luaL_error(L, "parallel: more than %d levels deep", BRANCH_DEPTH_MAX);
	unsigned n = take_functions(L);
	step_number(L, b);
	group_free(b->inner); /* of one that raised before it began */
	b->inner = NULL;
	struct group *g = calloc(1, sizeof(*g));
	if (!g)
		return luaL_error(L, "parallel: not enough memory");
	b->inner = g; /* owned by the branch from here, whatever Lua raises */
	*g = (struct group){ .parent = b, .outer = b->group, .n = n };
	(void)snprintf(g->path, sizeof(g->path), "%s", b->path);
	int length = snprintf(text, sizeof(text), "parallel/%u", n);
	step_hash(g->hash, (struct bytes){ text, (size_t)length });
	g->recorded = step_find(L, b, STEP_BRANCHES, NULL, g->hash) != NULL;
	lua_rawsetp(L, LUA_REGISTRYINDEX, g);
	return branch_wait(L, b, WAIT_BRANCHES, joined);
}

bool branch_join(struct branch *b)
{
	return go_on(b->inner);
}

void parallel_open(lua_State *L)
{
	lua_pushcfunction(L, parallel);
	lua_setglobal(L, "parallel");
}
