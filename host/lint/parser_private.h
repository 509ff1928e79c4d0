/* parser_private.h - what the parser is made of; for parser.c, parse_expr.c and scope.c only. */
#ifndef LINT_PARSER_PRIVATE_H
#define LINT_PARSER_PRIVATE_H

#include "lint/parser.h"

struct label {
	struct label *up;
	struct bytes name;
};

struct jump { /* a goto whose label was not seen yet */
	struct jump *up;
	struct token at; /* its name */
	int n_locals;    /* in scope there */
};

struct block {
	struct block *up;
	struct local *scope; /* as it was before */
	struct label *labels;
	struct jump *jumps;
	int n_locals;
	bool loop;
};

struct function {
	struct function *up;
	struct block *block;
	struct label *labels; /* visible ones, the last first */
	struct jump *jumps;
	int n_locals; /* hidden ones included */
	bool vararg;
};

struct parser {
	struct lexer lexer;
	struct token now, ahead;
	bool has_ahead;
	struct function *function;
	struct local *scope; /* of all enclosing functions, the last first */
	struct expr *first_use, **last_use;
	int depth;
};

/* ---- tokens ---- */
void parser_next(struct parser *p);
struct token parser_ahead(struct parser *p); /* the one after now */
bool parser_is(const struct parser *p, const char *text);
bool parser_take(struct parser *p, const char *text); /* skip it if it is there */
void parser_expect(struct parser *p, const char *text);
/* Expect what closes `open`, which is said when it is on another line. */
void parser_close(struct parser *p, const char *text, const struct token *open);
struct token parser_name(struct parser *p);
void parser_fail(struct parser *p, const char *what); /* "WHAT near TOKEN" */
bool parser_enter(struct parser *p);                  /* one level deeper; false: too deep */
void parser_leave(struct parser *p);
void *parser_take_memory(struct parser *p, size_t n); /* NULL: failed */

/* ---- scope.c ---- */
void scope_open(struct parser *p, struct block *b, bool loop);
void scope_close(struct parser *p);
void scope_open_function(struct parser *p, struct function *f, struct block *b);
void scope_close_function(struct parser *p);
struct local *scope_declare(struct parser *p, const struct token *name);
void scope_hide(struct parser *p, int n); /* locals without a name */
struct expr *scope_resolve(struct parser *p, const struct token *name);
void scope_assign(struct parser *p, struct expr *e);
void scope_label(struct parser *p, const struct token *name, bool last);
void scope_goto(struct parser *p, const struct token *name);
void scope_break(struct parser *p, const struct token *at);

/* ---- parse_expr.c ---- */
struct expr *parse_expr(struct parser *p);
struct expr *parse_exprs(struct parser *p, int *n); /* a list with commas */
struct expr *parse_suffixed(struct parser *p);
void parse_body(struct parser *p, bool method, const struct token *at);
struct expr *expr_new(struct parser *p, enum expr_kind kind, const struct token *at);
struct expr *expr_index(struct parser *p, struct expr *object, const struct token *name);
void expr_use(struct parser *p, struct expr *e);

/* ---- parser.c ---- */
void parse_block(struct parser *p);

#endif
