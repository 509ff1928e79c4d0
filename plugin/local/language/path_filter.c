/* path_filter.c - reading and asking the conditions of a filter. */
#include "local/language/path_filter.h"

#include <stdlib.h>
#include <string.h>

enum filter_op {
	OP_OR,
	OP_AND,
	OP_NOT,
	OP_EXISTS,
	OP_EQ,
	OP_NE,
	OP_LE,
	OP_GE,
	OP_LT,
	OP_GT,
	OP_IN,
	OP_NIN,
	OP_CONTAINS,
	OP_SIZE,
	OP_EMPTY,
};

struct operand {
	struct path *path; /* else value */
	cJSON *value;
};

struct path_filter {
	enum filter_op op;
	struct path_filter *a, *b;  /* of OR, AND, NOT */
	struct operand left, right; /* of the others */
};

/* Longer operators before their prefixes. */
static const struct {
	const char *text;
	enum filter_op op;
} operators[] = {
	{ "==", OP_EQ },
	{ "!=", OP_NE },
	{ "<=", OP_LE },
	{ ">=", OP_GE },
	{ "<", OP_LT },
	{ ">", OP_GT },
	{ "in ", OP_IN },
	{ "in[", OP_IN },
	{ "nin ", OP_NIN },
	{ "nin[", OP_NIN },
	{ "contains ", OP_CONTAINS },
	{ "size ", OP_SIZE },
	{ "empty ", OP_EMPTY },
};

static int read_or(struct path_filter **out, struct path_reader *r);

static void operand_clear(struct operand *o)
{
	path_free(o->path);
	cJSON_Delete(o->value);
}

void path_filter_free(struct path_filter *f)
{
	if (!f)
		return;
	path_filter_free(f->a);
	path_filter_free(f->b);
	operand_clear(&f->left);
	operand_clear(&f->right);
	free(f);
}

static int filter_new(struct path_filter **out, enum filter_op op, struct path_reader *r)
{
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		(void)err_set(r->err, ERR_NOMEM, "out of memory");
		return -ERR_NOMEM;
	}
	(*out)->op = op;
	return 0;
}

static int failed(struct path_reader *r)
{
	return r->err && r->err->code ? -(int)r->err->code : -ERR_NOMEM;
}

static cJSON *read_literal(struct path_reader *r);

static cJSON *read_list(struct path_reader *r)
{
	cJSON *list = cJSON_CreateArray();
	bool more = list && !path_accept(r, "]");
	while (more) {
		cJSON *item = r->depth < PATH_FILTER_DEPTH ? read_literal(r) : NULL;
		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(list);
			return NULL;
		}
		more = path_accept(r, ",");
		if (!more && !path_accept(r, "]")) {
			(void)path_read_failed(r, "expected , or ]");
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

static cJSON *read_number(struct path_reader *r)
{
	size_t n = 0;
	while (r->p + n < r->end && strchr("+-.0123456789eE", r->p[n]))
		n++;
	cJSON *v = n ? json_parse((struct bytes){ r->p, n }, NULL) : NULL;
	if (!v)
		(void)path_read_failed(r,
				       "expected a path, a text in quotes, a number, true, false, "
				       "null or [");
	else
		r->p += n;
	return v;
}

static cJSON *read_literal(struct path_reader *r)
{
	path_skip_blanks(r);
	if (r->p < r->end && (*r->p == '\'' || *r->p == '"'))
		return path_read_quoted(r);
	if (path_accept(r, "true"))
		return cJSON_CreateTrue();
	if (path_accept(r, "false"))
		return cJSON_CreateFalse();
	if (path_accept(r, "null"))
		return cJSON_CreateNull();
	if (!path_accept(r, "["))
		return read_number(r);
	r->depth++;
	cJSON *list = read_list(r);
	r->depth--;
	return list;
}

static int read_operand(struct operand *o, struct path_reader *r)
{
	path_skip_blanks(r);
	if (r->p < r->end && (*r->p == '@' || *r->p == '$'))
		return path_read(&o->path, r);
	o->value = read_literal(r);
	return o->value ? 0 : failed(r);
}

static bool read_operator(enum filter_op *op, struct path_reader *r)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		const char *text = operators[i].text;
		if (!path_accept(r, text))
			continue;
		if (text[strlen(text) - 1] == '[')
			r->p--;
		*op = operators[i].op;
		return true;
	}
	return false;
}

static int read_comparison(struct path_filter **out, struct path_reader *r)
{
	int rc = filter_new(out, OP_EXISTS, r);
	if (!rc)
		rc = read_operand(&(*out)->left, r);
	if (rc)
		return rc;
	if (path_accept(r, "=~"))
		return path_read_failed(r, "the operator =~ is not supported:");
	if (read_operator(&(*out)->op, r))
		return read_operand(&(*out)->right, r);
	return (*out)->left.path ? 0 : path_read_failed(r, "expected an operator");
}

static int read_term(struct path_filter **out, struct path_reader *r)
{
	int rc;
	if (path_accept(r, "(")) {
		rc = read_or(out, r);
		if (!rc && !path_accept(r, ")"))
			rc = path_read_failed(r, "expected )");
		return rc;
	}
	if (!path_accept(r, "!"))
		return read_comparison(out, r);
	if (++r->depth > PATH_FILTER_DEPTH)
		return path_read_failed(r, "the filter nests too deeply");
	rc = filter_new(out, OP_NOT, r);
	if (!rc)
		rc = read_term(&(*out)->a, r);
	r->depth--;
	return rc;
}

