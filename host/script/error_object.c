#include "script/error_object.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "script/json_lua.h"
#include "script/sandbox.h"

#define METATABLE "error object"

bool error_object_is(lua_State *L, int idx)
{
	if (lua_type(L, idx) != LUA_TTABLE || !lua_getmetatable(L, idx))
		return false;
	(void)luaL_getmetatable(L, METATABLE);
	bool yes = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return yes;
}

const char *error_object_field(lua_State *L, int idx, const char *name)
{
	const char *text = "";
	idx = lua_absindex(L, idx);
	lua_pushstring(L, name);
	if (lua_rawget(L, idx) == LUA_TSTRING)
		text = lua_tostring(L, -1);
	lua_pop(L, 1);
	return text;
}

void error_object_push_text(lua_State *L, int idx)
{
	const char *request = error_object_field(L, idx, "requestId");
	(void)lua_pushfstring(L, "%s: %s: %s%s%s%s", error_object_field(L, idx, "operation"),
			      error_object_field(L, idx, "code"),
			      error_object_field(L, idx, "message"), *request ? " (request " : "",
			      request, *request ? ")" : "");
}

static int to_text(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	error_object_push_text(L, 1);
	return 1;
}

static int concat(lua_State *L)
{
	(void)sandbox_tostring(L, 1, NULL);
	(void)sandbox_tostring(L, 2, NULL);
	lua_concat(L, 2);
	return 1;
}

void error_object_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{ "__tostring", to_text },
		{ "__concat", concat },
		{ NULL, NULL },
	};
	(void)luaL_newmetatable(L, METATABLE);
	luaL_setfuncs(L, meta, 0);
	lua_pushliteral(L, METATABLE);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

/* Messages quote what was wrong, and may have cut it: what is no UTF-8 could not be returned. */
static void push_clean(lua_State *L, const char *text)
{
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
		n = utf8_valid_at(text, left);
		if (n > 0)
			luaL_addlstring(&b, text, n);
		else
			luaL_addstring(&b, "\xef\xbf\xbd");
		n = n > 0 ? n : 1;
	}
	luaL_pushresult(&b);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	push_clean(L, text);
	lua_setfield(L, -2, name);
}

static void set_int(lua_State *L, const char *name, int n)
{
	if (n <= 0)
		return;
	lua_pushinteger(L, n);
	lua_setfield(L, -2, name);
}

void error_object_push_recorded(lua_State *L, const cJSON *error, const char *operation)
{
	const cJSON *extra = json_get(error, "extra");
	if (cJSON_IsObject(extra))
		json_push(L, extra, NULL);
	else
		lua_newtable(L);
	set_text(L, "code", json_get_str(error, "code"));
	set_text(L, "message", json_get_str(error, "message"));
	set_text(L, "operation", operation);
	lua_pushboolean(L, json_get_bool(error, "retryable", false));
	lua_setfield(L, -2, "retryable");
	luaL_setmetatable(L, METATABLE);
}

void error_object_push(lua_State *L, const struct call *c)
{
	/* What the service sent goes first: our own members win. */
	if (cJSON_IsObject(c->end.extra))
		json_push(L, c->end.extra, NULL);
	else
		lua_newtable(L);
	set_text(L, "code", c->end.code);
	set_text(L, "message", c->end.message ? c->end.message : c->end.code);
	set_text(L, "operation", c->op->full_name);
	set_text(L, "requestId", c->end.request_id);
	set_int(L, "status", c->end.status);
	set_int(L, "attempts", c->end.attempts);
	lua_pushboolean(L, c->end.retryable);
	lua_setfield(L, -2, "retryable");
	if (c->token_name)
		set_text(L, c->token_name, c->token);
	luaL_setmetatable(L, METATABLE);
}
