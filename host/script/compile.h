/*
 * compile.h - does Lua accept a source? Compiled, never run.
 *
 * For `runbook check`, behind lint/lint.h: what only the compiler refuses is a function that needs more
 * registers, upvalues or levels than there are.
 */
#ifndef SCRIPT_COMPILE_H
#define SCRIPT_COMPILE_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

/* @param[out] line  of what is wrong; 0 if unknown
 * @return 0; -ERR_INVALID with Lua's message; -ERR_NOMEM */
NODISCARD int script_compile(struct bytes source, int *line, struct err *err);

#endif
