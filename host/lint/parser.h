/*
 * parser.h - Lua 5.4's grammar and its rules of scope, without running or compiling anything.
 *
 * Accepts what Lua accepts, also where it refuses after the grammar: goto and labels, break, const and
 * close, `...` outside a vararg function, more than 200 locals. Not counted are registers and constants:
 * a function that needs too many is for the compiler to refuse. Pure.
 */
#ifndef LINT_PARSER_H
#define LINT_PARSER_H

#include "lint/lexer.h"
#include "lint/tree.h"

struct parsed {
	struct expr *uses; /* in the arena */
	bool ok;
	int line, column; /* of the error */
	char message[160];
};

void parse(struct parsed *out, struct bytes source, struct arena *arena);

#endif
