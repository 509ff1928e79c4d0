/* template.c - filling in payload templates and evaluating their expressions. */
#include "local/language/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/language/intrinsic.h"

enum { SHOWN_MAX = 600, JSON_TEXT_MAX = 256 * 1024 * 1024 };

static int eval(cJSON **out, const struct expr *e, const char *field,
		const struct template_env *env, struct err *err);

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

static int named(struct err *err, int rc, const char *name)
{
	if (err)
		(void)snprintf(err->name, sizeof(err->name), "%s", name);
	return rc;
}

/* A path of the template found nothing. field NULL: it is an argument of a function. */
static int not_found(struct bytes path, const char *field, const cJSON *input, struct err *err)
{
	struct buf json = BUF_INIT(JSON_TEXT_MAX);
	int rc;
	json_write(&json, input);
	if (field)
		rc = err_set(
		    err, ERR_INVALID,
		    "The JSONPath '%.*s' specified for the field '%s' could not be found in "
		    "the input '%.*s'",
		    (int)path.n, path.p, field, SHOWN_MAX, buf_cstr(&json));
	else
		rc = err_set(err, ERR_INVALID,
			     "The JsonPath argument for the field '%.*s' could not be found in the "
			     "input '%.*s'",
			     (int)path.n, path.p, SHOWN_MAX, buf_cstr(&json));
	buf_clear(&json);
	return named(err, rc, "States.Runtime");
}

static int eval_path(cJSON **out, const struct expr *e, const char *field,
		     const struct template_env *env, struct err *err)
{
	struct path_value value;
	int rc = path_look(&value, e->source, &env->scope, err);
	if (rc)
		return rc;
	if (!value.v) {
		path_value_clear(&value);
		return not_found(e->source, field, env->scope.input, err);
	}
	if (value.made == value.v) {
		*out = value.made;
		return 0;
	}
	*out = cJSON_Duplicate(value.v, true);
	path_value_clear(&value);
	return *out ? 0 : out_of_memory(err);
}

/* Resolve the escapes a literal kept: \\ \{ \}. */
static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static int eval_literal(cJSON **out, const struct expr *e, struct err *err)
{
	*out = cJSON_Duplicate(e->literal, true);
	return *out ? 0 : out_of_memory(err);
}

/* Say in which function an argument could not be had. */
static int in_function(struct bytes source, int rc, struct err *err)
{
	if (!err || err->code != ERR_INVALID)
		return rc;
	struct err inner = *err;
	(void)err_set(err, ERR_INVALID, "The function '%.*s' had the following error: %s",
		      (int)source.n, source.p, inner.message);
	return named(err, rc, inner.name);
}

static int eval_args(cJSON *args, const struct expr *call, const struct template_env *env,
		     struct err *err)
{
	for (const struct expr *e = call->args; e; e = e->next) {
		cJSON *v = NULL;
		int rc = eval(&v, e, NULL, env, err);
		if (rc)
			return e->kind == EXPR_PATH ? in_function(call->source, rc, err) : rc;
		bool format = call->function->formats && e == call->args;
		if (e->kind == EXPR_LITERAL && cJSON_IsString(v) && !format)
			unescape(v->valuestring);
		if (!cJSON_AddItemToArray(args, v)) {
			cJSON_Delete(v);
			return out_of_memory(err);
		}
	}
	return 0;
}

static int eval_call(cJSON **out, const struct expr *e, const struct template_env *env,
		     struct err *err)
{
	struct err ignored = { 0 };
	struct intrinsic_call call = { .source = e->source, .env = env };
	call.err = err ? err : &ignored;
	call.args = cJSON_CreateArray();
	if (!call.args)
		return out_of_memory(err);
	call.err->code = 0;
	int rc = eval_args(call.args, e, env, call.err);
	if (!rc) {
		*out = e->function->run(&call);
		if (!*out)
			rc = call.err->code ? -(int)call.err->code : out_of_memory(err);
	}
	cJSON_Delete(call.args);
	return rc;
}

static int eval(cJSON **out, const struct expr *e, const char *field,
		const struct template_env *env, struct err *err)
{
	switch (e->kind) {
	case EXPR_PATH:
		return eval_path(out, e, field, env, err);
	case EXPR_LITERAL:
		return eval_literal(out, e, err);
	case EXPR_CALL:
		return eval_call(out, e, env, err);
	}
	return -ERR_INVALID;
}

