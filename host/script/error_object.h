/*
 * error_object.h - the error a failed call raises: a table with fields and a text.
 *
 * Fields: code, message, status, requestId, attempts, retryable, operation, the idempotency token
 * under its member's name, and what the service sent besides. tostring() and `..` give one readable
 * line. The host reads its own error objects without running the script's code.
 */
#ifndef SCRIPT_ERROR_OBJECT_H
#define SCRIPT_ERROR_OBJECT_H

#include <lua.h>

#include "script/call.h"

/* Make the metatable. Inside a protected call, once a state. */
void error_object_open(lua_State *L);

/* Push the error by which c ended. */
void error_object_push(lua_State *L, const struct call *c);

/* Push the error that the journal has as a JSON object: code, message, retryable, extra. */
void error_object_push_recorded(lua_State *L, const cJSON *error, const char *operation);

/* Is the value at idx one of ours? */
bool error_object_is(lua_State *L, int idx);

/* Its field as text, "" if it is not a string. Borrowed from the table. Never raises. */
const char *error_object_field(lua_State *L, int idx, const char *name);

/* Push "sfn.redrive_execution: ExecutionNotRedrivable: Execution is RUNNING ... (request 4f2...)". */
void error_object_push_text(lua_State *L, int idx);

#endif
