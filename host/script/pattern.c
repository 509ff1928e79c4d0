#include "script/pattern.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "script/matcher.h"
#include "script/state.h"

/* Where a negative or missing position is; more than one past the end: n + 2. */
static size_t start_position(lua_Integer pos, size_t n)
{
	if (pos > 0)
		return (lua_Unsigned)pos > n + 1 ? n + 2 : (size_t)pos;
	if (pos == 0)
		return 1;
	return pos < -(lua_Integer)n ? 1 : n + (size_t)pos + 1;
}

static bool has_specials(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] && strchr("^$*+?.([%-", p[i]))
			return true;
	return false;
}

static int push_position(lua_State *L, const char *s, const char *from, const char *to)
{
	lua_pushinteger(L, from - s + 1);
	lua_pushinteger(L, to - s);
	return 2;
}

static int find_or_match(lua_State *L, bool find)
{
	size_t n = 0, n_pattern = 0;
	const char *s = luaL_checklstring(L, 1, &n);
	const char *p = luaL_checklstring(L, 2, &n_pattern);
	size_t init = start_position(luaL_optinteger(L, 3, 1), n) - 1;
	if (init > n) {
		lua_pushnil(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || !has_specials(p, n_pattern))) {
		/* memmem is linear; the original is not */
		const char *at = n_pattern ? memmem(s + init, n - init, p, n_pattern) : s + init;
		if (at)
			return push_position(L, s, at, at + n_pattern);
		lua_pushnil(L);
		return 1;
	}
	struct matcher m;
	matcher_init(&m, L, s, n, p, n_pattern);
	bool anchored = n_pattern > 0 && *p == '^';
	for (const char *at = s + init; at <= s + n; at++) {
		const char *e = matcher_try(&m, at, p + anchored);
		if (e && find)
			return push_position(L, s, at, e) + matcher_push_captures(&m, NULL, NULL);
		if (e)
			return matcher_push_captures(&m, at, e);
		if (anchored)
			break;
	}
	lua_pushnil(L);
	return 1;
}

int pattern_find(lua_State *L)
{
	return find_or_match(L, true);
}

int pattern_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* ---- gmatch ---- */

/* Upvalues: subject, pattern, position, end of the last match (0: none yet). */
static int gmatch_step(lua_State *L)
{
	size_t n = 0, n_pattern = 0;
	const char *s = lua_tolstring(L, lua_upvalueindex(1), &n);
	const char *p = lua_tolstring(L, lua_upvalueindex(2), &n_pattern);
	lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
	struct matcher m;
	matcher_init(&m, L, s, n, p, n_pattern);
	for (const char *at = s + lua_tointeger(L, lua_upvalueindex(3)); at <= s + n; at++) {
		const char *e = matcher_try(&m, at, p);
		if (!e || e - s + 1 == last)
			continue;
		lua_pushinteger(L, e - s);
		lua_replace(L, lua_upvalueindex(3));
		lua_pushinteger(L, e - s + 1);
		lua_replace(L, lua_upvalueindex(4));
		return matcher_push_captures(&m, at, e);
	}
	return 0;
}

int pattern_gmatch(lua_State *L)
{
	size_t n = 0;
	(void)luaL_checklstring(L, 1, &n);
	(void)luaL_checkstring(L, 2);
	size_t init = start_position(luaL_optinteger(L, 3, 1), n) - 1;
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)(init > n ? n + 1 : init));
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, gmatch_step, 4);
	return 1;
}

/* ---- gsub ---- */

/* Append the replacement string, its %0 to %9 and %% read. */
static void add_text(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
	size_t n = 0;
	const char *r = lua_tolstring(m->L, 3, &n), *end = r + n, *at = NULL;
	while ((at = memchr(r, '%', (size_t)(end - r)))) {
		luaL_addlstring(b, r, (size_t)(at - r));
		at++;
		if (*at == '%') {
			luaL_addchar(b, '%');
		} else if (*at == '0') {
			luaL_addlstring(b, s, (size_t)(e - s));
		} else if (*at >= '1' && *at <= '9') {
			matcher_push_capture(m, *at - '1', s, e);
			(void)luaL_tolstring(m->L, -1, NULL); /* a position is a number */
			lua_remove(m->L, -2);
			luaL_addvalue(b);
		} else {
			(void)luaL_error(m->L, "invalid use of '%%' in replacement string");
		}
		r = at + 1;
	}
	luaL_addlstring(b, r, (size_t)(end - r));
}

/* Append what replaces the match [s, e). Returns whether that differs from the match. */
static bool add_value(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
	lua_State *L = m->L;
	switch (lua_type(L, 3)) {
	case LUA_TFUNCTION:
		lua_pushvalue(L, 3);
		lua_call(L, matcher_push_captures(m, s, e), 1);
		break;
	case LUA_TTABLE:
		matcher_push_capture(m, 0, s, e);
		(void)lua_gettable(L, 3);
		break;
	default:
		add_text(m, b, s, e);
		return true;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, s, (size_t)(e - s));
		return false;
	}
	if (!lua_isstring(L, -1))
		(void)luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	luaL_addvalue(b);
	return true;
}

int pattern_gsub(lua_State *L)
{
	size_t n = 0, n_pattern = 0;
	const char *s = luaL_checklstring(L, 1, &n), *last = NULL;
	const char *p = luaL_checklstring(L, 2, &n_pattern);
	int type = lua_type(L, 3);
	lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)n + 1), count = 0;
	bool anchored = n_pattern > 0 && *p == '^', changed = false;
	luaL_argexpected(L,
			 type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
			     type == LUA_TTABLE,
			 3, "string/function/table");
	lua_settop(L, 3);
	struct matcher m;
	luaL_Buffer b;
	matcher_init(&m, L, s, n, p, n_pattern);
	luaL_buffinit(L, &b);
	const char *at = s, *end = s + n;
	while (count < max) {
		const char *e = matcher_try(&m, at, p + anchored);
		if (e && e != last) {
			state_check(L);
			count++;
			changed = add_value(&m, &b, at, e) || changed;
			at = last = e;
		} else if (at < end) {
			luaL_addchar(&b, *at++);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (changed) {
		luaL_addlstring(&b, at, (size_t)(end - at));
		luaL_pushresult(&b);
	} else {
		lua_pushvalue(L, 1);
	}
	lua_pushinteger(L, count);
	return 2;
}
