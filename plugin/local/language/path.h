/*
 * path.h - JSONPath as the Amazon States Language has it.
 *
 * Where a path starts: `$` the input, `$$` the context object, `$name` a workflow variable. What may
 * follow: `.name`, `['name']`, `['a','b']`, `[n]` (negative: from the end), `[a,b]`, `[from:to:step]`,
 * `[*]`, `.*`, `..` and `[?(@.x > 1 && !@.y)]`. The service uses Jayway's JsonPath, and so do we:
 *
 *  - A definite path (names and single indexes only) gives its one value; when that does not exist it
 *    is an error.
 *  - Any other path gives a list, in document order; an empty one when nothing matches, even when the
 *    part before the wildcard is missing (recorded: `$.items[1:]` of `{}` is `[]`).
 *  - A reference path is a definite path without context object and variables: ResultPath.
 *
 * Not supported, and named in the error: functions (`.length()`) and the regular expression
 * operator `=~`.
 *
 * Pure over cJSON; nothing is modified but by path_put. Errors: -ERR_INVALID with err->name the
 * States.* error and err->message the service's text without the words about the state.
 */
#ifndef LOCAL_PATH_H
#define LOCAL_PATH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* What a path is looked up in. All borrowed; a NULL context or variables: there is none. */
struct path_scope {
	const cJSON *input;
	const cJSON *context;
	const cJSON *variables; /* object: name -> value */
};

/* What a path found. */
struct path_value {
	const cJSON *v; /* NULL: a definite path found nothing. Borrowed from the scope or `made` */
	cJSON *made;    /* a list that was put together; owned by the value */
};

/*
 * Look a path up; that a definite path finds nothing is no error here.
 *
 * @param[out] out  owned by the caller; path_value_clear
 * @return 0; -ERR_INVALID: not a path; -ERR_LIMIT: it would visit too many values; -ERR_NOMEM
 */
NODISCARD int path_look(struct path_value *out, struct bytes text, const struct path_scope *scope,
			struct err *err);
void path_value_clear(struct path_value *value);

/*
 * The value of a path.
 *
 * @param[out] out  a new tree, owned by the caller
 * @return 0; -ERR_INVALID: States.Runtime, "Invalid path '$.a' : No results for path: $['a']";
 *         others as path_look
 */
NODISCARD int path_get(cJSON **out, const char *text, const struct path_scope *scope,
		       struct err *err);

/*
 * ResultPath: put value at a reference path of *tree; missing objects on the way are created, an
 * index must exist. "$" replaces the whole tree.
 *
 * @param tree   in and out; owned by the caller, as before
 * @param value  taken over, also on failure
 * @return 0; -ERR_INVALID: States.ResultPathMatchFailure when the path does not fit the tree
 */
NODISCARD int path_put(cJSON **tree, const char *text, cJSON *value, struct err *err);

enum path_kind { PATH_ANY, PATH_DEFINITE, PATH_REFERENCE };

/* Is text a well-formed path of this kind? err->message says what is wrong where. */
NODISCARD int path_check(const char *text, enum path_kind kind, struct err *err);

#endif
