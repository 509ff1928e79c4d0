/* path_parse.c - the reader of paths. */
#include "local/language/path_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/language/path_filter.h"

int path_read_failed(const struct path_reader *r, const char *what)
{
	int rc = err_set(r->err, ERR_INVALID, "Invalid path '%.*s' : %s at character %d",
			 (int)r->text.n, r->text.p, what, (int)(r->p - r->text.p));
	if (r->err)
		(void)snprintf(r->err->name, sizeof(r->err->name), "States.Runtime");
	return rc;
}

void path_skip_blanks(struct path_reader *r)
{
	while (r->p < r->end && strchr(" \t\r\n", *r->p))
		r->p++;
}

bool path_accept(struct path_reader *r, const char *word)
{
	size_t n = strlen(word);
	path_skip_blanks(r);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

static bool at_integer(const struct path_reader *r)
{
	const char *p = r->p < r->end && *r->p == '-' ? r->p + 1 : r->p;
	return p < r->end && *p >= '0' && *p <= '9';
}

int path_read_integer(int64_t *out, struct path_reader *r)
{
	int64_t n = 0;
	path_skip_blanks(r);
	if (!at_integer(r))
		return path_read_failed(r, "expected an integer");
	bool negative = *r->p == '-';
	r->p += negative;
	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		n = 10 * n + (*r->p - '0');
		if (n > INT32_MAX)
			return path_read_failed(r, "the integer is too large");
	}
	*out = negative ? -n : n;
	return 0;
}

cJSON *path_read_quoted(struct path_reader *r)
{
	struct buf text = BUF_INIT(PATH_TEXT_MAX);
	cJSON *s = NULL;
	char quote = *r->p++;
	while (r->p < r->end && *r->p != quote) {
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		buf_add(&text, r->p++, 1);
	}
	if (r->p == r->end)
		(void)path_read_failed(r, "the quoted text does not end");
	else if (!(s = cJSON_CreateString(buf_cstr(&text))))
		(void)err_set(r->err, ERR_NOMEM, "out of memory");
	else
		r->p++;
	buf_clear(&text);
	return s;
}

static struct path_step *step_new(struct path_reader *r, enum path_step_kind kind)
{
	struct path_step *s = calloc(1, sizeof(*s));
	if (!s)
		(void)err_set(r->err, ERR_NOMEM, "out of memory");
	else
		s->kind = kind;
	return s;
}

static void step_free(struct path_step *s)
{
	if (!s)
		return;
	cJSON_Delete(s->items);
	path_filter_free(s->filter);
	free(s);
}

static int step_add(struct path_step *s, cJSON *item, struct path_reader *r)
{
	if (!item)
		return r->err && r->err->code ? -(int)r->err->code : -ERR_NOMEM;
	if (!s->items)
		s->items = cJSON_CreateArray();
	if (s->items && cJSON_AddItemToArray(s->items, item))
		return 0;
	cJSON_Delete(item);
	return err_set(r->err, ERR_NOMEM, "out of memory");
}

/* Characters that end a name after a dot. */
static bool ends_name(const struct path_reader *r)
{
	return strchr(r->in_filter ? ".[] \t\r\n()=!<>~&|," : ".[] \t\r\n()", *r->p) != NULL;
}

static int read_dot_name(struct path_step *s, struct path_reader *r)
{
	const char *start = r->p;
	while (r->p < r->end && !ends_name(r))
		r->p++;
	if (r->p == start)
		return path_read_failed(r, "expected a name");
	if (r->p < r->end && *r->p == '(' && !r->in_filter)
		return path_read_failed(r, "functions are not supported:");
	char *name = strndup(start, (size_t)(r->p - start));
	int rc = step_add(s, name ? cJSON_CreateString(name) : NULL, r);
	free(name);
	return rc;
}

static int read_names(struct path_step *s, struct path_reader *r)
{
	s->kind = PATH_NAMES;
	do {
		path_skip_blanks(r);
		if (r->p == r->end || (*r->p != '\'' && *r->p != '"'))
			return path_read_failed(r, "expected a quoted name");
		int rc = step_add(s, path_read_quoted(r), r);
		if (rc)
			return rc;
	} while (path_accept(r, ","));
	return 0;
}

static int read_bound(int64_t *out, bool *has, struct path_reader *r)
{
	path_skip_blanks(r);
	*has = at_integer(r);
	return *has ? path_read_integer(out, r) : 0;
}

/* "[1:]", "[:-1]", "[0:10:2]": r->p is behind the first ':'. */
static int read_slice(struct path_step *s, struct path_reader *r)
{
	bool has_by = false;
	s->kind = PATH_SLICE;
	s->by = 1;
	int rc = read_bound(&s->to, &s->has_to, r);
	if (!rc && path_accept(r, ":"))
		rc = read_bound(&s->by, &has_by, r);
	if (!rc && s->by < 1)
		rc = path_read_failed(r, "the step of a slice must be positive");
	return rc;
}

