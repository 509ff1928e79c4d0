#include "script/keys.h"

#include <stdlib.h>

static int type_rank(int type)
{
	return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2;
}

static int compare_numbers(const struct key *a, const struct key *b)
{
	if (a->is_int && b->is_int)
		return (a->i > b->i) - (a->i < b->i);
	/* A float key is never integral (Lua makes those integers), so equality cannot occur
	 * between the two kinds; beyond 2^53 the kind decides. */
	lua_Number x = a->is_int ? (lua_Number)a->i : a->n;
	lua_Number y = b->is_int ? (lua_Number)b->i : b->n;
	return x < y ? -1 : x > y ? 1 : (int)b->is_int - (int)a->is_int;
}

static int compare_bytes(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
	if (c == 0)
		return (a.n > b.n) - (a.n < b.n);
	return c < 0 ? -1 : 1;
}

int key_compare(const struct key *a, const struct key *b)
{
	if (a->type != b->type)
		return type_rank(a->type) < type_rank(b->type) ? -1 : 1;
	if (a->type == LUA_TNUMBER)
		return compare_numbers(a, b);
	if (a->type == LUA_TSTRING)
		return compare_bytes(a->s, b->s);
	return (a->i > b->i) - (a->i < b->i);
}

static int compare_for_qsort(const void *a, const void *b)
{
	return key_compare(a, b);
}

bool key_read(lua_State *L, int idx, struct key *out)
{
	*out = (struct key){ .type = lua_type(L, idx) };
	switch (out->type) {
	case LUA_TNUMBER:
		out->is_int = lua_isinteger(L, idx);
		if (out->is_int)
			out->i = lua_tointeger(L, idx);
		else
			out->n = lua_tonumber(L, idx);
		return true;
	case LUA_TSTRING:
		out->s.p = lua_tolstring(L, idx, &out->s.n);
		return true;
	case LUA_TBOOLEAN:
		out->i = lua_toboolean(L, idx);
		return true;
	default:
		return false;
	}
}

void key_push(lua_State *L, const struct key *k)
{
	if (k->type == LUA_TSTRING)
		(void)lua_pushlstring(L, k->s.p, k->s.n);
	else if (k->type == LUA_TBOOLEAN)
		lua_pushboolean(L, (int)k->i);
	else if (k->is_int)
		lua_pushinteger(L, k->i);
	else
		lua_pushnumber(L, k->n);
}

size_t keys_count(lua_State *L, int idx)
{
	size_t n = 0;
	idx = lua_absindex(L, idx);
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
		n++;
	return n;
}

const char *keys_sorted(lua_State *L, int idx, struct key *out, size_t n)
{
	size_t i = 0;
	idx = lua_absindex(L, idx);
	for (lua_pushnil(L); i < n && lua_next(L, idx); lua_pop(L, 1)) {
		if (!key_read(L, -2, &out[i++])) {
			const char *type = lua_typename(L, lua_type(L, -2));
			lua_pop(L, 2);
			return type;
		}
	}
	if (i == n) /* lua_next was not asked for the end: its key is still there */
		lua_pop(L, 1);
	if (n > 1)
		qsort(out, n, sizeof(*out), compare_for_qsort);
	return NULL;
}
