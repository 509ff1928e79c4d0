/*
 * lint.h - what is wrong with a runbook, found without running it.
 *
 *	struct lint l = { .world = &world };
 *	lint_source(&l, source);
 *	... l.v[0..l.n), sorted by place ...
 *
 * Reported: syntax errors; globals that nobody defines, read or assigned; fields that string, table and
 * the other library tables do not have; modules that are not there; and for operations of plugins
 * misspelt names, and in a literal table of arguments misspelt, missing and mistyped members, nested ones
 * too. A local that is assigned once is followed: `local sfn = require "sfn"`,
 * `local describe = sfn.describe_map_run`. What cannot be known is not reported.
 *
 * Pure but for what the world answers. Sources and trees have a ceiling.
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include "base/bytes.h"
#include "plugin_api.h"

struct lint_world {
	void *arg;
	/* Row i of all operations, *ns being its namespace; NULL: there is none. */
	const struct operation *(*operation)(void *arg, size_t i, const char **ns);
	/* Would require find a file of that name? */
	bool (*has_module)(void *arg, const char *name);
};

enum { LINT_MAX = 100 };

struct lint_problem {
	int line, column;
	char text[256];
};

struct lint {
	const struct lint_world *world;
	struct lint_problem v[LINT_MAX];
	size_t n;
	bool syntax; /* the source is not Lua: v[0] says where */
};

void lint_source(struct lint *l, struct bytes source);

#endif