/* Put f under a new node of op; what is read next becomes its right side. */
static int join(struct path_filter **f, enum filter_op op, struct path_reader *r)
{
	struct path_filter *left = *f;
	int rc = filter_new(f, op, r);
	if (rc)
		path_filter_free(left);
	else
		(*f)->a = left;
	return rc;
}

static int read_and(struct path_filter **out, struct path_reader *r)
{
	int rc = read_term(out, r);
	while (!rc && path_accept(r, "&&")) {
		rc = join(out, OP_AND, r);
		if (!rc)
			rc = read_term(&(*out)->b, r);
	}
	return rc;
}

static int read_or(struct path_filter **out, struct path_reader *r)
{
	if (++r->depth > PATH_FILTER_DEPTH)
		return path_read_failed(r, "the filter nests too deeply");
	int rc = read_and(out, r);
	while (!rc && path_accept(r, "||")) {
		rc = join(out, OP_OR, r);
		if (!rc)
			rc = read_and(&(*out)->b, r);
	}
	r->depth--;
	return rc;
}

int path_filter_read(struct path_filter **out, struct path_reader *r)
{
	bool outer = r->in_filter;
	*out = NULL;
	if (!path_accept(r, "("))
		return path_read_failed(r, "expected ( after ?");
	r->in_filter = true;
	int rc = read_or(out, r);
	r->in_filter = outer;
	if (!rc && !path_accept(r, ")"))
		rc = path_read_failed(r, "expected )");
	return rc;
}

/* ---- asking ---- */

struct asker {
	const cJSON *item;
	path_find_fn *find;
	void *arg;
};

/* A value an operand stands for; `list` keeps it alive. NULL: there is none. */
static const cJSON *operand_value(const struct operand *o, const struct asker *ask, cJSON **list)
{
	*list = NULL;
	if (!o->path)
		return o->value;
	*list = ask->find(ask->arg, o->path, ask->item);
	return o->path->definite && *list ? (*list)->child : *list;
}

static bool in_list(const cJSON *list, const cJSON *v)
{
	for (const cJSON *c = cJSON_IsArray(list) ? list->child : NULL; c && v; c = c->next) {
		if (json_equal(c, v))
			return true;
	}
	return false;
}

static bool contains(const cJSON *whole, const cJSON *part)
{
	if (cJSON_IsString(whole) && cJSON_IsString(part))
		return strstr(whole->valuestring, part->valuestring) != NULL;
	return in_list(whole, part);
}

/* Length of a text or a list; -1 for anything else. */
static int size_of(const cJSON *v)
{
	if (cJSON_IsString(v))
		return (int)strlen(v->valuestring);
	return cJSON_IsArray(v) ? cJSON_GetArraySize(v) : -1;
}

static bool ordered(enum filter_op op, const cJSON *a, const cJSON *b)
{
	int order;
	if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
		order = (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
	else if (cJSON_IsString(a) && cJSON_IsString(b))
		order = strcmp(a->valuestring, b->valuestring);
	else
		return false;
	if (order == 0)
		return op == OP_LE || op == OP_GE;
	return order < 0 ? op == OP_LT || op == OP_LE : op == OP_GT || op == OP_GE;
}

static bool compare(enum filter_op op, const cJSON *a, const cJSON *b)
{
	int64_t n;
	switch ((int)op) {
	case OP_EQ:
		return a && b && json_equal(a, b);
	case OP_NE:
		return !(a && b && json_equal(a, b));
	case OP_IN:
		return in_list(b, a);
	case OP_NIN:
		return !in_list(b, a);
	case OP_CONTAINS:
		return contains(a, b);
	case OP_SIZE:
		return size_of(a) >= 0 && json_int(b, &n) && size_of(a) == n;
	case OP_EMPTY:
		return size_of(a) >= 0 && cJSON_IsBool(b) &&
		       (size_of(a) == 0) == (cJSON_IsTrue(b) != 0);
	default:
		return ordered(op, a, b);
	}
}

static bool exists(const struct operand *o, const struct asker *ask)
{
	cJSON *list;
	(void)operand_value(o, ask, &list);
	bool any = list && list->child;
	cJSON_Delete(list);
	return any;
}

static bool holds(const struct path_filter *f, const struct asker *ask)
{
	cJSON *left_list, *right_list;
	switch ((int)f->op) {
	case OP_OR:
		return holds(f->a, ask) || holds(f->b, ask);
	case OP_AND:
		return holds(f->a, ask) && holds(f->b, ask);
	case OP_NOT:
		return !holds(f->a, ask);
	case OP_EXISTS:
		return exists(&f->left, ask);
	default:
		break;
	}
	const cJSON *a = operand_value(&f->left, ask, &left_list);
	const cJSON *b = operand_value(&f->right, ask, &right_list);
	bool yes = compare(f->op, a, b);
	cJSON_Delete(left_list);
	cJSON_Delete(right_list);
	return yes;
}

bool path_filter_holds(const struct path_filter *f, const cJSON *item, path_find_fn *find,
		       void *arg)
{
	struct asker ask = { .item = item, .find = find, .arg = arg };
	return holds(f, &ask);
}
