/*
 * gate.h - the one road from Lua to an operation. See README.md for its steps.
 *
 * Plugins never see Lua: what they registered appears as functions that all are gate_call. In order:
 * number the step, check the arguments, ask the rules, fill in the token, record the intent, call,
 * wait, record the outcome, and only then answer the script. Nothing gets past a step by raising,
 * yielding in the wrong place, or running out of memory: what was begun is owned by the run.
 */
#ifndef SCRIPT_GATE_H
#define SCRIPT_GATE_H

#include <lua.h>

#include "script/run_private.h"

/* Make what the functions need. Inside a protected call, once a state. */
void gate_open(lua_State *L);

#endif
