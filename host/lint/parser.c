/* parser.c - tokens and statements, by section 3.3 of the reference manual. */
#include "lint/parser.h"

#include <stdio.h>

#include "lint/parser_private.h"

enum { DEPTH_MAX = 210, NAMES_MAX = 200 };

/* ---- tokens ---- */

void parser_next(struct parser *p)
{
	p->now = p->has_ahead ? p->ahead : lexer_next(&p->lexer);
	p->has_ahead = false;
	if (p->lexer.failed)
		p->now.kind = TOKEN_END;
}

struct token parser_ahead(struct parser *p)
{
	if (!p->has_ahead)
		p->ahead = lexer_next(&p->lexer);
	p->has_ahead = true;
	return p->ahead;
}

bool parser_is(const struct parser *p, const char *text)
{
	return token_is(&p->now, text);
}

bool parser_take(struct parser *p, const char *text)
{
	bool is = parser_is(p, text);
	if (is)
		parser_next(p);
	return is;
}

void parser_fail(struct parser *p, const char *what)
{
	if (p->now.kind == TOKEN_END)
		lexer_fail(&p->lexer, &p->now, "%s near the end of the file", what);
	else
		lexer_fail(&p->lexer, &p->now, "%s near '%.*s'", what,
			   p->now.text.n < 40 ? (int)p->now.text.n : 40, p->now.text.p);
	p->now.kind = TOKEN_END;
}

void parser_expect(struct parser *p, const char *text)
{
	char what[32];
	if (parser_take(p, text))
		return;
	(void)snprintf(what, sizeof(what), "'%s' expected", text);
	parser_fail(p, what);
}

void parser_close(struct parser *p, const char *text, const struct token *open)
{
	char what[120];
	if (parser_take(p, text))
		return;
	if (open->line == p->now.line)
		(void)snprintf(what, sizeof(what), "'%s' expected", text);
	else
		(void)snprintf(what, sizeof(what), "'%s' expected (to close '%.*s' at line %d)",
			       text, open->text.n < 20 ? (int)open->text.n : 20, open->text.p,
			       open->line);
	parser_fail(p, what);
}

struct token parser_name(struct parser *p)
{
	struct token name = p->now;
	if (name.kind == TOKEN_NAME)
		parser_next(p);
	else
		parser_fail(p, "<name> expected");
	return name;
}

bool parser_enter(struct parser *p)
{
	if (++p->depth <= DEPTH_MAX)
		return true;
	lexer_fail(&p->lexer, &p->now, "nested too deep");
	p->now.kind = TOKEN_END;
	p->depth--;
	return false;
}

void parser_leave(struct parser *p)
{
	p->depth--;
}

void *parser_take_memory(struct parser *p, size_t n)
{
	void *m = arena_take(p->lexer.arena, n);
	if (!m)
		lexer_fail(&p->lexer, &p->now, "the file is too large");
	return m;
}

/* ---- blocks ---- */

static void parse_statement(struct parser *p);

static bool at_end(const struct parser *p, bool with_until)
{
	return p->now.kind == TOKEN_END || parser_is(p, "end") || parser_is(p, "else") ||
	       parser_is(p, "elseif") || (with_until && parser_is(p, "until"));
}

static void parse_return(struct parser *p)
{
	int n;
	parser_next(p);
	if (!at_end(p, true) && !parser_is(p, ";"))
		(void)parse_exprs(p, &n);
	(void)parser_take(p, ";");
}

void parse_block(struct parser *p)
{
	while (!p->lexer.failed && !at_end(p, true)) {
		if (parser_is(p, "return")) {
			parse_return(p);
			return;
		}
		parse_statement(p);
	}
}

static void parse_inner(struct parser *p, bool loop)
{
	struct block b;
	scope_open(p, &b, loop);
	parse_block(p);
	scope_close(p);
}

/* ---- compound statements ---- */

static void parse_if(struct parser *p, const struct token *at)
{
	do {
		parser_next(p);
		(void)parse_expr(p);
		parser_expect(p, "then");
		parse_inner(p, false);
	} while (parser_is(p, "elseif"));
	if (parser_take(p, "else"))
		parse_inner(p, false);
	parser_close(p, "end", at);
}

static void parse_while(struct parser *p, const struct token *at)
{
	parser_next(p);
	(void)parse_expr(p);
	parser_expect(p, "do");
	parse_inner(p, true);
	parser_close(p, "end", at);
}

/* The condition sees the locals of the body. */
static void parse_repeat(struct parser *p, const struct token *at)
{
	struct block loop, body;
	parser_next(p);
	scope_open(p, &loop, true);
	scope_open(p, &body, false);
	parse_block(p);
	parser_close(p, "until", at);
	(void)parse_expr(p);
	scope_close(p);
	scope_close(p);
}

static void parse_for(struct parser *p, const struct token *at)
{
	struct block loop, body;
	struct token names[NAMES_MAX];
	int n_names = 0, n = 0;
	parser_next(p);
	do {
		if (n_names == NAMES_MAX) {
			parser_fail(p, "too many local variables");
			return;
		}
		names[n_names++] = parser_name(p);
	} while (parser_take(p, ","));
	bool numeric = n_names == 1 && parser_take(p, "=");
	if (!numeric && !parser_take(p, "in"))
		parser_fail(p, "'=' or 'in' expected");
	scope_open(p, &loop, true);
	(void)parse_exprs(p, &n);
	if (numeric && (n < 2 || n > 3))
		parser_fail(p, "a numeric for takes two or three values");
	scope_hide(p, numeric ? 3 : 4);
	parser_expect(p, "do");
	scope_open(p, &body, false);
	for (int i = 0; i < n_names; i++)
		(void)scope_declare(p, &names[i]);
	parse_block(p);
	scope_close(p);
	parser_close(p, "end", at);
	scope_close(p);
}

