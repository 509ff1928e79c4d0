/*
 * sandbox_table.c - table functions whose loops end.
 *
 * The originals walk ranges in C, where no hook can stop them, and each step may be long: a missing
 * element may be looked for through 2,000 metatables. Here every step asks whether the script is
 * over. Tables with __len are refused and ranges are capped. sort is a merge sort: stable, and, other
 * than the original, which takes its pivots from the clock, the same each time.
 */
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#include "script/sandbox.h"
#include "script/state.h"

enum { RANGE_MAX = 1 << 24 };

/* Returns the length. */
static lua_Integer check_table(lua_State *L, const char *name)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
		(void)luaL_error(L, "table.%s does not work on a table with __len", name);
	/* 63 well-chosen keys make the length operator answer 2^62. */
	lua_Unsigned n = lua_rawlen(L, 1);
	if (n > RANGE_MAX)
		(void)luaL_error(L, "table.%s: the table is too long", name);
	return (lua_Integer)n;
}

static void check_range(lua_State *L, const char *name, lua_Integer from, lua_Integer to)
{
	/* Unsigned: the difference of two integers may not fit a signed one. */
	if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= RANGE_MAX)
		(void)luaL_error(L, "table.%s: a range of more than %d elements", name, RANGE_MAX);
}

/* t[to] = t[from] of the table at 1. */
static void copy_element(lua_State *L, lua_Integer from, lua_Integer to)
{
	state_check(L);
	(void)lua_geti(L, 1, from);
	lua_seti(L, 1, to);
}

static int safe_insert(lua_State *L)
{
	lua_Integer end = check_table(L, "insert") + 1, pos = end;
	switch (lua_gettop(L)) {
	case 2:
		break;
	case 3:
		pos = luaL_checkinteger(L, 2);
		luaL_argcheck(L, (lua_Unsigned)pos - 1 < (lua_Unsigned)end, 2,
			      "position out of bounds");
		for (lua_Integer i = end; i > pos; i--)
			copy_element(L, i - 1, i);
		break;
	default:
		return luaL_error(L, "wrong number of arguments to 'insert'");
	}
	lua_seti(L, 1, pos);
	return 0;
}

static int safe_remove(lua_State *L)
{
	lua_Integer size = check_table(L, "remove");
	lua_Integer pos = luaL_optinteger(L, 2, size);
	if (pos != size)
		luaL_argcheck(L, (lua_Unsigned)pos - 1 <= (lua_Unsigned)size, 2,
			      "position out of bounds");
	(void)lua_geti(L, 1, pos);
	for (; pos < size; pos++)
		copy_element(L, pos + 1, pos);
	lua_pushnil(L);
	lua_seti(L, 1, pos);
	return 1;
}

static int safe_concat(lua_State *L)
{
	size_t n_sep = 0;
	luaL_Buffer b;
	lua_Integer size = check_table(L, "concat");
	const char *sep = luaL_optlstring(L, 2, "", &n_sep);
	lua_Integer from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, size);
	check_range(L, "concat", from, to);
	luaL_buffinit(L, &b);
	for (lua_Integer i = from; i <= to; i++) {
		state_check(L);
		(void)lua_geti(L, 1, i);
		if (!lua_isstring(L, -1))
			return luaL_error(L,
					  "invalid value (at index %I) in table for 'concat': a %s",
					  (LUAI_UACINT)i, luaL_typename(L, -1));
		luaL_addvalue(&b);
		if (i == to)
			break; /* which may be the last integer there is */
		luaL_addlstring(&b, sep, n_sep);
	}
	luaL_pushresult(&b);
	return 1;
}

static int safe_unpack(lua_State *L)
{
	lua_Integer size = check_table(L, "unpack");
	lua_Integer from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, size);
	check_range(L, "unpack", from, to);
	if (from > to)
		return 0;
	int n = (int)((lua_Unsigned)to - (lua_Unsigned)from) + 1;
	if (n > SANDBOX_RESULTS_MAX || !lua_checkstack(L, n + LUA_MINSTACK))
		return luaL_error(L, "too many results to unpack");
	for (int i = 0; i < n; i++) {
		state_check(L);
		(void)lua_geti(L, 1, (lua_Integer)((lua_Unsigned)from + (lua_Unsigned)i));
	}
	return n;
}

