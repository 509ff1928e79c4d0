/*
 * json_lua.h - between JSON trees and Lua values, typed by an operation's members.
 *
 * To Lua: members of type INTEGER are Lua integers also for 6.0, NUMBER and TIMESTAMP are floats
 * also for 0 and 100 (a TIMESTAMP may come as ISO 8601 text); untyped numbers are integers when
 * written as such. null is absent inside an object, and the value `null` inside a list. Lists carry
 * the metatable of array{}, so that an empty one stays a list.
 *
 * To JSON: a table with keys 1..n, or one that array{} marked, is a list; every other one, the
 * empty one included, is an object (of a LIST member: a list). `null` is null. Refused, with the
 * path to the value: keys that are not strings, holes, NaN and infinities, text that is not UTF-8,
 * functions and the like, cycles, and more than JSON_DEPTH_MAX levels or JSON_TAKE_MAX bytes.
 */
#ifndef SCRIPT_JSON_LUA_H
#define SCRIPT_JSON_LUA_H

#include <lua.h>

#include "base/json.h"
#include "plugin_api.h"

enum {
	JSON_TAKE_MAX = 16 << 20,          /* estimated size of a tree */
	JSON_TEXT_MAX = 7 * JSON_TAKE_MAX, /* of its text: a control character is six bytes there */
};

/* The registry key of the metatable that marks lists. */
#define JSON_ARRAY_METATABLE "array"

/* Push v (NULL: nil), typed by m (NULL: untyped). Inside a protected call: may raise. v must be
 * anchored somewhere else than on the C stack. */
void json_push(lua_State *L, const cJSON *v, const struct member *m);

/* The value at idx as a tree owned by the caller (cJSON_Delete), or NULL with *err; name begins the
 * path in the message. Reads raw fields only, calls no metamethod, never raises. */
NODISCARD cJSON *json_take(lua_State *L, int idx, const struct member *m, const char *name,
			   struct err *err);

/* The row called name in a list of members, or NULL. */
const struct member *member_find(const struct member *members, const char *name);

#endif
