/*
 * sandbox_table.c - table functions whose loops end.
 *
 * The originals walk ranges in C, where no limit can stop them: table.move over 2^60 empty slots, or
 * insert into a table whose __len answers 2^60. Tables with __len are refused and ranges are capped;
 * then the original does the work.
 */
#include <lauxlib.h>

#include "script/sandbox.h"

enum { RANGE_MAX = 1 << 24 };

static void check_table(lua_State *L, const char *name)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
		(void)luaL_error(L, "table.%s does not work on a table with __len", name);
	/* 63 well-chosen keys make the length operator answer 2^62. */
	if (lua_rawlen(L, 1) > RANGE_MAX)
		(void)luaL_error(L, "table.%s: the table is too long", name);
}

static void check_range(lua_State *L, const char *name, lua_Integer from, lua_Integer to)
{
	/* Unsigned: the difference of two integers may not fit a signed one. */
	if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= RANGE_MAX)
		(void)luaL_error(L, "table.%s: a range of more than %d elements", name, RANGE_MAX);
}

/* Upvalue 1 is the original. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int safe_insert(lua_State *L)
{
	check_table(L, "insert");
	return call_original(L);
}

static int safe_remove(lua_State *L)
{
	check_table(L, "remove");
	return call_original(L);
}

static int safe_sort(lua_State *L)
{
	check_table(L, "sort");
	return call_original(L);
}

static int safe_concat(lua_State *L)
{
	check_table(L, "concat");
	check_range(L, "concat", luaL_optinteger(L, 3, 1),
		    luaL_optinteger(L, 4, (lua_Integer)lua_rawlen(L, 1)));
	return call_original(L);
}

static int safe_unpack(lua_State *L)
{
	check_table(L, "unpack");
	check_range(L, "unpack", luaL_optinteger(L, 2, 1),
		    luaL_optinteger(L, 3, (lua_Integer)lua_rawlen(L, 1)));
	return call_original(L);
}

static int safe_move(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	check_range(L, "move", luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
	return call_original(L);
}

void sandbox_table(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "insert", safe_insert },
		{ "remove", safe_remove },
		{ "sort", safe_sort },
		{ "concat", safe_concat },
		{ "unpack", safe_unpack },
		{ "move", safe_move },
		{ NULL, NULL },
	};
	for (const luaL_Reg *f = functions; f->name; f++) {
		lua_getfield(L, LUA_REGISTRYINDEX, "table.original");
		lua_getfield(L, -1, f->name);
		lua_pushcclosure(L, f->func, 1);
		lua_setfield(L, -3, f->name);
		lua_pop(L, 1);
	}
}
