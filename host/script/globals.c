/* globals.c - what only a run has: now, sleep, progress. */
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/run_private.h"

enum { SLEEP_MAX_S = 366 * 24 * 3600, TEXT_MAX = 1024 };

static int now(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)clock_wall_ms() / 1000.0);
	return 1;
}

static int slept(lua_State *L, int status, lua_KContext ctx)
{
	(void)L, (void)status, (void)ctx;
	return 0;
}

static void on_wake(void *arg)
{
	struct run *r = arg;
	r->wake = NULL;
	(void)run_wake(r->runs, run_ticket(r)); /* may free r */
}

static int sleep_seconds(lua_State *L)
{
	struct run *r = run_of(L);
	lua_Number s = luaL_checknumber(L, 1);
	luaL_argcheck(L, isfinite(s) && s >= 0 && s <= SLEEP_MAX_S, 1,
		      "seconds expected, 0 to 31622400 (366 days)");
	state_check_wait(L, "sleep");
	state_spend_step(L);
	r->steps++;
	r->wake = timer_start(r->runs->loop, (int64_t)ceil(s * 1000.0), on_wake, r);
	return state_wait(L, 0, slept);
}

static double optional_number(lua_State *L, const char *name)
{
	double n = -1;
	if (lua_getfield(L, 1, name) != LUA_TNIL) {
		luaL_argcheck(L, lua_type(L, -1) == LUA_TNUMBER, 1,
			      "progress: done and total are numbers");
		n = lua_tonumber(L, -1);
	}
	lua_pop(L, 1);
	return n;
}

static int progress(lua_State *L)
{
	struct run *r = run_of(L);
	luaL_checktype(L, 1, LUA_TTABLE);
	struct run_progress p = { .id = r->facts.id,
				  .done = optional_number(L, "done"),
				  .total = optional_number(L, "total"),
				  .text = "" };
	char text[TEXT_MAX + 1];
	if (lua_getfield(L, 1, "text") != LUA_TNIL) {
		(void)snprintf(text, sizeof(text), "%s", luaL_checkstring(L, -1));
		p.text = text;
	}
	if (r->on_progress)
		r->on_progress(r->arg, &p);
	return 0;
}

void run_globals(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "now", now },
		{ "sleep", sleep_seconds },
		{ "progress", progress },
		{ NULL, NULL },
	};
	lua_pushglobaltable(L);
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
