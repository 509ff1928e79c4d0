/*
 * sandbox_coroutine.c - coroutines that let the host's waits through.
 *
 * When a function called inside a script's own coroutine waits for the host, the coroutine yields to
 * its resumer; that yield is the host's, so it is passed upward level by level until the root thread
 * yields. When the host resumes the root, each level resumes the one below it. A limit that ended an
 * inner coroutine is raised again in the outer ones.
 */
#include <lauxlib.h>

#include "script/sandbox.h"
#include "script/state.h"

static lua_State *check_coroutine(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);
	luaL_argexpected(L, co, 1, "coroutine");
	return co;
}

/* lua_resume with the state's idea of what is running kept true. */
static int resume_inside(lua_State *L, lua_State *co, int n_args, int *n_results)
{
	struct state *s = state_of(L);
	bool open = s->open;
	s->open = open && lua_isyieldable(L);
	s->yielding = YIELD_NONE;
	s->current = co;
	int rc = lua_resume(co, L, n_args, n_results);
	s->current = L;
	s->open = open;
	return rc;
}

/* ---- resume and wrap ---- */

enum { CLOSES_MAX = 16 }; /* nested: lua_resetthread of 5.4.4 does not count C levels */

/* Run the pending __close of a coroutine that is not running. Its error value, if any, is on its
 * own stack. */
static int close_inside(lua_State *L, lua_State *co)
{
	struct state *s = state_of(L);
	bool open = s->open;
	if (s->closes >= CLOSES_MAX)
		(void)luaL_error(L, "too many nested coroutine closes");
	s->open = false;
	s->closes++;
	s->current = co;
	int rc = lua_resetthread(co);
	s->current = L;
	s->closes--;
	s->open = open;
	return rc;
}

static int deliver(lua_State *L, lua_State *co, int n)
{
	if (!lua_checkstack(L, n + 1)) {
		lua_pop(co, n);
		return luaL_error(L, "too many results to resume");
	}
	lua_xmove(co, L, n);
	return n;
}

static int resume_failed(lua_State *L, lua_State *co, int rc)
{
	lua_xmove(co, L, 1);
	if (state_is_over(state_of(L), rc))
		return state_raise_again(L);
	lua_pushboolean(L, 0);
	lua_insert(L, -2);
	return 2;
}

static int wrap_failed(lua_State *L, lua_State *co, int rc)
{
	int status = lua_status(co);
	bool over = state_is_over(state_of(L), rc);
	if (!over && status != LUA_OK && status != LUA_YIELD) {
		rc = close_inside(L, co);
		over = state_is_over(state_of(L), rc);
	}
	lua_xmove(co, L, 1);
	if (over)
		return state_raise_again(L);
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int go_on_resume(lua_State *L, int n_args);
static int go_on_wrap(lua_State *L, int n_args);

static int resumed_by_host(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return go_on_resume(L, 0);
}

static int wrap_resumed_by_host(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return go_on_wrap(L, 0);
}

/* The coroutine is the argument at 1 and stays there. */
static int go_on_resume(lua_State *L, int n_args)
{
	lua_State *co = lua_tothread(L, 1);
	int n = 0;
	int rc = resume_inside(L, co, n_args, &n);
	if (rc == LUA_YIELD && state_of(L)->yielding != YIELD_NONE)
		return lua_yieldk(L, 0, 0, resumed_by_host);
	if (rc != LUA_OK && rc != LUA_YIELD)
		return resume_failed(L, co, rc);
	lua_pushboolean(L, 1);
	return deliver(L, co, n) + 1;
}

/* The coroutine is upvalue 1. */
static int go_on_wrap(lua_State *L, int n_args)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int n = 0;
	int rc = resume_inside(L, co, n_args, &n);
	if (rc == LUA_YIELD && state_of(L)->yielding != YIELD_NONE)
		return lua_yieldk(L, 0, 0, wrap_resumed_by_host);
	if (rc != LUA_OK && rc != LUA_YIELD)
		return wrap_failed(L, co, rc);
	return deliver(L, co, n);
}

static int hand_over_arguments(lua_State *L, lua_State *co, int n)
{
	if (!lua_checkstack(co, n))
		return luaL_error(L, "too many arguments to resume");
	lua_xmove(L, co, n);
	return n;
}

static int co_resume(lua_State *L)
{
	lua_State *co = check_coroutine(L);
	return go_on_resume(L, hand_over_arguments(L, co, lua_gettop(L) - 1));
}

static int wrapped(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	return go_on_wrap(L, hand_over_arguments(L, co, lua_gettop(L)));
}

static int co_create(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_State *co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	return 1;
}

static int co_wrap(lua_State *L)
{
	(void)co_create(L);
	lua_pushcclosure(L, wrapped, 1);
	return 1;
}

static int co_yield (lua_State *L)
{
	struct state *s = state_of(L);
	if (L == s->entered)
		return luaL_error(L, "attempt to yield from outside a coroutine");
	s->yielding = YIELD_NONE;
	return lua_yield(L, lua_gettop(L));
}

/* ---- the rest ---- */

static const char *status_of(lua_State *L, lua_State *co)
{
	lua_Debug ar;
	if (L == co)
		return "running";
	switch (lua_status(co)) {
	case LUA_YIELD:
		return "suspended";
	case LUA_OK:
		if (lua_getstack(co, 0, &ar))
			return "normal";
		return lua_gettop(co) == 0 ? "dead" : "suspended";
	default:
		return "dead";
	}
}

static int co_status(lua_State *L)
{
	lua_pushstring(L, status_of(L, check_coroutine(L)));
	return 1;
}

static int co_close(lua_State *L)
{
	lua_State *co = check_coroutine(L);
	const char *status = status_of(L, co);
	if (status[0] != 'd' && status[0] != 's')
		return luaL_error(L, "cannot close a %s coroutine", status);
	int rc = close_inside(L, co);
	if (rc == LUA_OK) {
		lua_pushboolean(L, 1);
		return 1;
	}
	return resume_failed(L, co, rc);
}

static int co_running(lua_State *L)
{
	(void)lua_pushthread(L);
	lua_pushboolean(L, L == state_of(L)->entered);
	return 2;
}

static int co_isyieldable(lua_State *L)
{
	lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
	lua_pushboolean(L, co != state_of(L)->entered && lua_isyieldable(co));
	return 1;
}

void sandbox_coroutine(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "create", co_create },
		{ "wrap", co_wrap },
		{ "resume", co_resume },
		{ "yield", co_yield },
		{ "status", co_status },
		{ "close", co_close },
		{ "running", co_running },
		{ "isyieldable", co_isyieldable },
		{ NULL, NULL },
	};
	luaL_setfuncs(L, functions, 0);
}
