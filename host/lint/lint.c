#include "lint/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/similar.h"
#include "lint/known.h"
#include "lint/lint_private.h"
#include "lint/parser.h"

enum { TREE_MAX = 256 << 20, FOLLOW_MAX = 20, NAME_SIZE = 160 };

void lint_report(struct lint *l, const struct expr *at, const char *near, const char *fmt, ...)
{
	va_list ap;
	if (l->n == LINT_MAX)
		return;
	struct lint_problem *p = &l->v[l->n++];
	p->line = at->line;
	p->column = at->column;
	va_start(ap, fmt);
	(void)vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	size_t n = strlen(p->text);
	if (near)
		(void)snprintf(p->text + n, sizeof(p->text) - n, " (did you mean \"%s\"?)", near);
}

static bool equals(struct bytes a, const char *b)
{
	return strlen(b) == a.n && memcmp(a.p, b, a.n) == 0;
}

static bool in_list(const char *const *list, struct bytes name)
{
	for (; *list; list++)
		if (equals(name, *list))
			return true;
	return false;
}

/* ---- what an expression is, as far as it can be known ---- */

enum value_kind { VALUE_UNKNOWN, VALUE_GLOBAL, VALUE_NAMESPACE, VALUE_OPERATION, VALUE_STRING };

struct value {
	enum value_kind kind;
	struct bytes name; /* of the global or namespace */
	const struct operation *op;
	const char *ns;
};

static struct value value_of(const struct lint *l, const struct expr *e, int steps);

static const struct operation *find_operation(const struct lint *l, struct bytes ns,
					      const struct bytes *name, const char **full_ns)
{
	const struct operation *op;
	for (size_t i = 0; (op = l->world->operation(l->world->arg, i, full_ns)); i++)
		if (equals(ns, *full_ns) && (!name || equals(*name, op->name)))
			return op;
	return NULL;
}

static bool is_require(const struct lint *l, const struct expr *e, int steps)
{
	struct value f = value_of(l, e->object, steps - 1);
	return f.kind == VALUE_GLOBAL && equals(f.name, "require") && e->args &&
	       e->args->kind == EXPR_STRING;
}

static struct value value_of_index(const struct lint *l, const struct expr *e, int steps)
{
	struct value v = value_of(l, e->object, steps - 1);
	const char *ns = NULL;
	if (v.kind != VALUE_NAMESPACE || !e->key || e->key->kind != EXPR_STRING)
		return (struct value){ 0 };
	const struct operation *op = find_operation(l, v.name, &e->key->text, &ns);
	return op ? (struct value){ VALUE_OPERATION, v.name, op, ns } : (struct value){ 0 };
}

static struct value value_of(const struct lint *l, const struct expr *e, int steps)
{
	const char *ns = NULL;
	if (!e || steps <= 0)
		return (struct value){ 0 };
	switch (e->kind) {
	case EXPR_PAREN:
		return value_of(l, e->object, steps - 1);
	case EXPR_STRING:
		return (struct value){ .kind = VALUE_STRING };
	case EXPR_GLOBAL:
		return (struct value){ .kind = VALUE_GLOBAL, .name = e->text };
	case EXPR_LOCAL:
		return e->local->assignments == 0 ? value_of(l, e->local->init, steps - 1)
						  : (struct value){ 0 };
	case EXPR_CALL:
		if (is_require(l, e, steps) && find_operation(l, e->args->text, NULL, &ns))
			return (struct value){ .kind = VALUE_NAMESPACE, .name = e->args->text };
		break;
	case EXPR_INDEX:
		return value_of_index(l, e, steps);
	case EXPR_OTHER:
	case EXPR_NIL:
	case EXPR_BOOLEAN:
	case EXPR_NUMBER:
	case EXPR_TABLE:
	case EXPR_METHOD:
		break;
	}
	return (struct value){ 0 };
}

/* ---- the checks ---- */

/* Assigned anywhere in the source: then it exists, or may be another thing than the library. */
static bool is_assigned(const struct expr *uses, struct bytes name)
{
	for (const struct expr *e = uses; e; e = e->next_use)
		if (e->kind == EXPR_GLOBAL && e->assigned && e->text.n == name.n &&
		    memcmp(e->text.p, name.p, name.n) == 0)
			return true;
	return false;
}

static void check_global(struct lint *l, const struct expr *uses, const struct expr *e)
{
	struct similar near = similar_to(e->text.p);
	if (in_list(known_globals, e->text) || (!e->assigned && is_assigned(uses, e->text)))
		return;
	for (const char *const *k = known_globals; *k; k++)
		similar_consider(&near, *k);
	if (e->similar.n > 0)
		similar_consider(&near, e->similar.p);
	if (e->assigned)
		lint_report(l, e, near.best, "the global '%.60s' is assigned: write local",
			    e->text.p);
	else
		lint_report(l, e, near.best, "unknown global '%.60s'", e->text.p);
}

