/* arguments.c - literal tables of arguments against the members that an operation declares. */
#include <stdio.h>

#include "base/similar.h"
#include "lint/lint_private.h"

struct place { /* the table that is looked at */
	const char *operation;
	char path[160]; /* of the table, "" for the arguments themselves */
	const struct member *members;
};

static void check_value(struct lint *l, const struct place *in, const char *name,
			const struct member *m, const struct expr *value);

static bool is_named(const struct member *m, struct bytes name)
{
	return strlen(m->name) == name.n && memcmp(m->name, name.p, name.n) == 0;
}

static const struct member *find(const struct member *members, struct bytes name)
{
	for (const struct member *m = members; m && m->name; m++)
		if (is_named(m, name))
			return m;
	return NULL;
}

static void report_unknown(struct lint *l, const struct place *in, const struct expr *key)
{
	char name[80];
	(void)snprintf(name, sizeof(name), "%.*s", (int)key->text.n, key->text.p);
	struct similar near = similar_to(name);
	for (const struct member *m = in->members; m->name; m++)
		similar_consider(&near, m->name);
	lint_report(l, key, near.best, "%s has no member '%s%s%s'", in->operation, in->path,
		    in->path[0] ? "." : "", name);
}

static bool is_given(const struct expr *table, const struct member *m)
{
	for (const struct field *f = table->fields; f; f = f->next)
		if (f->key && f->key->kind == EXPR_STRING && is_named(m, f->key->text))
			return !f->value || f->value->kind != EXPR_NIL;
	return false;
}

/* A computed key may be any name. */
static bool is_literal(const struct expr *table)
{
	for (const struct field *f = table->fields; f; f = f->next)
		if (f->key && f->key->kind != EXPR_STRING)
			return false;
	return true;
}

static void check_object(struct lint *l, const struct place *in, const struct expr *table)
{
	for (const struct field *f = table->fields; f; f = f->next) {
		const struct member *m = NULL;
		if (!f->key) {
			if (f->value)
				lint_report(l, f->value, NULL, "%s takes a table with names%s%s",
					    in->operation, in->path[0] ? " as " : "", in->path);
			continue;
		}
		if (f->key->kind != EXPR_STRING)
			continue;
		m = find(in->members, f->key->text);
		if (!m)
			report_unknown(l, in, f->key);
		else
			check_value(l, in, m->name, m, f->value);
	}
	for (const struct member *m = in->members; m->name && is_literal(table); m++)
		if ((m->flags & MEMBER_REQUIRED) && !is_given(table, m))
			lint_report(l, table, NULL, "%s lacks the member '%s%s%s'", in->operation,
				    in->path, in->path[0] ? "." : "", m->name);
}

static const char *type_name(enum member_type type)
{
	switch (type) {
	case MEMBER_STRING:
		return "a string";
	case MEMBER_INTEGER:
	case MEMBER_NUMBER:
		return "a number";
	case MEMBER_BOOLEAN:
		return "a boolean";
	case MEMBER_TIMESTAMP:
		return "a time";
	case MEMBER_OBJECT:
	case MEMBER_MAP:
		return "a table with names";
	case MEMBER_LIST:
		return "a list";
	case MEMBER_ANY:
		break;
	}
	return "a value";
}

static bool fits(const struct member *m, enum expr_kind kind)
{
	switch (m->type) {
	case MEMBER_STRING:
		return kind == EXPR_STRING;
	case MEMBER_INTEGER:
	case MEMBER_NUMBER:
		return kind == EXPR_NUMBER;
	case MEMBER_BOOLEAN:
		return kind == EXPR_BOOLEAN;
	case MEMBER_TIMESTAMP:
		return kind == EXPR_NUMBER || kind == EXPR_STRING;
	case MEMBER_OBJECT:
	case MEMBER_MAP:
	case MEMBER_LIST:
		return kind == EXPR_TABLE;
	case MEMBER_ANY:
		break;
	}
	return true;
}

static bool is_constant(const struct expr *e)
{
	return e->kind == EXPR_STRING || e->kind == EXPR_NUMBER || e->kind == EXPR_BOOLEAN ||
	       e->kind == EXPR_TABLE;
}

static void check_choice(struct lint *l, const struct place *in, const struct member *m,
			 const struct expr *value)
{
	char text[80];
	(void)snprintf(text, sizeof(text), "%.*s", (int)value->text.n, value->text.p);
	struct similar near = similar_to(text);
	for (const char *const *c = m->choices; *c; c++) {
		if (strcmp(*c, text) == 0)
			return;
		similar_consider(&near, *c);
	}
	lint_report(l, value, near.best, "%s: '%s' is no %s", in->operation, text, m->name);
}

static void check_inner(struct lint *l, const struct place *in, const char *name,
			const struct member *m, const struct expr *table)
{
	struct place inner = { .operation = in->operation, .members = m->members };
	(void)snprintf(inner.path, sizeof(inner.path), "%.100s%s%.50s", in->path,
		       in->path[0] ? "." : "", name);
	if (m->type == MEMBER_OBJECT) {
		check_object(l, &inner, table);
		return;
	}
	for (const struct field *f = table->fields; f; f = f->next)
		if (f->value && (m->type == MEMBER_MAP) == (f->key != NULL))
			check_value(l, &inner, "*", &m->members[0], f->value);
}

static void check_value(struct lint *l, const struct place *in, const char *name,
			const struct member *m, const struct expr *value)
{
	if (!value || !is_constant(value))
		return;
	if (!fits(m, value->kind))
		lint_report(l, value, NULL, "%s: '%s%s%s' must be %s", in->operation, in->path,
			    in->path[0] ? "." : "", name, type_name(m->type));
	else if (m->choices && value->kind == EXPR_STRING)
		check_choice(l, in, m, value);
	else if (m->members && value->kind == EXPR_TABLE)
		check_inner(l, in, name, m, value);
}

void lint_arguments(struct lint *l, const struct operation *op, const char *full_name,
		    const struct expr *call, const struct expr *args)
{
	static const struct member none[] = { { .name = NULL } };
	static const struct expr empty = { .kind = EXPR_TABLE };
	struct expr here = empty;
	struct place in = { .operation = full_name, .members = op->members ? op->members : none };
	if (!args) {
		here.line = call->line;
		here.column = call->column;
		check_object(l, &in, &here);
	} else if (args->kind == EXPR_TABLE) {
		check_object(l, &in, args);
	} else if (is_constant(args)) {
		lint_report(l, args, NULL, "%s takes one table", full_name);
	}
}