static void parse_function(struct parser *p, const struct token *at)
{
	bool method = false;
	parser_next(p);
	struct token name = parser_name(p);
	struct expr *target = scope_resolve(p, &name);
	while (!method && (parser_is(p, ".") || parser_is(p, ":"))) {
		method = parser_is(p, ":");
		parser_next(p);
		name = parser_name(p);
		target = expr_index(p, target, &name);
	}
	scope_assign(p, target);
	parse_body(p, method, at);
}

/* ---- local ---- */

static void parse_local_function(struct parser *p, const struct token *at)
{
	parser_next(p);
	struct token name = parser_name(p);
	(void)scope_declare(p, &name);
	parse_body(p, false, at);
}

struct declared {
	struct token name;
	bool constant;
};

static bool parse_attribute(struct parser *p, struct declared *d)
{
	if (!parser_take(p, "<"))
		return false;
	struct token a = parser_name(p);
	bool close = a.text.n == 5 && memcmp(a.text.p, "close", 5) == 0;
	d->constant = close || (a.text.n == 5 && memcmp(a.text.p, "const", 5) == 0);
	if (!d->constant)
		lexer_fail(&p->lexer, &a, "unknown attribute '%.*s'",
			   a.text.n < 40 ? (int)a.text.n : 40, a.text.p);
	parser_expect(p, ">");
	return close;
}

static void parse_local(struct parser *p)
{
	struct declared list[NAMES_MAX];
	int n = 0, n_values = 0, closes = 0;
	do {
		if (n == NAMES_MAX) {
			parser_fail(p, "too many local variables");
			return;
		}
		list[n] = (struct declared){ .name = parser_name(p) };
		closes += parse_attribute(p, &list[n]);
		n++;
	} while (parser_take(p, ","));
	if (closes > 1)
		parser_fail(p, "multiple to-be-closed variables in local list");
	struct expr *value = parser_take(p, "=") ? parse_exprs(p, &n_values) : NULL;
	for (int i = 0; i < n; i++) { /* in scope only behind the values */
		struct local *l = scope_declare(p, &list[i].name);
		if (!l)
			return;
		l->init = value;
		l->constant = list[i].constant;
		value = value ? value->next : NULL;
	}
}

/* ---- simple statements ---- */

static bool is_call(const struct expr *e)
{
	return e && (e->kind == EXPR_CALL || e->kind == EXPR_METHOD);
}

/* Names in an _ENV are EXPR_OTHER. */
static bool is_variable(const struct expr *e)
{
	return e && (e->kind == EXPR_LOCAL || e->kind == EXPR_GLOBAL || e->kind == EXPR_INDEX ||
		     e->kind == EXPR_OTHER);
}

static void parse_call_or_assignment(struct parser *p)
{
	struct expr *target = parse_suffixed(p);
	int n;
	if (!parser_is(p, "=") && !parser_is(p, ",")) {
		if (!is_call(target))
			parser_fail(p, "syntax error");
		return;
	}
	for (;;) {
		if (!is_variable(target))
			parser_fail(p, "syntax error");
		scope_assign(p, target);
		if (p->lexer.failed || !parser_take(p, ","))
			break;
		target = parse_suffixed(p);
	}
	parser_expect(p, "=");
	(void)parse_exprs(p, &n);
}

static void parse_label(struct parser *p)
{
	parser_next(p);
	struct token name = parser_name(p);
	parser_expect(p, "::");
	while (parser_is(p, ";") || parser_is(p, "::"))
		parse_statement(p);
	scope_label(p, &name, at_end(p, false));
}

static void parse_goto(struct parser *p)
{
	parser_next(p);
	struct token name = parser_name(p);
	if (!p->lexer.failed)
		scope_goto(p, &name);
}

static void parse_words(struct parser *p, const struct token *at)
{
	if (parser_is(p, "if")) {
		parse_if(p, at);
	} else if (parser_is(p, "while")) {
		parse_while(p, at);
	} else if (parser_is(p, "for")) {
		parse_for(p, at);
	} else if (parser_is(p, "repeat")) {
		parse_repeat(p, at);
	} else if (parser_is(p, "function")) {
		parse_function(p, at);
	} else if (parser_is(p, "goto")) {
		parse_goto(p);
	} else if (parser_take(p, "break")) {
		scope_break(p, at);
	} else if (parser_take(p, "do")) {
		parse_inner(p, false);
		parser_close(p, "end", at);
	} else if (parser_take(p, "local")) {
		if (parser_is(p, "function"))
			parse_local_function(p, at);
		else
			parse_local(p);
	} else {
		parse_call_or_assignment(p);
	}
}

static void parse_statement(struct parser *p)
{
	struct token at = p->now;
	if (!parser_enter(p))
		return;
	if (parser_is(p, "::"))
		parse_label(p);
	else if (!parser_take(p, ";"))
		parse_words(p, &at);
	parser_leave(p);
}

void parse(struct parsed *out, struct bytes source, struct arena *arena)
{
	struct parser p = { 0 };
	struct function main_chunk;
	struct block b;
	p.last_use = &p.first_use;
	lexer_init(&p.lexer, source, arena);
	parser_next(&p);
	scope_open_function(&p, &main_chunk, &b);
	main_chunk.vararg = true;
	parse_block(&p);
	if (p.now.kind != TOKEN_END)
		parser_fail(&p, "<eof> expected");
	scope_close_function(&p);
	*out = (struct parsed){ .uses = p.first_use, .ok = !p.lexer.failed };
	out->line = p.lexer.error.line;
	out->column = p.lexer.error.column;
	(void)snprintf(out->message, sizeof(out->message), "%s", p.lexer.message);
}
