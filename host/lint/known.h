/*
 * known.h - the globals of a runbook and the fields of its library tables, as in script/sandbox.h.
 *
 * tests/unit/test_lint.c compares these lists with the sandbox itself.
 */
#ifndef LINT_KNOWN_H
#define LINT_KNOWN_H

/* Names, ending with NULL. */
extern const char *const known_globals[];

struct known_library {
	const char *name;
	const char *const *fields;
};

extern const struct known_library known_libraries[]; /* ends with a NULL name */

#endif
