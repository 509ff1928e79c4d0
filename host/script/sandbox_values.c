/* sandbox_values.c - the small functions every script has: log, random, uuid, iso8601, null, array. */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "script/json_lua.h"
#include "script/sandbox.h"
#include "script/state.h"

enum { LINE_MAX_BYTES = 8 * 1024 };

/* ---- log ---- */

static bool has_field(lua_State *L, int idx, const char *name)
{
	if (luaL_getmetafield(L, idx, name) == LUA_TNIL)
		return false;
	lua_pop(L, 1);
	return true;
}

/* Push the argument as text: a plain table as JSON, everything else by tostring. */
static void push_readable(lua_State *L, int idx)
{
	cJSON *v = NULL;
	struct buf *text = state_push_buf(L, LINE_MAX_BYTES);
	if (lua_type(L, idx) == LUA_TTABLE && !has_field(L, idx, "__tostring"))
		v = json_take(L, idx, NULL, "table", NULL);
	if (!v) {
		lua_pop(L, 1);
		(void)sandbox_tostring(L, idx, NULL);
		return;
	}
	lua_pop(L, 1);
	json_write(text, v);
	cJSON_Delete(v);
	lua_pushstring(L, text->err ? "(a large table)" : buf_cstr(text));
	buf_clear(text);
}

static int write_line(lua_State *L, enum log_level level, int first)
{
	int top = lua_gettop(L);
	luaL_Buffer b;
	for (int i = first; i <= top; i++) {
		push_readable(L, i);
		lua_replace(L, i);
	}
	luaL_buffinit(L, &b);
	for (int i = first; i <= top; i++) {
		if (i > first)
			luaL_addchar(&b, ' ');
		lua_pushvalue(L, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	size_t n = 0;
	const char *text = lua_tolstring(L, -1, &n);
	if (n > LINE_MAX_BYTES)
		text = lua_pushfstring(L, "%s ...", lua_pushlstring(L, text, LINE_MAX_BYTES));
	struct state *s = state_of(L);
	state_spend_log(L, strlen(text) + 1);
	s->host->log(s->owner, level, text);
	return 0;
}

static int log_debug(lua_State *L)
{
	return write_line(L, LOG_DEBUG, 1);
}

static int log_info(lua_State *L)
{
	return write_line(L, LOG_INFO, 1);
}

static int log_warn(lua_State *L)
{
	return write_line(L, LOG_WARN, 1);
}

static int log_error(lua_State *L)
{
	return write_line(L, LOG_ERROR, 1);
}

/* log "text": the table itself is the first argument. */
static int log_call(lua_State *L)
{
	return write_line(L, LOG_INFO, 2);
}

static void add_log(lua_State *L)
{
	static const luaL_Reg levels[] = {
		{ "debug", log_debug }, { "info", log_info }, { "warn", log_warn },
		{ "error", log_error }, { NULL, NULL },
	};
	luaL_newlib(L, levels);
	lua_newtable(L);
	lua_pushcfunction(L, log_call);
	lua_setfield(L, -2, "__call");
	lua_pushliteral(L, "log");
	lua_setfield(L, -2, "__metatable");
	(void)lua_setmetatable(L, -2);
	lua_setfield(L, -2, "log");
	lua_pushcfunction(L, log_info);
	lua_setfield(L, -2, "print");
}

/* ---- random, uuid: the same in every replay of a run ---- */

/* Uniform in [0, span], by rejection. */
static lua_Unsigned draw_up_to(struct state *s, lua_Unsigned span)
{
	uint8_t bytes[SHA256_LEN];
	lua_Unsigned mask = span, x = 0;
	for (unsigned shift = 1; shift < 64; shift *= 2)
		mask |= mask >> shift;
	do
		x = state_draw(s, bytes) & mask;
	while (x > span);
	return x;
}

/* As math.random: (), (m), (m, n). */
static int draw_random(lua_State *L)
{
	struct state *s = state_of(L);
	uint8_t bytes[SHA256_LEN];
	lua_Integer low = 1, high = 0;
	switch (lua_gettop(L)) {
	case 0:
		lua_pushnumber(L, (lua_Number)(state_draw(s, bytes) >> 11) * 0x1p-53);
		return 1;
	case 1:
		high = luaL_checkinteger(L, 1);
		break;
	case 2:
		low = luaL_checkinteger(L, 1);
		high = luaL_checkinteger(L, 2);
		break;
	default:
		return luaL_error(L, "wrong number of arguments");
	}
	luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
	lua_Unsigned offset = draw_up_to(s, (lua_Unsigned)high - (lua_Unsigned)low);
	lua_pushinteger(L, (lua_Integer)((lua_Unsigned)low + offset));
	return 1;
}

static int draw_uuid(lua_State *L)
{
	uint8_t bytes[SHA256_LEN];
	char text[UUID_SIZE];
	(void)state_draw(state_of(L), bytes);
	uuid_format(text, bytes, 4);
	lua_pushstring(L, text);
	return 1;
}

/* ---- iso8601, array ---- */

static int to_iso8601(lua_State *L)
{
	char text[ISO8601_SIZE];
	lua_Number t = luaL_checknumber(L, 1);
	luaL_argcheck(L, isfinite(t) && fabs(t) < 1e12, 1, "seconds since the epoch expected");
	iso8601_format(text, (int64_t)llround(t * 1000.0));
	lua_pushstring(L, text);
	return 1;
}

static int mark_array(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (lua_getmetatable(L, 1)) {
		(void)luaL_getmetatable(L, JSON_ARRAY_METATABLE);
		if (!lua_rawequal(L, -1, -2))
			return luaL_error(L, "array: the table has a metatable already");
		lua_settop(L, 1);
		return 1;
	}
	luaL_setmetatable(L, JSON_ARRAY_METATABLE);
	return 1;
}

void sandbox_values(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "random", draw_random }, { "uuid", draw_uuid }, { "iso8601", to_iso8601 },
		{ "array", mark_array },   { NULL, NULL },
	};
	luaL_setfuncs(L, functions, 0);
	add_log(L);
	lua_pushlightuserdata(L, NULL);
	lua_setfield(L, -2, "null");
	(void)luaL_newmetatable(L, JSON_ARRAY_METATABLE);
	lua_pushliteral(L, "array");
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