/* The checks of template_check_expr with the words of the service. */
static int parse_field(struct expr **out, const char *field, const char *text, struct err *err)
{
	int rc = expr_parse(out, text, err);
	if (rc != -ERR_INVALID)
		return rc;
	rc = err_set(err, ERR_INVALID,
		     "The value for the field '%s' must be a valid JSONPath or a valid intrinsic "
		     "function call",
		     field);
	return named(err, rc, "States.Runtime");
}

int template_expr(cJSON **out, const char *field, const char *text, const struct template_env *env,
		  struct err *err)
{
	struct expr *e;
	*out = NULL;
	int rc = parse_field(&e, field, text, err);
	if (rc)
		return rc;
	rc = eval(out, e, field, env, err);
	expr_free(e);
	return rc;
}

int template_check_expr(const char *text, struct err *err)
{
	struct expr *e;
	int rc = expr_parse(&e, text, err);
	if (!rc)
		expr_free(e);
	return rc;
}

/* Is this the name of a member that holds an expression? */
static bool is_dynamic(const char *name)
{
	size_t n = name ? strlen(name) : 0;
	return n > 2 && strcmp(name + n - 2, ".$") == 0;
}

static int not_text(const char *field, struct err *err)
{
	int rc = err_set(err, ERR_INVALID,
			 "The value for the field '%s' must be a STRING that contains a JSONPath",
			 field);
	return named(err, rc, "States.Runtime");
}

static int eval_member(cJSON *object, const cJSON *member, const struct template_env *env,
		       struct err *err)
{
	cJSON *v = NULL;
	char *name = strdup(member->string);
	int rc;
	if (!name)
		return out_of_memory(err);
	if (is_dynamic(name)) {
		rc = cJSON_IsString(member) ? template_expr(&v, name, member->valuestring, env, err)
					    : not_text(name, err);
		name[strlen(name) - 2] = '\0';
	} else {
		rc = template_eval(&v, member, env, err);
	}
	if (!rc)
		cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	if (!rc && !cJSON_AddItemToObject(object, name, v)) {
		cJSON_Delete(v);
		rc = out_of_memory(err);
	}
	free(name);
	return rc;
}

static int eval_element(cJSON *list, const cJSON *element, const struct template_env *env,
			struct err *err)
{
	cJSON *v = NULL;
	int rc = template_eval(&v, element, env, err);
	if (!rc && !cJSON_AddItemToArray(list, v)) {
		cJSON_Delete(v);
		rc = out_of_memory(err);
	}
	return rc;
}

int template_eval(cJSON **out, const cJSON *template, const struct template_env *env,
		  struct err *err)
{
	int rc = 0;
	bool object = cJSON_IsObject(template);
	bool inner = object || cJSON_IsArray(template);
	*out = NULL;
	cJSON *made = inner ? cJSON_Duplicate(template, false) : cJSON_Duplicate(template, true);
	if (!made)
		return out_of_memory(err);
	for (const cJSON *c = inner ? template->child : NULL; c && !rc; c = c->next)
		rc = object ? eval_member(made, c, env, err) : eval_element(made, c, env, err);
	if (rc) {
		cJSON_Delete(made);
		return rc;
	}
	*out = made;
	return 0;
}

static int check_member(const cJSON *member, struct err *err)
{
	struct expr *e;
	if (!is_dynamic(member->string))
		return template_check(member, err);
	if (!cJSON_IsString(member))
		return not_text(member->string, err);
	int rc = parse_field(&e, member->string, member->valuestring, err);
	if (!rc)
		expr_free(e);
	return rc;
}

int template_check(const cJSON *template, struct err *err)
{
	int rc = 0;
	bool object = cJSON_IsObject(template);
	if (!object && !cJSON_IsArray(template))
		return 0;
	for (const cJSON *c = template->child; c && !rc; c = c->next)
		rc = object ? check_member(c, err) : template_check(c, err);
	return rc;
}

/* ---- what the functions share ---- */

cJSON *intrinsic_failed(struct intrinsic_call *call, const char *fmt, ...)
{
	char why[256];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	(void)err_set(call->err, ERR_INVALID, "The function '%.*s' had the following error: %s",
		      call->source.n < SHOWN_MAX ? (int)call->source.n : SHOWN_MAX, call->source.p,
		      why);
	(void)named(call->err, 0, "States.IntrinsicFailure");
	return NULL;
}
