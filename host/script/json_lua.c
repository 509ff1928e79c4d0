#include "script/json_lua.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "script/keys.h"
#include "script/state.h"

const struct member *member_find(const struct member *members, const char *name)
{
	for (const struct member *m = members; m && m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* The row that types what is called name inside a value of row m. */
static const struct member *member_inside(const struct member *m, const char *name)
{
	if (!m || !m->members)
		return NULL;
	return m->type == MEMBER_OBJECT ? member_find(m->members, name) : &m->members[0];
}

/* ---- to Lua ---- */

static void push_text(lua_State *L, const char *s)
{
	const char *nul = strstr(s, "\xc0\x80"); /* how the tree spells U+0000 */
	if (!nul) {
		(void)lua_pushstring(L, s);
		return;
	}
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	for (; nul; s = nul + 2, nul = strstr(s, "\xc0\x80")) {
		luaL_addlstring(&b, s, (size_t)(nul - s));
		luaL_addchar(&b, '\0');
	}
	luaL_addstring(&b, s);
	luaL_pushresult(&b);
}

static void push_number(lua_State *L, const cJSON *v, enum member_type type)
{
	int64_t n = 0;
	bool exact = type == MEMBER_INTEGER ? json_int(v, &n) : json_int_token(v, &n);
	if (exact && type != MEMBER_NUMBER && type != MEMBER_TIMESTAMP)
		lua_pushinteger(L, n);
	else
		lua_pushnumber(L, v->valuedouble);
}

static void push_string(lua_State *L, const char *s, enum member_type type)
{
	int64_t ms = 0;
	if (type == MEMBER_TIMESTAMP && iso8601_parse(&ms, bytes_str(s)) == 0)
		lua_pushnumber(L, (lua_Number)ms / 1000.0);
	else
		push_text(L, s);
}

static void push_children(lua_State *L, const cJSON *v, const struct member *m)
{
	lua_Integer i = 0;
	luaL_checkstack(L, 4, "JSON value too deep");
	lua_newtable(L);
	if (cJSON_IsArray(v)) {
		luaL_setmetatable(L, JSON_ARRAY_METATABLE);
		for (const cJSON *c = v->child; c; c = c->next) {
			state_check(L);
			if (cJSON_IsNull(c))
				lua_pushlightuserdata(L, NULL);
			else
				json_push(L, c, member_inside(m, ""));
			lua_rawseti(L, -2, ++i);
		}
		return;
	}
	for (const cJSON *c = v->child; c; c = c->next) {
		state_check(L);
		if (cJSON_IsNull(c))
			continue;
		push_text(L, c->string);
		json_push(L, c, member_inside(m, c->string));
		lua_rawset(L, -3);
	}
}

void json_push(lua_State *L, const cJSON *v, const struct member *m)
{
	enum member_type type = m ? m->type : MEMBER_ANY;
	switch (v ? v->type & 0xff : cJSON_NULL) {
	case cJSON_False:
	case cJSON_True:
		lua_pushboolean(L, cJSON_IsTrue(v));
		break;
	case cJSON_Number:
		push_number(L, v, type);
		break;
	case cJSON_String:
		push_string(L, v->valuestring, type);
		break;
	case cJSON_Array:
	case cJSON_Object:
		push_children(L, v, m);
		break;
	default:
		lua_pushnil(L);
	}
}

/* ---- to JSON ---- */

struct path { /* where we are, innermost first */
	const struct path *up;
	const char *name;  /* NULL: an index */
	lua_Integer index; /* of a list */
	const void *table; /* to see cycles */
	int depth;
};

struct taker {
	lua_State *L;
	size_t room; /* bytes left of JSON_TAKE_MAX */
	struct err *err;
};

static cJSON *take(struct taker *t, int idx, const struct member *m, const struct path *at);

static void path_text(const struct path *at, char *out, size_t n)
{
	char up[512] = "";
	if (at->up)
		path_text(at->up, up, sizeof(up));
	if (!at->up)
		(void)snprintf(out, n, "%s", at->name);
	else if (at->name)
		(void)snprintf(out, n, "%s%s%s", up, up[0] ? "." : "", at->name);
	else
		(void)snprintf(out, n, "%s[%lld]", up, (long long)at->index);
}

static void *refuse(struct taker *t, const struct path *at, const char *what, const char *arg)
{
	char where[512];
	path_text(at, where, sizeof(where));
	(void)err_set(t->err, ERR_INVALID, "%s: %s%s", where, what, arg);
	return NULL;
}

static bool spend(struct taker *t, size_t n)
{
	bool ok = n <= t->room;
	t->room -= ok ? n : t->room;
	return ok;
}

/* U+0000 becomes the two bytes by which the tree spells it. Owned by the caller; NULL: no memory */
static char *tree_text(struct bytes s)
{
	size_t nuls = 0, w = 0;
	for (size_t i = 0; i < s.n; i++)
		nuls += s.p[i] == '\0';
	char *out = malloc(s.n + nuls + 1);
	for (size_t i = 0; out && i < s.n; i++) {
		if (s.p[i] == '\0') {
			memcpy(out + w, "\xc0\x80", 2);
			w += 2;
		} else {
			out[w++] = s.p[i];
		}
	}
	if (out)
		out[w] = '\0';
	return out;
}

static cJSON *take_string(struct taker *t, int idx, const struct member *m, const struct path *at)
{
	struct bytes s;
	int64_t ms = 0;
	s.p = lua_tolstring(t->L, idx, &s.n); /* is a string: nothing is converted */
	if (m && m->type == MEMBER_TIMESTAMP && iso8601_parse(&ms, s) == 0)
		return cJSON_CreateNumber((double)ms / 1000.0);
	if (!utf8_valid(s.p, s.n))
		return refuse(t, at, "text that is not UTF-8", "");
	if (!spend(t, s.n))
		return refuse(t, at, "the value is too large", "");
	char *copy = tree_text(s);
	cJSON *v = copy ? cJSON_CreateString(copy) : NULL;
	free(copy);
	return v;
}

static cJSON *take_number(struct taker *t, int idx, const struct path *at)
{
	if (lua_isinteger(t->L, idx))
		return json_new_int(lua_tointeger(t->L, idx));
	double d = lua_tonumber(t->L, idx);
	if (!isfinite(d))
		return refuse(t, at,
			      "a number that JSON cannot write: ", isnan(d) ? "NaN" : "infinity");
	return cJSON_CreateNumber(d);
}

/* Add one element or member; the value is on top of the stack. */
static bool take_child(struct taker *t, cJSON *into, const struct member *m, const struct path *at)
{
	cJSON *c = take(t, lua_gettop(t->L), m, at);
	if (!c)
		return false;
	if (at->name ? cJSON_AddItemToObject(into, at->name, c) : cJSON_AddItemToArray(into, c))
		return true;
	cJSON_Delete(c);
	return false;
}

static bool take_list(struct taker *t, int idx, size_t n, const struct member *m,
		      const struct path *at, cJSON *out)
{
	for (size_t i = 1; i <= n; i++) {
		struct path in = { .up = at, .index = (lua_Integer)i, .depth = at->depth + 1 };
		(void)lua_rawgeti(t->L, idx, (lua_Integer)i);
		bool ok = take_child(t, out, member_inside(m, ""), &in);
		lua_pop(t->L, 1);
		if (!ok)
			return false;
	}
	return true;
}

static const char *key_fault(lua_State *L, int idx)
{
	if (lua_type(L, idx) != LUA_TSTRING)
		return lua_type(L, idx) == LUA_TNUMBER ? "has a number as a key: an object's names "
							 "are strings, a list has no holes"
						       : "has a key that is not a string";
	size_t n = 0;
	const char *s = lua_tolstring(L, idx, &n);
	return utf8_valid(s, n) && strlen(s) == n ? NULL : "has a name that is not UTF-8 text";
}

static int compare_names(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	return strcmp((*x)->string, (*y)->string);
}

/* Lua walks a table in an order of its own; what is recorded and sent has one order. */
static bool sort_members(cJSON *obj)
{
	size_t n = (size_t)cJSON_GetArraySize(obj), i = 0;
	if (n < 2)
		return true;
	cJSON **all = malloc(n * sizeof(cJSON *));
	if (!all)
		return false;
	for (cJSON *c = obj->child; c; c = c->next)
		all[i++] = c;
	qsort((void *)all, n, sizeof(cJSON *), compare_names);
	for (i = 0; i < n; i++) {
		all[i]->prev = i > 0 ? all[i - 1] : all[n - 1];
		all[i]->next = i + 1 < n ? all[i + 1] : NULL;
	}
	obj->child = all[0];
	free((void *)all);
	return true;
}

static bool take_members(struct taker *t, int idx, const struct member *m, const struct path *at,
			 cJSON *out)
{
	for (lua_pushnil(t->L); lua_next(t->L, idx); lua_pop(t->L, 1)) {
		const char *fault = key_fault(t->L, -2);
		if (fault) {
			lua_pop(t->L, 2);
			return refuse(t, at, fault, "") != NULL;
		}
		struct path in = { .up = at,
				   .name = lua_tostring(t->L, -2),
				   .depth = at->depth + 1 };
		if (!take_child(t, out, member_inside(m, in.name), &in)) {
			lua_pop(t->L, 2);
			return false;
		}
	}
	return sort_members(out);
}

static bool is_marked(lua_State *L, int idx)
{
	if (!lua_getmetatable(L, idx))
		return false;
	(void)luaL_getmetatable(L, JSON_ARRAY_METATABLE);
	bool yes = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return yes;
}

static bool on_the_way(const struct path *at, const void *table)
{
	for (; at; at = at->up)
		if (at->table == table)
			return true;
	return false;
}

static cJSON *take_table(struct taker *t, int idx, const struct member *m, struct path at)
{
	size_t n = lua_rawlen(t->L, idx), keys = keys_count(t->L, idx);
	bool list = is_marked(t->L, idx) || (keys > 0 && keys == n) ||
		    (keys == 0 && m && m->type == MEMBER_LIST);
	const void *self = lua_topointer(t->L, idx);

	if (on_the_way(at.up, self))
		return refuse(t, &at, "a table that contains itself", "");
	if (list && keys != n)
		return refuse(t, &at, "a list with holes or names", "");
	at.table = self;
	cJSON *out = list ? cJSON_CreateArray() : cJSON_CreateObject();
	if (!out)
		return NULL;
	if (list ? take_list(t, idx, n, m, &at, out) : take_members(t, idx, m, &at, out))
		return out;
	cJSON_Delete(out);
	return NULL;
}

static cJSON *take(struct taker *t, int idx, const struct member *m, const struct path *at)
{
	/* A table whose keys were all removed costs no room, and is long to walk each time. */
	if (state_overrun(t->L))
		return refuse(t, at, "the script used up its time", "");
	if (at->depth > JSON_DEPTH_MAX || !lua_checkstack(t->L, 8))
		return refuse(t, at, "nested too deep", "");
	if (!spend(t, sizeof(cJSON) + (at->name ? strlen(at->name) : 0)))
		return refuse(t, at, "the value is too large", "");
	switch (lua_type(t->L, idx)) {
	case LUA_TNIL:
		return cJSON_CreateNull();
	case LUA_TBOOLEAN:
		return cJSON_CreateBool(lua_toboolean(t->L, idx));
	case LUA_TNUMBER:
		return take_number(t, idx, at);
	case LUA_TSTRING:
		return take_string(t, idx, m, at);
	case LUA_TTABLE:
		return take_table(t, idx, m, *at);
	case LUA_TLIGHTUSERDATA:
		if (!lua_touserdata(t->L, idx))
			return cJSON_CreateNull();
		break;
	default:
		break;
	}
	return refuse(t, at, "not a JSON value: a ", luaL_typename(t->L, idx));
}

cJSON *json_take(lua_State *L, int idx, const struct member *m, const char *name, struct err *err)
{
	struct err own = { 0 };
	struct taker t = { .L = L, .room = JSON_TAKE_MAX, .err = &own };
	const struct path root = { .name = name };
	int top = lua_gettop(L);
	cJSON *v = take(&t, lua_absindex(L, idx), m, &root);
	lua_settop(L, top);
	if (!v && own.code == 0)
		(void)err_set(&own, ERR_NOMEM, "%s: no memory", name);
	if (!v && err)
		*err = own;
	return v;
}
