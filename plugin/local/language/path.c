/* path.c - looking paths up, and putting results at them. */
#include "local/language/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/language/path_filter.h"
#include "local/language/path_parse.h"

enum { VISITS_MAX = 1000 * 1000 };

/* One evaluation of an indefinite path. */
struct walk {
	const struct path_scope *scope;
	cJSON *list; /* what was found, copied */
	int visits;
	int rc;
};

static void visit(struct walk *w, const struct path_step *s, const cJSON *v);

static int states_error(struct err *err, int rc, const char *name)
{
	if (err)
		(void)snprintf(err->name, sizeof(err->name), "%s", name);
	return rc;
}

static const cJSON *root_of(const struct path *p, const struct path_scope *scope, const cJSON *item)
{
	switch (p->root) {
	case PATH_ROOT_INPUT:
		return scope->input;
	case PATH_ROOT_CONTEXT:
		return scope->context;
	case PATH_ROOT_VARIABLE:
		return json_get(scope->variables, p->variable);
	case PATH_ROOT_ITEM:
		return item;
	}
	return NULL;
}

/* The element at n, from the end when negative. */
static const cJSON *element(const cJSON *list, int64_t n)
{
	if (!cJSON_IsArray(list))
		return NULL;
	if (n < 0)
		n += cJSON_GetArraySize(list);
	return n >= 0 && n <= INT32_MAX ? cJSON_GetArrayItem(list, (int)n) : NULL;
}

static int64_t index_of(const cJSON *item)
{
	int64_t n = 0;
	(void)json_int_token(item, &n);
	return n;
}

/* The one value a step of a definite path leads to. */
static const cJSON *follow(const struct path_step *s, const cJSON *v)
{
	const cJSON *item = s->items->child;
	return s->kind == PATH_NAMES ? json_get(v, item->valuestring) : element(v, index_of(item));
}

static const cJSON *follow_all(const struct path *p, const cJSON *v)
{
	for (const struct path_step *s = p->steps; s && v; s = s->next)
		v = follow(s, v);
	return v;
}

static void keep(struct walk *w, const cJSON *v)
{
	cJSON *copy = cJSON_Duplicate(v, true);
	if (!copy || !cJSON_AddItemToArray(w->list, copy)) {
		cJSON_Delete(copy);
		w->rc = -ERR_NOMEM;
	}
}

/* ['a','b'] as the last step: one object with those of them that are there. */
static void keep_members(struct walk *w, const struct path_step *s, const cJSON *v)
{
	cJSON *object = cJSON_CreateObject();
	for (const cJSON *name = s->items->child; name && object; name = name->next) {
		const cJSON *member = json_get(v, name->valuestring);
		cJSON *copy = member ? cJSON_Duplicate(member, true) : NULL;
		if (copy && !cJSON_AddItemToObject(object, name->valuestring, copy)) {
			cJSON_Delete(copy);
			w->rc = -ERR_NOMEM;
		}
	}
	if (!object || !cJSON_AddItemToArray(w->list, object)) {
		cJSON_Delete(object);
		w->rc = -ERR_NOMEM;
	}
}

static void visit_names(struct walk *w, const struct path_step *s, const cJSON *v)
{
	if (!cJSON_IsObject(v))
		return;
	if (!s->next && s->items->child->next) {
		keep_members(w, s, v);
		return;
	}
	for (const cJSON *name = s->items->child; name; name = name->next) {
		const cJSON *member = json_get(v, name->valuestring);
		if (member)
			visit(w, s->next, member);
	}
}

static void visit_slice(struct walk *w, const struct path_step *s, const cJSON *v)
{
	if (!cJSON_IsArray(v))
		return;
	int64_t n = cJSON_GetArraySize(v), i = 0;
	int64_t from = s->has_from ? s->from : 0, to = s->has_to ? s->to : n;
	from = from < 0 ? from + n : from;
	to = to < 0 ? to + n : to;
	from = from < 0 ? 0 : from;
	for (const cJSON *c = v->child; c && i < to; c = c->next, i++) {
		if (i >= from && (i - from) % s->by == 0)
			visit(w, s->next, c);
	}
}

