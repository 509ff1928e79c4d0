#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

static const char *const base_kept[] = {
	"assert", "error",  "getmetatable", "ipairs",   "rawequal", "rawget", "rawlen",
	"rawset", "select", "type",         "tonumber", "_VERSION", NULL,
};
static const char *const string_kept[] = {
	"byte", "char", "len",      "lower",  "upper", "reverse",
	"sub",  "pack", "packsize", "unpack", NULL,
};
static const char *const math_kept[] = {
	"abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
	"fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
	"rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL,
};
static const char *const table_kept[] = { "pack", NULL };
static const char *const utf8_kept[] = {
	"char", "charpattern", "codepoint", "codes", "len", "offset", NULL,
};

/* Push a new table with the named fields of the table on top, which it replaces. */
static void keep(lua_State *L, const char *const *names)
{
	lua_newtable(L);
	for (; *names; names++) {
		lua_getfield(L, -2, *names);
		lua_setfield(L, -2, *names);
	}
	lua_remove(L, -2);
}

static void open_original(lua_State *L, lua_CFunction open, const char *name)
{
	lua_pushcfunction(L, open);
	lua_pushstring(L, name);
	lua_call(L, 1, 1);
}

/* A string is indexed with the script's own table; its metatable cannot be reached. */
static void guard_strings(lua_State *L)
{
	lua_pushliteral(L, "");
	(void)lua_getmetatable(L, -1);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "string");
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
}

static void open_string(lua_State *L)
{
	open_original(L, luaopen_string, LUA_STRLIBNAME);
	lua_getfield(L, -1, "format");
	lua_setfield(L, LUA_REGISTRYINDEX, "string.format");
	keep(L, string_kept);
	sandbox_few_results(L, "byte");
	sandbox_string(L);
	guard_strings(L);
}

static void open_table(lua_State *L)
{
	open_original(L, luaopen_table, LUA_TABLIBNAME);
	keep(L, table_kept);
	sandbox_table(L);
}

void sandbox_open(lua_State *L)
{
	open_original(L, luaopen_base, LUA_GNAME);
	keep(L, base_kept);
	sandbox_base(L);
	sandbox_values(L);
	sandbox_require(L);

	open_string(L);
	lua_setfield(L, -2, LUA_STRLIBNAME);
	open_table(L);
	lua_setfield(L, -2, LUA_TABLIBNAME);
	open_original(L, luaopen_math, LUA_MATHLIBNAME);
	keep(L, math_kept);
	lua_getfield(L, -2, "random");
	lua_setfield(L, -2, "random");
	lua_setfield(L, -2, LUA_MATHLIBNAME);
	open_original(L, luaopen_utf8, LUA_UTF8LIBNAME);
	keep(L, utf8_kept);
	sandbox_few_results(L, "codepoint");
	lua_setfield(L, -2, LUA_UTF8LIBNAME);
	lua_newtable(L);
	sandbox_coroutine(L);
	lua_setfield(L, -2, LUA_COLIBNAME);

	lua_pushvalue(L, -1);
	lua_setfield(L, -2, LUA_GNAME);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