static void check_library(struct lint *l, const struct expr *at, struct bytes library,
			  struct bytes name)
{
	char text[80];
	const struct known_library *k = known_libraries;
	while (k->name && !equals(library, k->name))
		k++;
	if (!k->name || in_list(k->fields, name))
		return;
	(void)snprintf(text, sizeof(text), "%.*s", name.n < 60 ? (int)name.n : 60, name.p);
	struct similar near = similar_to(text);
	for (const char *const *f = k->fields; *f; f++)
		similar_consider(&near, *f);
	lint_report(l, at, near.best, "%s has no field '%s'", k->name, text);
}

static void check_operation(struct lint *l, const struct expr *at, struct bytes ns)
{
	const char *full_ns = NULL;
	char name[80], full[NAME_SIZE];
	const struct operation *op;
	if (find_operation(l, ns, &at->key->text, &full_ns))
		return;
	(void)snprintf(name, sizeof(name), "%.*s", at->key->text.n < 60 ? (int)at->key->text.n : 60,
		       at->key->text.p);
	struct similar near = similar_to(name);
	for (size_t i = 0; (op = l->world->operation(l->world->arg, i, &full_ns)); i++)
		if (equals(ns, full_ns))
			similar_consider(&near, op->name);
	(void)snprintf(full, sizeof(full), "%.*s.%s", (int)ns.n, ns.p, near.best ? near.best : "");
	lint_report(l, at, near.best ? full : NULL, "there is no operation %.*s.%s", (int)ns.n,
		    ns.p, name);
}

static void check_index(struct lint *l, const struct expr *uses, const struct expr *e)
{
	if (!e->key || e->key->kind != EXPR_STRING || e->assigned)
		return;
	struct value v = value_of(l, e->object, FOLLOW_MAX);
	if (v.kind == VALUE_NAMESPACE)
		check_operation(l, e, v.name);
	else if (v.kind == VALUE_GLOBAL && !is_assigned(uses, v.name))
		check_library(l, e, v.name, e->key->text);
}

static void check_require(struct lint *l, const struct expr *e)
{
	char name[NAME_SIZE];
	const char *ns = NULL;
	struct bytes text = e->args->text;
	(void)snprintf(name, sizeof(name), "%.*s", text.n < 140 ? (int)text.n : 140, text.p);
	if (find_operation(l, text, NULL, &ns) || l->world->has_module(l->world->arg, name))
		return;
	struct similar near = similar_to(name);
	for (size_t i = 0; l->world->operation(l->world->arg, i, &ns); i++)
		similar_consider(&near, ns);
	lint_report(l, e->args, near.best, "module '%s' is not there", name);
}

static void check_call(struct lint *l, const struct expr *e)
{
	char full[NAME_SIZE];
	const struct expr *args = e->args;
	if (is_require(l, e, FOLLOW_MAX)) {
		check_require(l, e);
		return;
	}
	struct value f = value_of(l, e->object, FOLLOW_MAX);
	if (f.kind == VALUE_GLOBAL && equals(f.name, "pcall") && args) {
		f = value_of(l, args, FOLLOW_MAX);
		args = args->next;
	}
	if (f.kind != VALUE_OPERATION)
		return;
	(void)snprintf(full, sizeof(full), "%s.%s", f.ns, f.op->name);
	lint_arguments(l, f.op, full, e, args);
}

static void check_use(struct lint *l, const struct expr *uses, const struct expr *e)
{
	if (e->kind == EXPR_GLOBAL)
		check_global(l, uses, e);
	else if (e->kind == EXPR_INDEX)
		check_index(l, uses, e);
	else if (e->kind == EXPR_CALL)
		check_call(l, e);
	else if (e->kind == EXPR_METHOD &&
		 value_of(l, e->object, FOLLOW_MAX).kind == VALUE_STRING &&
		 !is_assigned(uses, BYTES_LIT("string")))
		check_library(l, e, BYTES_LIT("string"), e->text);
}

static int by_place(const void *a, const void *b)
{
	const struct lint_problem *x = a, *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

void lint_source(struct lint *l, struct bytes source)
{
	struct arena arena = { .max = TREE_MAX };
	struct parsed p;
	parse(&p, source, &arena);
	l->syntax = !p.ok;
	if (!p.ok) {
		const struct expr at = { .line = p.line, .column = p.column };
		lint_report(l, &at, NULL, "%s", p.message);
	}
	for (const struct expr *e = p.uses; p.ok && e; e = e->next_use)
		check_use(l, p.uses, e);
	arena_clear(&arena);
	qsort(l->v, l->n, sizeof(l->v[0]), by_place);
}