static void visit_children(struct walk *w, const struct path_step *s, const cJSON *v)
{
	for (const cJSON *c = v->child; c && !w->rc; c = c->next)
		visit(w, s, c);
}

/* The step after ".." on v and on everything below it. */
static void visit_below(struct walk *w, const struct path_step *s, const cJSON *v)
{
	visit(w, s->next, v);
	for (const cJSON *c = v->child; c && !w->rc; c = c->next) {
		if (c->child)
			visit_below(w, s, c);
	}
}

static cJSON *find_for_filter(void *arg, const struct path *p, const cJSON *item)
{
	struct walk *w = arg;
	const cJSON *root = root_of(p, w->scope, item);
	struct walk inner = { .scope = w->scope, .visits = w->visits };
	inner.list = cJSON_CreateArray();
	if (!inner.list)
		return NULL;
	if (p->definite && !p->merging) {
		const cJSON *v = follow_all(p, root);
		if (v)
			keep(&inner, v);
	} else if (root) {
		visit(&inner, p->steps, root);
	}
	w->visits = inner.visits;
	w->rc = inner.rc ? inner.rc : w->rc;
	return inner.list;
}

/* A filter asks the elements of a list; an object it asks as a whole. */
static void visit_matching(struct walk *w, const struct path_step *s, const cJSON *v)
{
	if (cJSON_IsObject(v)) {
		if (path_filter_holds(s->filter, v, find_for_filter, w))
			visit(w, s->next, v);
		return;
	}
	for (const cJSON *c = cJSON_IsArray(v) ? v->child : NULL; c && !w->rc; c = c->next) {
		if (path_filter_holds(s->filter, c, find_for_filter, w))
			visit(w, s->next, c);
	}
}

static void visit_indexes(struct walk *w, const struct path_step *s, const cJSON *v)
{
	for (const cJSON *n = s->items->child; n; n = n->next) {
		const cJSON *c = element(v, index_of(n));
		if (c)
			visit(w, s->next, c);
	}
}

static void visit(struct walk *w, const struct path_step *s, const cJSON *v)
{
	if (++w->visits > VISITS_MAX)
		w->rc = -ERR_LIMIT;
	if (w->rc)
		return;
	if (!s) {
		keep(w, v);
		return;
	}
	switch (s->kind) {
	case PATH_NAMES:
		visit_names(w, s, v);
		break;
	case PATH_INDEXES:
		visit_indexes(w, s, v);
		break;
	case PATH_SLICE:
		visit_slice(w, s, v);
		break;
	case PATH_WILD:
		visit_children(w, s->next, v);
		break;
	case PATH_DESCEND:
		visit_below(w, s, v);
		break;
	case PATH_FILTER:
		visit_matching(w, s, v);
		break;
	}
}

static int walk_failed(int rc, struct bytes text, struct err *err)
{
	if (rc == -ERR_NOMEM)
		return err_set(err, ERR_NOMEM, "out of memory");
	rc = err_set(err, ERR_LIMIT, "Invalid path '%.*s' : it visits more than %d values",
		     (int)text.n, text.p, VISITS_MAX);
	return states_error(err, rc, "States.Runtime");
}

/* Everything an indefinite path finds, as a list; the one object of a merging path. */
static int collect(struct path_value *out, const struct path *p, const struct path_scope *scope,
		   struct bytes text, struct err *err)
{
	const cJSON *root = root_of(p, scope, NULL);
	struct walk w = { .scope = scope, .list = cJSON_CreateArray() };
	if (!w.list)
		return walk_failed(-ERR_NOMEM, text, err);
	if (root)
		visit(&w, p->steps, root);
	if (w.rc) {
		cJSON_Delete(w.list);
		return walk_failed(w.rc, text, err);
	}
	out->made = w.list;
	out->v = p->merging ? w.list->child : w.list;
	return 0;
}

