/*
 * tree.h - what the parser keeps of a source: its expressions, with names resolved.
 *
 * Statements leave nothing but what the checks look at: which local a name is, how often it is assigned,
 * and, in the order of the source, every global, field, call and method.
 */
#ifndef LINT_TREE_H
#define LINT_TREE_H

#include "base/bytes.h"

enum expr_kind {
	EXPR_OTHER, /* operators, functions, `...`: of no value that we could know */
	EXPR_NIL,
	EXPR_BOOLEAN,
	EXPR_NUMBER,
	EXPR_STRING, /* text */
	EXPR_TABLE,  /* fields */
	EXPR_LOCAL,  /* local */
	EXPR_GLOBAL, /* text is its name */
	EXPR_INDEX,  /* object[key] */
	EXPR_PAREN,  /* (object) */
	EXPR_CALL,   /* object(args) */
	EXPR_METHOD, /* object:text(args) */
};

struct local {
	struct local *up; /* the one declared before it, while it is in scope */
	struct bytes name;
	struct expr *init; /* NULL: unknown */
	int assignments;   /* besides its declaration */
	bool constant;
};

struct field { /* of a table constructor */
	struct field *next;
	struct expr *key; /* NULL: the next position */
	struct expr *value;
};

struct expr {
	enum expr_kind kind;
	int line, column;
	struct bytes text;
	struct expr *object, *key, *args;
	struct field *fields;
	struct local *local;
	bool assigned;         /* it is the target of an assignment */
	bool open;             /* a table or arguments whose last element may be several */
	struct expr *next;     /* among arguments */
	struct expr *next_use; /* the uses of the source in order */
	struct bytes similar;  /* of a global: a local in scope with a similar name; empty: none */
};

#endif
