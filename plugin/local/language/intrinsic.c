/* intrinsic.c - reading expressions. */
#include "local/language/intrinsic.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	const char *p;
	int depth;
	struct err *err;
};

static int read_expr(struct expr **out, struct reader *r);

static void skip_blanks(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r')
		r->p++;
}

static int failed(const struct reader *r, const char *what)
{
	return err_set(r->err, ERR_INVALID, "%s at '%.40s'", what, r->p);
}

static int no_memory(struct err *err)
{
	(void)err_set(err, ERR_NOMEM, "out of memory");
	return -ERR_NOMEM;
}

/* The end of the path at p: a comma or parenthesis outside of brackets and quotes. */
static const char *path_end(const char *p)
{
	int open = 0;
	char quote = 0;
	for (; *p; p++) {
		if (quote && *p == '\\' && p[1])
			p++;
		else if (quote)
			quote = (char)(*p == quote ? 0 : quote);
		else if (open > 0 && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == '[')
			open++;
		else if (*p == ']')
			open--;
		else if (open <= 0 && strchr(",) \t\r\n", *p))
			break;
	}
	return p;
}

static int read_path(struct expr *e, struct reader *r)
{
	struct path_value none;
	static const struct path_scope nowhere;
	const char *end = path_end(r->p);
	e->kind = EXPR_PATH;
	e->source = (struct bytes){ r->p, (size_t)(end - r->p) };
	int rc = path_look(&none, e->source, &nowhere, r->err);
	path_value_clear(&none);
	r->p = end;
	return rc;
}

/* 'text': \' becomes a quote, the escapes \\ \{ \} stay as they are, since States.Format must tell
 * \{ from {. They are resolved when the call is made. */
static int read_text(struct expr *e, struct reader *r)
{
	struct buf text = BUF_INIT(INTRINSIC_TEXT_MAX);
	int rc = 0;
	for (r->p++; *r->p != '\''; r->p++) {
		if (*r->p == '\\' && r->p[1] && strchr("'\\{}", r->p[1])) {
			r->p++;
			if (*r->p != '\'')
				buf_adds(&text, "\\");
		} else if (*r->p == '\\' || !*r->p) {
			rc = failed(r, *r->p ? "unknown escape" : "the text does not end");
			break;
		}
		buf_add(&text, r->p, 1);
	}
	if (!rc) {
		r->p++;
		e->literal = cJSON_CreateString(buf_cstr(&text));
		rc = text.err || !e->literal ? err_set(r->err, ERR_LIMIT, "the text is too long")
					     : 0;
	}
	buf_clear(&text);
	return rc;
}

static int read_word(struct expr *e, struct reader *r)
{
	size_t n = strcspn(r->p, ",) \t\r\n('");
	e->literal = json_parse((struct bytes){ r->p, n }, NULL);
	if (!e->literal || cJSON_IsString(e->literal) || cJSON_IsObject(e->literal) ||
	    cJSON_IsArray(e->literal))
		return failed(r, "expected a path, 'text', number, true, false, null or function");
	r->p += n;
	return 0;
}

static const struct intrinsic *find(const struct intrinsic *table, struct bytes name)
{
	for (; table->name; table++) {
		if (bytes_eq(bytes_str(table->name), name))
			return table;
	}
	return NULL;
}

static int read_args(struct expr *e, struct reader *r)
{
	struct expr **last = &e->args;
	int n = 0, rc = 0;
	skip_blanks(r);
	while (*r->p != ')') {
		if (n > 0 && *r->p != ',')
			return failed(r, "expected , or )");
		r->p += n > 0;
		rc = read_expr(last, r);
		if (rc)
			return rc;
		last = &(*last)->next;
		n++;
		skip_blanks(r);
	}
	r->p++;
	if (n < e->function->min || (e->function->max >= 0 && n > e->function->max))
		return err_set(r->err, ERR_INVALID, "%s cannot take %d arguments",
			       e->function->name, n);
	return 0;
}

static int read_call(struct expr *e, struct reader *r)
{
	struct bytes name = { r->p, strcspn(r->p, "(") };
	e->kind = EXPR_CALL;
	e->function = find(intrinsic_lists, name);
	if (!e->function)
		e->function = find(intrinsic_texts, name);
	if (!e->function || r->p[name.n] != '(')
		return failed(r, "unknown intrinsic function");
	if (++r->depth > INTRINSIC_DEPTH)
		return err_set(r->err, ERR_INVALID, "functions nest more than %d deep",
			       INTRINSIC_DEPTH);
	e->source.p = r->p;
	r->p += name.n + 1;
	int rc = read_args(e, r);
	e->source.n = (size_t)(r->p - e->source.p);
	r->depth--;
	return rc;
}

static int read_expr(struct expr **out, struct reader *r)
{
	struct expr *e = calloc(1, sizeof(*e));
	if (!e)
		return no_memory(r->err);
	*out = e;
	e->kind = EXPR_LITERAL;
	skip_blanks(r);
	if (*r->p == '$')
		return read_path(e, r);
	if (*r->p == '\'')
		return read_text(e, r);
	if (strncmp(r->p, "States.", 7) == 0)
		return read_call(e, r);
	return read_word(e, r);
}

/* A whole path is read with its blanks; only arguments end at them. */
static int read_whole_path(struct expr **out, const char *text, struct err *err)
{
	struct expr *e = calloc(1, sizeof(*e));
	if (!e)
		return no_memory(err);
	e->kind = EXPR_PATH;
	e->source = bytes_str(text);
	*out = e;
	return path_check(text, PATH_ANY, err);
}

/* A text that is no path must be one call. */
static int read_whole_call(struct expr **out, const char *text, struct err *err)
{
	struct reader r = { .p = text, .err = err };
	struct expr *e = calloc(1, sizeof(*e));
	if (!e)
		return no_memory(err);
	*out = e;
	skip_blanks(&r);
	int rc = read_call(e, &r);
	skip_blanks(&r);
	return rc || !*r.p ? rc : failed(&r, "unexpected text");
}

int expr_parse(struct expr **out, const char *text, struct err *err)
{
	struct expr *e = NULL;
	int rc = *text == '$' ? read_whole_path(&e, text, err) : read_whole_call(&e, text, err);
	*out = rc ? NULL : e;
	if (rc)
		expr_free(e);
	return rc;
}

void expr_free(struct expr *e)
{
	while (e) {
		struct expr *next = e->next;
		expr_free(e->args);
		cJSON_Delete(e->literal);
		free(e);
		e = next;
	}
}