static int look(struct path_value *out, const struct path *p, const struct path_scope *scope,
		struct bytes text, struct err *err)
{
	*out = (struct path_value){ 0 };
	if (!p->definite || p->merging)
		return collect(out, p, scope, text, err);
	out->v = follow_all(p, root_of(p, scope, NULL));
	return 0;
}

int path_look(struct path_value *out, struct bytes text, const struct path_scope *scope,
	      struct err *err)
{
	struct path *p = NULL;
	*out = (struct path_value){ 0 };
	int rc = path_parse(&p, text, err);
	if (rc)
		return rc;
	rc = look(out, p, scope, text, err);
	path_free(p);
	return rc;
}

void path_value_clear(struct path_value *value)
{
	cJSON_Delete(value->made);
	*value = (struct path_value){ 0 };
}

/* The steps before `end` as the service writes them: $['a'][0] */
static void write_steps(struct buf *out, const struct path *p, const struct path_step *end)
{
	buf_adds(out, "$");
	for (const struct path_step *s = p->steps; s != end; s = s->next) {
		buf_adds(out, "[");
		for (const cJSON *i = s->items->child; i; i = i->next) {
			const char *comma = i->next ? "," : "";
			if (cJSON_IsString(i))
				buf_addf(out, "'%s'%s", i->valuestring, comma);
			else
				buf_addf(out, "%d%s", (int)index_of(i), comma);
		}
		buf_adds(out, "]");
	}
}

/* Where a definite path leaves what is there: the step of the first member that an object does not
 * have, unless it is the last one. NULL: somewhere else. */
static const struct path_step *missing_member(const struct path *p, const cJSON *v)
{
	for (const struct path_step *s = p->steps; s && s->next && v; s = s->next) {
		const cJSON *next = follow(s, v);
		if (!next && s->kind == PATH_NAMES && cJSON_IsObject(v))
			return s;
		v = next;
	}
	return NULL;
}

static int nothing_there(const struct path *p, const char *text, const struct path_scope *scope,
			 struct err *err)
{
	struct buf steps = BUF_INIT((size_t)2 * PATH_TEXT_MAX);
	const struct path_step *missing = missing_member(p, root_of(p, scope, NULL));
	write_steps(&steps, p, missing ? missing->next : NULL);
	int rc = err_set(err, ERR_INVALID, "Invalid path '%s' : %s path%s %s", text,
			 missing ? "Missing property in" : "No results for", missing ? "" : ":",
			 buf_cstr(&steps));
	buf_clear(&steps);
	return states_error(err, rc, "States.Runtime");
}

static int get(struct path_value *out, const struct path *p, const char *text,
	       const struct path_scope *scope, struct err *err)
{
	int rc = look(out, p, scope, bytes_str(text), err);
	if (!rc && !out->v) {
		path_value_clear(out);
		rc = nothing_there(p, text, scope, err);
	}
	return rc;
}

