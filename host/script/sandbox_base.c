/* sandbox_base.c - protected calls that let no limit through, and an order for tables. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script/keys.h"
#include "script/sandbox.h"
#include "script/state.h"

/* ---- pcall, xpcall ---- */

/* ctx: how many slots below the results belong to us. */
static int finish_pcall(lua_State *L, int status, lua_KContext ctx)
{
	if (status == LUA_OK || status == LUA_YIELD)
		return lua_gettop(L) - (int)ctx;
	if (state_is_over(state_of(L), status))
		return state_raise_again(L);
	lua_pushboolean(L, 0);
	lua_pushvalue(L, -2);
	return 2;
}

static int safe_pcall(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
	return finish_pcall(L, status, 0);
}

/* The message handler: the script's own, unless the script is over. An error raised by a limit
 * comes from a hook, where no other hook can stop the handler. */
static int guarded_handler(lua_State *L)
{
	if (state_of(L)->fatal != FATAL_NONE)
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

static int safe_xpcall(lua_State *L)
{
	int n = lua_gettop(L);
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, guarded_handler, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2); /* f, handler, true, f, arguments */
	int status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_pcall);
	return finish_pcall(L, status, 2);
}

/* ---- metatables ---- */

/* A finalizer runs with hooks off: nothing could stop it. */
static int safe_setmetatable(lua_State *L)
{
	int type = lua_type(L, 2);
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "__gc is not available: use a <close> variable");
		lua_pop(L, 1);
	}
	lua_settop(L, 2);
	(void)lua_setmetatable(L, 1);
	return 1;
}

/* ---- tostring ---- */

const char *sandbox_tostring(lua_State *L, int idx, size_t *n)
{
	idx = lua_absindex(L, idx);
	if (luaL_callmeta(L, idx, "__tostring")) {
		if (!lua_isstring(L, -1))
			(void)luaL_error(L, "'__tostring' must return a string");
		return lua_tolstring(L, -1, n);
	}
	switch (lua_type(L, idx)) {
	case LUA_TNIL:
	case LUA_TBOOLEAN:
	case LUA_TNUMBER:
	case LUA_TSTRING:
		return luaL_tolstring(L, idx, n);
	case LUA_TLIGHTUSERDATA:
		if (!lua_touserdata(L, idx))
			lua_pushliteral(L, "null");
		else
			lua_pushliteral(L, "userdata");
		break;
	default: /* the address differs from state to state, and is nobody's business */
		if (luaL_getmetafield(L, idx, "__name") != LUA_TSTRING)
			lua_pushstring(L, luaL_typename(L, idx));
	}
	return lua_tolstring(L, -1, n);
}

static int safe_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	(void)sandbox_tostring(L, 1, NULL);
	return 1;
}

/* ---- pairs, next ---- */

/* Upvalues: sorted keys as a list, position. */
static int pairs_step(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
	for (;;) {
		if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) != LUA_TNIL)
			break; /* else it was removed during the walk */
		lua_pop(L, 2);
	}
	lua_pushinteger(L, i);
	lua_replace(L, lua_upvalueindex(2));
	return 2;
}

static int pairs_by_metamethod(lua_State *L, int status, lua_KContext ctx)
{
	(void)L, (void)status, (void)ctx;
	return 3;
}

/* Push the list of the sorted keys of the table at 1. */
static void push_sorted_keys(lua_State *L)
{
	size_t n = keys_count(L, 1);
	struct key *keys = lua_newuserdatauv(L, (n + 1) * sizeof(*keys), 0);
	const char *bad = keys_sorted(L, 1, keys, n);
	if (bad)
		(void)luaL_error(L, "pairs has no stable order for a key of type %s", bad);
	lua_newtable(L);
	for (size_t i = 0; i < n; i++) {
		state_check(L); /* a long key is copied, which may collect garbage each time */
		key_push(L, &keys[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static int safe_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_callk(L, 1, 3, 0, pairs_by_metamethod);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	push_sorted_keys(L);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_step, 2);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

/* The successor in the order of pairs, found by looking at every key: for `next(t) == nil` and for
 * walks of small tables. */
static int safe_next(lua_State *L)
{
	struct key after = { 0 }, k = { 0 }, best = { 0 };
	bool first = lua_isnoneornil(L, 2), found = false;
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (!first && !key_read(L, 2, &after))
		return luaL_error(L, "next has no stable order for a key of type %s",
				  luaL_typename(L, 2));
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		if (!key_read(L, -2, &k))
			return luaL_error(L, "next has no stable order for a key of type %s",
					  luaL_typename(L, -2));
		if ((first || key_compare(&k, &after) > 0) &&
		    (!found || key_compare(&k, &best) < 0)) {
			best = k;
			found = true;
		}
	}
	if (!found) {
		lua_pushnil(L);
		return 1;
	}
	key_push(L, &best);
	lua_pushvalue(L, -1);
	(void)lua_rawget(L, 1);
	return 2;
}

void sandbox_base(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "pcall", safe_pcall },
		{ "xpcall", safe_xpcall },
		{ "setmetatable", safe_setmetatable },
		{ "tostring", safe_tostring },
		{ "pairs", safe_pairs },
		{ "next", safe_next },
		{ NULL, NULL },
	};
	luaL_setfuncs(L, functions, 0);
}
