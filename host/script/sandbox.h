/*
 * sandbox.h - what a script can reach: the globals of README.md, and nothing else.
 *
 * Built from Lua's own libraries by lists of names to keep, so that what is not listed is absent.
 * Replaced are functions that could escape a limit (pcall, xpcall, setmetatable, coroutine.*), whose
 * loops memory does not bound (patterns, string.rep, table.*), or that differ from state to state
 * (pairs, next, tostring, math.random). Each file of this group fills one library table.
 *
 * Everything here runs inside protected calls.
 */
#ifndef SCRIPT_SANDBOX_H
#define SCRIPT_SANDBOX_H

#include <lua.h>

enum { SANDBOX_RESULTS_MAX = 1 << 15 }; /* of one function: see the limit of a stack in state.c */

/* Build the globals of the state and set them in its registry. May raise. */
void sandbox_open(lua_State *L);

/* The parts: each adds to the table on top of the stack and leaves it there. */
void sandbox_base(lua_State *L);      /* pcall xpcall setmetatable tostring pairs next print */
void sandbox_coroutine(lua_State *L); /* coroutine.* */
void sandbox_string(lua_State *L);    /* rep format find match gmatch gsub */
void sandbox_table(lua_State *L);     /* insert remove sort concat unpack move */
/* Let NAME(text, i, j) of that table return SANDBOX_RESULTS_MAX values at most. */
void sandbox_few_results(lua_State *L, const char *name);
void sandbox_values(lua_State *L);  /* log now random uuid iso8601 null array */
void sandbox_require(lua_State *L); /* require */

/* lua_tolstring for people: as tostring, but without addresses. Pushes the text. */
const char *sandbox_tostring(lua_State *L, int idx, size_t *n);

#endif
