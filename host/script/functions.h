/*
 * functions.h - a Lua file whose functions C may call: struct lua_functions of plugin_api.h.
 *
 * The file is a chunk that returns a table of functions. It runs in one sandboxed state of its own
 * (see sandbox.h) that lives until functions_close, so handlers may keep counters in locals. They
 * compute; they cannot wait, and operations of plugins do not exist there. Every call has a CPU
 * budget; a handler that overran its budget or the memory ceiling is an error of that call only:
 * the file is loaded afresh before the next one.
 *
 * For the loop's thread.
 */
#ifndef SCRIPT_FUNCTIONS_H
#define SCRIPT_FUNCTIONS_H

#include "plugin_api.h"

struct lua_functions;

struct functions_spec {
	const char *path; /* of the file; copied */
	struct bytes
	    source; /* in place of what is in the file, which path then only names; copied */
	const char *lua_dir; /* where require also looks; NULL: only beside the file; copied */
	size_t memory_max;   /* bytes; 0: 64 MiB */
	int64_t cpu_ms;      /* of one call; 0: 1,000 */
	/* Lines written with log, one a call. NULL: dropped. */
	void (*on_log)(void *arg, enum log_level level, const char *text);
	void *arg;
};

/*
 * Load the file and run its chunk.
 *
 * @param[out] out owned by the caller; functions_close
 * @return 0; -ERR_INVALID when it cannot be read or compiled, raises, or returns anything but a
 *         table; the message names file and line
 */
NODISCARD int functions_open(struct lua_functions **out, const struct functions_spec *spec,
			     struct err *err);

/* Is there a function of that name? */
bool functions_has(struct lua_functions *f, const char *name);

/*
 * Call name(input, context).
 *
 * @param input, context  JSON values; empty: null
 * @param[out] out  the result is appended as JSON
 * @return 0; -ERR_REMOTE when the handler raised: error{ error =, cause = } becomes err->name and
 *         err->message, anything else has name "" and the text; -ERR_LIMIT when it overran a limit;
 *         -ERR_INVALID when there is no such function or its result is not JSON
 */
NODISCARD int functions_call(struct lua_functions *f, const char *name, struct bytes input,
			     struct bytes context, struct buf *out, struct err *err);

/*
 * The same with one argument. The function may return a text besides: it is appended to more.
 */
NODISCARD int functions_call_more(struct lua_functions *f, const char *name, struct bytes input,
				  struct buf *out, struct buf *more, struct err *err);

void functions_close(struct lua_functions *f); /* NULL is fine */

#endif
