/*
 * keys.h - the keys of a Lua table in an order that is the same in every state.
 *
 * Lua's own order depends on a random seed per state; a runbook that loops over a table must do the
 * same calls in the same order each time. Numbers come first, then strings by bytes, then booleans.
 */
#ifndef SCRIPT_KEYS_H
#define SCRIPT_KEYS_H

#include <lua.h>

#include "base/bytes.h"

struct key {
	int type;    /* LUA_TNUMBER, LUA_TSTRING or LUA_TBOOLEAN */
	bool is_int; /* a number: which of the two below */
	lua_Integer i;
	lua_Number n;
	struct bytes s; /* borrowed from the table */
};

/* -1, 0 or 1. */
int key_compare(const struct key *a, const struct key *b);

/* Read the value at idx as a key; false: of a type that has no order. Never raises. */
bool key_read(lua_State *L, int idx, struct key *out);

void key_push(lua_State *L, const struct key *k);

/* Number of keys of the table at idx. Needs two free stack slots; never raises. */
size_t keys_count(lua_State *L, int idx);

/* Fill out[0..n), sorted. Returns NULL, or the type name of a key that has no order. */
const char *keys_sorted(lua_State *L, int idx, struct key *out, size_t n);

#endif