int path_get(cJSON **out, const char *text, const struct path_scope *scope, struct err *err)
{
	struct path *p = NULL;
	struct path_value value;
	int rc = path_parse(&p, bytes_str(text), err);
	if (rc)
		return rc;
	rc = get(&value, p, text, scope, err);
	path_free(p);
	if (rc)
		return rc;
	if (value.made == value.v) {
		*out = value.made;
		return 0;
	}
	*out = cJSON_Duplicate(value.v, true);
	path_value_clear(&value);
	return *out ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static int not_definite(const char *text, const char *what, struct err *err)
{
	int rc = err_set(err, ERR_INVALID, "Invalid path '%s' : it is not %s", text, what);
	return states_error(err, rc, "States.Runtime");
}

static bool is_reference(const struct path *p)
{
	return p->definite && !p->merging && p->root == PATH_ROOT_INPUT;
}

int path_check(const char *text, enum path_kind kind, struct err *err)
{
	struct path *p = NULL;
	int rc = path_parse(&p, bytes_str(text), err);
	if (rc)
		return rc;
	if (kind == PATH_REFERENCE && !is_reference(p))
		rc = not_definite(text, "a reference path", err);
	else if (kind == PATH_DEFINITE && (!p->definite || p->merging))
		rc = not_definite(text, "definite", err);
	path_free(p);
	return rc;
}

/* ---- ResultPath ---- */

/* The container a step leads to, made when it is missing. NULL: the tree does not fit. */
static cJSON *descend(cJSON *at, const struct path_step *s)
{
	const cJSON *item = s->items->child;
	if (s->kind == PATH_INDEXES) {
		int64_t n = index_of(item);
		return cJSON_IsArray(at) && n >= 0 ? cJSON_GetArrayItem(at, (int)n) : NULL;
	}
	if (!cJSON_IsObject(at))
		return NULL;
	cJSON *next = json_get(at, item->valuestring);
	if (next && !cJSON_IsNull(next))
		return next;
	cJSON_DeleteItemFromObjectCaseSensitive(at, item->valuestring);
	return cJSON_AddObjectToObject(at, item->valuestring);
}

/* Takes value over when it returns true. */
static bool place(cJSON *at, const struct path_step *s, cJSON *value)
{
	const cJSON *item = s->items->child;
	if (s->kind == PATH_INDEXES) {
		int64_t n = index_of(item);
		return cJSON_IsArray(at) && n >= 0 && n < cJSON_GetArraySize(at) &&
		       cJSON_ReplaceItemInArray(at, (int)n, value);
	}
	if (!cJSON_IsObject(at))
		return false;
	if (json_get(at, item->valuestring))
		return cJSON_ReplaceItemInObjectCaseSensitive(at, item->valuestring, value);
	return cJSON_AddItemToObject(at, item->valuestring, value);
}

/* Can a value be put there? Members may be missing, elements may not. */
static bool fits(const struct path_step *s, const cJSON *at)
{
	for (; s; s = s->next) {
		const cJSON *item = s->items->child;
		if (s->kind == PATH_INDEXES) {
			at = index_of(item) < 0 ? NULL : element(at, index_of(item));
			if (!at)
				return false;
			continue;
		}
		if (at && !cJSON_IsObject(at))
			return false;
		at = json_get(at, item->valuestring);
		at = cJSON_IsNull(at) ? NULL : at;
	}
	return true;
}

static int put(cJSON **tree, const struct path *p, const char *text, cJSON *value, struct err *err)
{
	const struct path_step *s = p->steps;
	if (!s) {
		cJSON_Delete(*tree);
		*tree = value;
		return 0;
	}
	if (fits(s, *tree)) {
		cJSON *at = *tree;
		for (; s->next && at; s = s->next)
			at = descend(at, s);
		if (at && place(at, s, value))
			return 0;
	}
	cJSON_Delete(value);
	struct buf input = BUF_INIT(64UL * 1024 * 1024);
	json_write(&input, *tree);
	int rc = err_set(err, ERR_INVALID, "Unable to apply ReferencePath %s to input %.700s", text,
			 buf_cstr(&input));
	buf_clear(&input);
	return states_error(err, rc, "States.ResultPathMatchFailure");
}

int path_put(cJSON **tree, const char *text, cJSON *value, struct err *err)
{
	struct path *p = NULL;
	int rc = path_parse(&p, bytes_str(text), err);
	if (!rc && !is_reference(p))
		rc = not_definite(text, "a reference path", err);
	if (rc)
		cJSON_Delete(value);
	else
		rc = put(tree, p, text, value, err);
	path_free(p);
	return rc;
}
