/*
 * definition_check.h - is a definition one the service would accept?
 *
 * Finds the first fault in the form of every state, then (rules) what the service refuses all the
 * same, then the transitions, and says where each is. What this engine does not run (JSONata,
 * Assign) is found as well, and marked: the service would accept it.
 */
#ifndef LOCAL_DEFINITION_CHECK_H
#define LOCAL_DEFINITION_CHECK_H

#include "base/err.h"
#include "base/json.h"

struct diagnostic {
	const char *code; /* "SCHEMA_VALIDATION_FAILED" */
	char *message;
	char *location; /* NULL: the service names none */
	bool not_run;   /* right, but nothing this engine can run */
	bool harmless;  /* refused, but this engine could run it: kept when it comes from a store */
};

struct diagnostics { /* zeroed: empty; diagnostics_clear */
	struct diagnostic *list;
	size_t n, cap;
	bool jsonata; /* the query language of the whole definition is not JSONPath */
	bool express; /* set by the caller: it is to be an Express machine's */
};

/* @return 0; -ERR_INVALID: what is wrong has been appended to out */
NODISCARD int definition_check(const cJSON *tree, struct diagnostics *out);
void diagnostics_clear(struct diagnostics *d);

#endif