/* move(a1, from, to, at [, a2]) */
static int safe_move(lua_State *L)
{
	lua_Integer from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);
	lua_Integer at = luaL_checkinteger(L, 4);
	int into = lua_isnoneornil(L, 5) ? 1 : 5;
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checktype(L, into, LUA_TTABLE);
	check_range(L, "move", from, to);
	if (to >= from) {
		lua_Integer n = (lua_Integer)((lua_Unsigned)to - (lua_Unsigned)from) + 1;
		luaL_argcheck(L, at <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
		/* Backwards where a part still to be read would be overwritten. */
		bool up = at > to || at <= from || (into != 1 && !lua_compare(L, 1, 5, LUA_OPEQ));
		for (lua_Integer i = 0; i < n; i++) {
			lua_Integer k = up ? i : n - 1 - i;
			state_check(L);
			(void)lua_geti(L, 1, from + k);
			lua_seti(L, into, at + k);
		}
	}
	lua_pushvalue(L, into);
	return 1;
}

/* ---- sort ---- */

/* Is element a of the table at 1 less than element b, by the function at 2 if there is one? */
static bool less(lua_State *L, int a, int b)
{
	bool yes;
	state_check(L);
	if (lua_isnil(L, 2)) {
		(void)lua_geti(L, 1, a);
		(void)lua_geti(L, 1, b);
		yes = lua_compare(L, -2, -1, LUA_OPLT);
		lua_pop(L, 2);
		return yes;
	}
	lua_pushvalue(L, 2);
	(void)lua_geti(L, 1, a);
	(void)lua_geti(L, 1, b);
	lua_call(L, 2, 1);
	yes = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return yes;
}

/* Merge the sorted runs [low, mid) and [mid, high) of positions. */
static void merge(lua_State *L, const int *in, int *out, int low, int mid, int high)
{
	int i = low, j = mid, k = low;
	if (mid >= high || !less(L, in[mid], in[mid - 1])) {
		memcpy(out + low, in + low, (size_t)(high - low) * sizeof(*out));
		return;
	}
	while (i < mid && j < high)
		out[k++] = less(L, in[j], in[i]) ? in[j++] : in[i++];
	memcpy(out + k, in + i, (size_t)(mid - i) * sizeof(*out));
	memcpy(out + k + (mid - i), in + j, (size_t)(high - j) * sizeof(*out));
}

/* Sort the positions 1 to n: in and out have room for n each. Returns which of them has the order. */
static int *merge_sort(lua_State *L, int *in, int *out, int n)
{
	for (int i = 0; i < n; i++)
		in[i] = i + 1;
	for (int width = 1; width < n; width *= 2) {
		for (int low = 0; low < n; low += 2 * width) {
			int mid = low + width < n ? low + width : n;
			int high = mid + width < n ? mid + width : n;
			merge(L, in, out, low, mid, high);
		}
		int *swap = in;
		in = out;
		out = swap;
	}
	return in;
}

/* Put element order[i] at i + 1, for all i, following each cycle of the permutation once. */
static void permute(lua_State *L, int *order, int n)
{
	for (int start = 0; start < n; start++) {
		int i = start;
		if (order[i] == i + 1)
			continue;
		(void)lua_geti(L, 1, i + 1);
		while (order[i] != start + 1) {
			int from = order[i];
			copy_element(L, from, i + 1);
			order[i] = i + 1;
			i = from - 1;
		}
		order[i] = i + 1;
		lua_seti(L, 1, i + 1);
	}
}

static int safe_sort(lua_State *L)
{
	int n = (int)check_table(L, "sort");
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	if (n < 2)
		return 0;
	/* Positions are sorted, not elements: a comparison that fails leaves the table as it was. */
	int *room = lua_newuserdatauv(L, 2 * (size_t)n * sizeof(*room), 0);
	permute(L, merge_sort(L, room, room + n, n), n);
	return 0;
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
	luaL_setfuncs(L, functions, 0);
}
