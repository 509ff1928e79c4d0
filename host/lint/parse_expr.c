/* parse_expr.c - expressions, by section 3.4 of the reference manual. */
#include "lint/parser_private.h"

struct expr *expr_new(struct parser *p, enum expr_kind kind, const struct token *at)
{
	struct expr *e = parser_take_memory(p, sizeof(*e));
	if (!e)
		return NULL;
	e->kind = kind;
	e->line = at->line;
	e->column = at->column;
	e->text = at->text;
	return e;
}

void expr_use(struct parser *p, struct expr *e)
{
	if (!e)
		return;
	*p->last_use = e;
	p->last_use = &e->next_use;
}

/* object.name; the place is that of the name. */
struct expr *expr_index(struct parser *p, struct expr *object, const struct token *name)
{
	struct expr *e = expr_new(p, EXPR_INDEX, name);
	struct expr *key = expr_new(p, EXPR_STRING, name);
	if (!e)
		return NULL;
	e->object = object;
	e->key = key;
	expr_use(p, e);
	return e;
}

struct expr *parse_exprs(struct parser *p, int *n)
{
	struct expr *first = parse_expr(p), *last = first;
	*n = 1;
	while (parser_take(p, ",")) {
		struct expr *e = parse_expr(p);
		if (last)
			last->next = e;
		last = e;
		++*n;
	}
	return first;
}

/* ---- tables ---- */

static void parse_field(struct parser *p, struct field *f)
{
	struct token ahead = parser_ahead(p);
	if (p->now.kind == TOKEN_NAME && token_is(&ahead, "=")) {
		struct token name = parser_name(p);
		f->key = expr_new(p, EXPR_STRING, &name);
		parser_expect(p, "=");
	} else if (parser_take(p, "[")) {
		f->key = parse_expr(p);
		parser_expect(p, "]");
		parser_expect(p, "=");
	}
	f->value = parse_expr(p);
}

static struct expr *parse_table(struct parser *p)
{
	struct token open = p->now;
	struct expr *e = expr_new(p, EXPR_TABLE, &open);
	if (!e)
		return NULL;
	struct field **last = &e->fields;
	parser_expect(p, "{");
	while (!p->lexer.failed && !parser_is(p, "}")) {
		struct field *f = parser_take_memory(p, sizeof(*f));
		if (!f)
			return NULL;
		parse_field(p, f);
		*last = f;
		last = &f->next;
		if (!parser_take(p, ",") && !parser_take(p, ";"))
			break;
	}
	parser_close(p, "}", &open);
	return e;
}

/* ---- functions ---- */

/* The parameters and the block; at is the word function. */
void parse_body(struct parser *p, bool method, const struct token *at)
{
	static const struct token self = { .kind = TOKEN_NAME, .text = { "self", 4 } };
	struct function f;
	struct block b;
	scope_open_function(p, &f, &b);
	if (method)
		(void)scope_declare(p, &self);
	parser_expect(p, "(");
	while (!p->lexer.failed && !parser_is(p, ")")) {
		if (parser_take(p, "...")) {
			f.vararg = true;
			break;
		}
		struct token name = parser_name(p);
		(void)scope_declare(p, &name);
		if (!parser_take(p, ","))
			break;
		if (parser_is(p, ")"))
			parser_fail(p, "<name> expected");
	}
	parser_expect(p, ")");
	parse_block(p);
	parser_close(p, "end", at);
	scope_close_function(p);
}

/* ---- prefixes and suffixes ---- */

static struct expr *parse_primary(struct parser *p)
{
	struct token at = p->now;
	if (p->now.kind == TOKEN_NAME) {
		parser_next(p);
		return scope_resolve(p, &at);
	}
	if (!parser_take(p, "(")) {
		parser_fail(p, "unexpected symbol");
		return NULL;
	}
	struct expr *e = expr_new(p, EXPR_PAREN, &at), *inner = parse_expr(p);
	parser_close(p, ")", &at);
	if (e)
		e->object = inner;
	return e;
}

static bool starts_arguments(const struct parser *p)
{
	return p->now.kind == TOKEN_STRING || parser_is(p, "(") || parser_is(p, "{");
}

static struct expr *parse_arguments(struct parser *p)
{
	struct token at = p->now;
	struct expr *args = NULL;
	int n;
	if (p->now.kind == TOKEN_STRING) {
		parser_next(p);
		return expr_new(p, EXPR_STRING, &at);
	}
	if (parser_is(p, "{"))
		return parse_table(p);
	if (!parser_take(p, "(")) {
		parser_fail(p, "function arguments expected");
		return NULL;
	}
	if (!parser_is(p, ")"))
		args = parse_exprs(p, &n);
	parser_close(p, ")", &at);
	return args;
}

