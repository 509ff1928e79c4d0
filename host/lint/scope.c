/* scope.c - which local a name is, and what labels a goto sees, by Lua 5.4's rules. */
#include <stdlib.h>

#include "base/similar.h"
#include "lint/parser_private.h"

enum { LOCALS_MAX = 200 };

static bool same(struct bytes a, struct bytes b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* ---- blocks ---- */

void scope_open(struct parser *p, struct block *b, bool loop)
{
	struct function *f = p->function;
	*b = (struct block){ .up = f->block,
			     .scope = p->scope,
			     .labels = f->labels,
			     .jumps = f->jumps,
			     .n_locals = f->n_locals,
			     .loop = loop };
	f->block = b;
}

/* A goto that leaves the block sees a label outside as if it stood at the block's place. */
void scope_close(struct parser *p)
{
	struct function *f = p->function;
	const struct block *b = f->block;
	for (struct jump *j = f->jumps; j && j != b->jumps; j = j->up)
		if (j->n_locals > b->n_locals)
			j->n_locals = b->n_locals;
	f->labels = b->labels;
	f->n_locals = b->n_locals;
	p->scope = b->scope;
	f->block = b->up;
}

void scope_open_function(struct parser *p, struct function *f, struct block *b)
{
	*f = (struct function){ .up = p->function };
	p->function = f;
	scope_open(p, b, false);
}

void scope_close_function(struct parser *p)
{
	const struct function *f = p->function;
	const struct jump *first = NULL;
	for (const struct jump *j = f->jumps; j; j = j->up)
		first = j;
	if (first)
		lexer_fail(&p->lexer, &first->at, "no visible label '%.*s' for goto",
			   (int)first->at.text.n, first->at.text.p);
	scope_close(p);
	p->function = f->up;
}

/* ---- names ---- */

/* With a NUL behind it. */
static struct bytes copy_name(struct parser *p, struct bytes name)
{
	char *copy = parser_take_memory(p, name.n + 1);
	if (!copy)
		return BYTES_LIT("");
	memcpy(copy, name.p, name.n);
	return (struct bytes){ copy, name.n };
}

void scope_hide(struct parser *p, int n)
{
	struct function *f = p->function;
	f->n_locals += n;
	if (f->n_locals > LOCALS_MAX)
		lexer_fail(&p->lexer, &p->now, "too many local variables (limit is %d)",
			   LOCALS_MAX);
}

struct local *scope_declare(struct parser *p, const struct token *name)
{
	struct local *l = parser_take_memory(p, sizeof(*l));
	if (!l)
		return NULL;
	l->name = copy_name(p, name->text);
	l->up = p->scope;
	p->scope = l;
	scope_hide(p, 1);
	return l;
}

static struct local *find(const struct parser *p, struct bytes name)
{
	struct local *l = p->scope;
	while (l && !same(l->name, name))
		l = l->up;
	return l;
}

static void find_similar(const struct parser *p, struct expr *e)
{
	struct similar near = similar_to(e->text.p);
	for (const struct local *l = p->scope; l; l = l->up)
		similar_consider(&near, l->name.p);
	if (near.best)
		e->similar = bytes_str(near.best);
}

struct expr *scope_resolve(struct parser *p, const struct token *name)
{
	struct local *l = find(p, name->text);
	if (!l && find(p, BYTES_LIT("_ENV")))
		return expr_new(p, EXPR_OTHER, name); /* a field of that table */
	struct expr *e = expr_new(p, l ? EXPR_LOCAL : EXPR_GLOBAL, name);
	if (!e)
		return NULL;
	e->local = l;
	e->text = copy_name(p, name->text);
	if (!l) {
		find_similar(p, e);
		expr_use(p, e);
	}
	return e;
}

void scope_assign(struct parser *p, struct expr *e)
{
	if (!e)
		return;
	e->assigned = true;
	if (e->kind != EXPR_LOCAL)
		return;
	struct token at = { .line = e->line, .column = e->column };
	e->local->assignments++;
	if (e->local->constant)
		lexer_fail(&p->lexer, &at, "attempt to assign to const variable '%.*s'",
			   (int)e->text.n, e->text.p);
}

/* ---- labels ---- */

static const struct label *find_label(const struct parser *p, struct bytes name)
{
	const struct label *l = p->function->labels;
	while (l && !same(l->name, name))
		l = l->up;
	return l;
}

/* Settle what waits for the label; it may not jump over a local's declaration. */
static void settle(struct parser *p, const struct token *name, int n_locals)
{
	struct function *f = p->function;
	for (struct jump **at = &f->jumps; *at && *at != f->block->jumps;) {
		const struct jump *j = *at;
		if (!same(j->at.text, name->text)) {
			at = &(*at)->up;
			continue;
		}
		if (j->n_locals < n_locals)
			lexer_fail(&p->lexer, &j->at,
				   "goto '%.*s' jumps into the scope of a local variable",
				   (int)name->text.n, name->text.p);
		*at = j->up;
	}
}

void scope_label(struct parser *p, const struct token *name, bool last)
{
	struct function *f = p->function;
	if (find_label(p, name->text))
		lexer_fail(&p->lexer, name, "label '%.*s' already defined", (int)name->text.n,
			   name->text.p);
	struct label *l = parser_take_memory(p, sizeof(*l));
	if (!l)
		return;
	*l = (struct label){ f->labels, name->text };
	f->labels = l;
	settle(p, name, last ? f->block->n_locals : f->n_locals);
}

void scope_goto(struct parser *p, const struct token *name)
{
	if (find_label(p, name->text))
		return;
	struct jump *j = parser_take_memory(p, sizeof(*j));
	if (!j)
		return;
	*j = (struct jump){ p->function->jumps, *name, p->function->n_locals };
	p->function->jumps = j;
}

void scope_break(struct parser *p, const struct token *at)
{
	const struct block *b = p->function->block;
	while (b && !b->loop)
		b = b->up;
	if (!b)
		lexer_fail(&p->lexer, at, "break outside a loop");
}
