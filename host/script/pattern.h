/*
 * pattern.h - Lua's patterns with a bound on their work.
 *
 * The original matcher is a C loop that nothing can interrupt: ("a"):rep(300):find((".-"):rep(8) ..
 * "b") runs for ever. This one counts its steps and raises "pattern too complex" after
 * PATTERN_STEPS_MAX of one call (about 0.3 s), the same number on every machine. What matches, and
 * what the functions return, is as in the reference manual, section 6.4.1.
 */
#ifndef SCRIPT_PATTERN_H
#define SCRIPT_PATTERN_H

#include <lua.h>

enum { PATTERN_STEPS_MAX = 50000000 };

/* lua_CFunctions for the string table. */
int pattern_find(lua_State *L);
int pattern_match(lua_State *L);
int pattern_gmatch(lua_State *L);
int pattern_gsub(lua_State *L);

#endif