static int read_indexes(struct path_step *s, struct path_reader *r)
{
	int64_t n = 0;
	s->kind = PATH_INDEXES;
	int rc = read_bound(&n, &s->has_from, r);
	if (rc)
		return rc;
	s->from = n;
	if (path_accept(r, ":"))
		return read_slice(s, r);
	if (!s->has_from)
		return path_read_failed(r, "expected a name in quotes, an index, * or ?( in [ ]");
	rc = step_add(s, json_new_int(n), r);
	while (!rc && path_accept(r, ",")) {
		rc = path_read_integer(&n, r);
		if (!rc)
			rc = step_add(s, json_new_int(n), r);
	}
	return rc;
}

/* r->p is behind '['. */
static int read_bracket(struct path_step *s, struct path_reader *r)
{
	int rc = 0;
	path_skip_blanks(r);
	if (path_accept(r, "*")) {
		s->kind = PATH_WILD;
	} else if (path_accept(r, "?")) {
		s->kind = PATH_FILTER;
		rc = path_filter_read(&s->filter, r);
	} else if (r->p < r->end && (*r->p == '\'' || *r->p == '"')) {
		rc = read_names(s, r);
	} else {
		rc = read_indexes(s, r);
	}
	if (!rc && !path_accept(r, "]"))
		rc = path_read_failed(r, "expected ]");
	return rc;
}

static int read_after_dot(struct path_step *s, struct path_reader *r)
{
	if (r->p < r->end && *r->p == '*') {
		r->p++;
		s->kind = PATH_WILD;
		return 0;
	}
	return read_dot_name(s, r);
}

/* One step; ".." leaves r->p where the step it applies to starts. */
static int read_step(struct path_step *s, struct path_reader *r, bool after_descend)
{
	if (*r->p == '[') {
		r->p++;
		return read_bracket(s, r);
	}
	if (after_descend)
		return read_after_dot(s, r);
	r->p++;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		s->kind = PATH_DESCEND;
		return r->p < r->end ? 0 : path_read_failed(r, "a path cannot end with ..");
	}
	return read_after_dot(s, r);
}

/* At the end of the steps of a path? Inside a filter whatever is no step ends it. */
static bool at_step(const struct path_reader *r, bool after_descend)
{
	return r->p < r->end && (*r->p == '.' || *r->p == '[' || after_descend);
}

static int read_steps(struct path *p, struct path_reader *r)
{
	struct path_step **last = &p->steps;
	bool after_descend = false;
	p->definite = true;
	while (at_step(r, after_descend)) {
		struct path_step *s = step_new(r, PATH_NAMES);
		if (!s)
			return -ERR_NOMEM;
		*last = s;
		last = &s->next;
		if (p->merging)
			p->definite = p->merging = false;
		int rc = read_step(s, r, after_descend);
		if (rc)
			return rc;
		after_descend = s->kind == PATH_DESCEND;
		bool single = s->items && cJSON_GetArraySize(s->items) == 1;
		p->merging = p->definite && s->kind == PATH_NAMES && !single;
		p->definite = p->merging || (p->definite && single);
	}
	return 0;
}

static bool is_variable_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static int read_root(struct path *p, struct path_reader *r)
{
	const char *start;
	if (r->p == r->end || (*r->p != '$' && (*r->p != '@' || r->depth == 0)))
		return path_read_failed(r, "a path starts with $");
	p->root = *r->p == '@' ? PATH_ROOT_ITEM : PATH_ROOT_INPUT;
	start = ++r->p;
	if (p->root == PATH_ROOT_ITEM || r->p == r->end)
		return 0;
	if (*r->p == '$') {
		p->root = PATH_ROOT_CONTEXT;
		r->p++;
		return 0;
	}
	while (r->p < r->end && is_variable_char(*r->p))
		r->p++;
	if (r->p == start)
		return 0;
	p->root = PATH_ROOT_VARIABLE;
	p->variable = strndup(start, (size_t)(r->p - start));
	return p->variable ? 0 : err_set(r->err, ERR_NOMEM, "out of memory");
}

int path_read(struct path **out, struct path_reader *r)
{
	struct path *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	int rc = read_root(p, r);
	if (!rc)
		rc = read_steps(p, r);
	if (rc) {
		path_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

int path_parse(struct path **out, struct bytes text, struct err *err)
{
	struct err ignored = { 0 };
	struct path_reader r = { .text = text, .p = text.p, .end = text.p + text.n };
	r.err = err ? err : &ignored;
	if (text.n > PATH_TEXT_MAX)
		return err_set(err, ERR_INVALID, "a path may have %d characters at most",
			       PATH_TEXT_MAX);
	int rc = path_read(out, &r);
	if (!rc && r.p < r.end) {
		rc = path_read_failed(&r, "unexpected text");
		path_free(*out);
		*out = NULL;
	}
	return rc;
}

void path_free(struct path *p)
{
	if (!p)
		return;
	while (p->steps) {
		struct path_step *s = p->steps;
		p->steps = s->next;
		step_free(s);
	}
	free(p->variable);
	free(p);
}
