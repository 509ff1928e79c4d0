/*
 * definition_place.h - where in a definition a fault is, and how it is reported. Private to
 * definition_*.c.
 */
#ifndef LOCAL_DEFINITION_PLACE_H
#define LOCAL_DEFINITION_PLACE_H

#include "local/core/definition_check.h"

/* A chain of member names back to the root, on the stack: "/States/A/Choices[0]/Next" (recorded). */
struct place {
	const struct place *up;
	const char *name;
	int index; /* used when name is NULL */
};

#define SCHEMA "SCHEMA_VALIDATION_FAILED"
#define TARGET "MISSING_TRANSITION_TARGET"

/* What one check found goes into the list; the next state is checked all the same.
 * @param at  NULL: the whole definition, "/"
 * @return -ERR_INVALID, always */
int place_bad(struct diagnostics *out, const struct place *at, const char *code, const char *fmt,
	      ...) PRINTF_LIKE(4, 5);

/* The same of what the service refuses but the engine could run (diagnostic.harmless). */
int place_refused(struct diagnostics *out, const struct place *at, const char *code,
		  const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The same of what the service would run, but this engine does not. */
int place_not_run(struct diagnostics *out, const struct place *at, const char *what);

/* The service names no place for this one (recorded). */
int place_nowhere(struct diagnostics *out, const char *code, const char *text);

#endif