static struct expr *parse_call(struct parser *p, struct expr *object, const struct token *method)
{
	struct token at = method ? *method : p->now;
	struct expr *e = expr_new(p, method ? EXPR_METHOD : EXPR_CALL, &at);
	struct expr *args = parse_arguments(p);
	if (!e)
		return NULL;
	if (!method && object) {
		e->line = object->line;
		e->column = object->column;
	}
	e->object = object;
	e->args = args;
	expr_use(p, e);
	return e;
}

static struct expr *parse_suffix(struct parser *p, struct expr *object)
{
	struct token at = p->now;
	if (parser_take(p, ".")) {
		struct token name = parser_name(p);
		return expr_index(p, object, &name);
	}
	if (parser_take(p, "[")) {
		struct expr *key = parse_expr(p), *e = expr_new(p, EXPR_INDEX, &at);
		parser_expect(p, "]");
		if (!e)
			return NULL;
		e->object = object;
		e->key = key;
		expr_use(p, e);
		return e;
	}
	if (parser_take(p, ":")) {
		struct token name = parser_name(p);
		return parse_call(p, object, &name);
	}
	return parse_call(p, object, NULL);
}

struct expr *parse_suffixed(struct parser *p)
{
	struct expr *e = parse_primary(p);
	while (!p->lexer.failed &&
	       (parser_is(p, ".") || parser_is(p, "[") || parser_is(p, ":") || starts_arguments(p)))
		e = parse_suffix(p, e);
	return e;
}

/* ---- operators ---- */

static struct expr *parse_word(struct parser *p)
{
	struct token at = p->now;
	enum expr_kind kind = EXPR_OTHER;
	if (parser_is(p, "nil"))
		kind = EXPR_NIL;
	else if (parser_is(p, "true") || parser_is(p, "false"))
		kind = EXPR_BOOLEAN;
	else if (!parser_is(p, "function"))
		return parse_suffixed(p);
	parser_next(p);
	if (token_is(&at, "function"))
		parse_body(p, false, &at);
	return expr_new(p, kind, &at);
}

static struct expr *parse_simple(struct parser *p)
{
	struct token at = p->now;
	switch (p->now.kind) {
	case TOKEN_NUMBER:
		parser_next(p);
		return expr_new(p, EXPR_NUMBER, &at);
	case TOKEN_STRING:
		parser_next(p);
		return expr_new(p, EXPR_STRING, &at);
	case TOKEN_WORD:
		return parse_word(p);
	case TOKEN_NAME:
	case TOKEN_SYMBOL:
	case TOKEN_END:
		break;
	}
	if (parser_is(p, "{"))
		return parse_table(p);
	if (!parser_is(p, "..."))
		return parse_suffixed(p);
	if (!p->function->vararg)
		lexer_fail(&p->lexer, &at, "cannot use '...' outside a vararg function");
	parser_next(p);
	return expr_new(p, EXPR_OTHER, &at);
}

struct binary {
	const char *symbol;
	int left, right; /* how strongly it binds */
};

static const struct binary *binary_operator(const struct parser *p)
{
	static const struct binary operators[] = {
		{ "+", 10, 10 }, { "-", 10, 10 }, { "*", 11, 11 },  { "%", 11, 11 },
		{ "^", 14, 13 }, { "/", 11, 11 }, { "//", 11, 11 }, { "&", 6, 6 },
		{ "|", 4, 4 },   { "~", 5, 5 },   { "<<", 7, 7 },   { ">>", 7, 7 },
		{ "..", 9, 8 },  { "==", 3, 3 },  { "<", 3, 3 },    { "<=", 3, 3 },
		{ "~=", 3, 3 },  { ">", 3, 3 },   { ">=", 3, 3 },   { "and", 2, 2 },
		{ "or", 1, 1 },
	};
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (parser_is(p, operators[i].symbol))
			return &operators[i];
	return NULL;
}

enum { UNARY = 12 };

static bool is_unary(const struct parser *p)
{
	return parser_is(p, "not") || parser_is(p, "-") || parser_is(p, "~") || parser_is(p, "#");
}

/* What binds stronger than limit. */
static struct expr *parse_operators(struct parser *p, int limit)
{
	struct token at = p->now;
	const struct binary *o;
	struct expr *e;
	if (!parser_enter(p))
		return NULL;
	if (is_unary(p)) {
		parser_next(p);
		struct expr *operand = parse_operators(p, UNARY);
		bool number = token_is(&at, "-") && operand && operand->kind == EXPR_NUMBER;
		e = number ? operand : expr_new(p, EXPR_OTHER, &at);
	} else {
		e = parse_simple(p);
	}
	while (!p->lexer.failed && (o = binary_operator(p)) && o->left > limit) {
		parser_next(p);
		(void)parse_operators(p, o->right);
		e = expr_new(p, EXPR_OTHER, &at);
	}
	parser_leave(p);
	return e;
}

struct expr *parse_expr(struct parser *p)
{
	return parse_operators(p, 0);
}
