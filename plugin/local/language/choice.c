/* choice.c - asking the rules of a Choice state. */
#include "local/language/choice.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { DEPTH_MAX = 64 };

/* What both sides of a comparison must be. */
enum kind { KIND_STRING, KIND_NUMERIC, KIND_BOOLEAN, KIND_TIMESTAMP };

enum relation { EQUALS, LESS, LESS_EQUALS, GREATER, GREATER_EQUALS };

static const struct comparator {
	const char *name;
	enum kind kind;
	enum relation relation;
} comparators[] = {
	{ "BooleanEquals", KIND_BOOLEAN, EQUALS },
	{ "NumericEquals", KIND_NUMERIC, EQUALS },
	{ "NumericGreaterThan", KIND_NUMERIC, GREATER },
	{ "NumericGreaterThanEquals", KIND_NUMERIC, GREATER_EQUALS },
	{ "NumericLessThan", KIND_NUMERIC, LESS },
	{ "NumericLessThanEquals", KIND_NUMERIC, LESS_EQUALS },
	{ "StringEquals", KIND_STRING, EQUALS },
	{ "StringGreaterThan", KIND_STRING, GREATER },
	{ "StringGreaterThanEquals", KIND_STRING, GREATER_EQUALS },
	{ "StringLessThan", KIND_STRING, LESS },
	{ "StringLessThanEquals", KIND_STRING, LESS_EQUALS },
	{ "TimestampEquals", KIND_TIMESTAMP, EQUALS },
	{ "TimestampGreaterThan", KIND_TIMESTAMP, GREATER },
	{ "TimestampGreaterThanEquals", KIND_TIMESTAMP, GREATER_EQUALS },
	{ "TimestampLessThan", KIND_TIMESTAMP, LESS },
	{ "TimestampLessThanEquals", KIND_TIMESTAMP, LESS_EQUALS },
};

static bool is_timestamp(const cJSON *v)
{
	int64_t ignored;
	return cJSON_IsString(v) && iso8601_parse(&ignored, bytes_str(v->valuestring)) == 0;
}

static bool is_null(const cJSON *v)
{
	return cJSON_IsNull(v);
}

static bool is_number(const cJSON *v)
{
	return cJSON_IsNumber(v);
}

static bool is_string(const cJSON *v)
{
	return cJSON_IsString(v);
}

static bool is_boolean(const cJSON *v)
{
	return cJSON_IsBool(v);
}

static const struct type_test {
	const char *name;
	bool (*holds)(const cJSON *v);
} type_tests[] = {
	{ "IsBoolean", is_boolean }, { "IsNull", is_null },           { "IsNumeric", is_number },
	{ "IsString", is_string },   { "IsTimestamp", is_timestamp },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int eval(bool *out, const cJSON *rule, const struct path_scope *scope, struct err *err);

static bool is_of(enum kind kind, const cJSON *v)
{
	switch (kind) {
	case KIND_STRING:
		return cJSON_IsString(v);
	case KIND_NUMERIC:
		return cJSON_IsNumber(v);
	case KIND_BOOLEAN:
		return cJSON_IsBool(v);
	case KIND_TIMESTAMP:
		return is_timestamp(v);
	}
	return false;
}

static int sign(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int order_numbers(const cJSON *a, const cJSON *b)
{
	int64_t x, y;
	if (json_int_token(a, &x) && json_int_token(b, &y))
		return sign(x, y);
	return (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
}

static int order_times(const cJSON *a, const cJSON *b)
{
	int64_t x = 0, y = 0;
	int rc = iso8601_parse(&x, bytes_str(a->valuestring));
	rc = rc ? rc : iso8601_parse(&y, bytes_str(b->valuestring));
	INVARIANT(rc == 0);
	return sign(x, y);
}

/* Negative, 0 or positive; both are of that kind. */
static int order(enum kind kind, const cJSON *a, const cJSON *b)
{
	switch (kind) {
	case KIND_STRING:
		return strcmp(a->valuestring, b->valuestring);
	case KIND_NUMERIC:
		return order_numbers(a, b);
	case KIND_BOOLEAN:
		return cJSON_IsTrue(a) - cJSON_IsTrue(b);
	case KIND_TIMESTAMP:
		return order_times(a, b);
	}
	return 0;
}

static bool related(const struct comparator *c, const cJSON *a, const cJSON *b)
{
	if (!is_of(c->kind, a) || !is_of(c->kind, b))
		return false;
	int n = order(c->kind, a, b);
	switch (c->relation) {
	case EQUALS:
		return n == 0;
	case LESS:
		return n < 0;
	case LESS_EQUALS:
		return n <= 0;
	case GREATER:
		return n > 0;
	case GREATER_EQUALS:
		return n >= 0;
	}
	return false;
}

/* Does the pattern element at p (its length in *len) stand for the character c? */
static bool element_matches(const char *p, size_t *len, char c)
{
	*len = p[0] == '\\' && (p[1] == '*' || p[1] == '\\') ? 2 : 1;
	return p[*len - 1] == c && (*len == 2 || *p != '*');
}

/* "log-*.txt": '*' stands for any characters, \* and \\ for themselves. Linear in text times stars. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;
	size_t len;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern && element_matches(pattern, &len, *text)) {
			pattern += len;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int invalid_path(const char *path, struct err *err)
{
	int rc = err_set(err, ERR_INVALID,
			 "Invalid path '%s': The choice state's condition path references an "
			 "invalid value.",
			 path);
	if (err)
		(void)snprintf(err->name, sizeof(err->name), "States.Runtime");
	return rc;
}

/* The comparator whose name, or whose name with "Path", is name. */
static const struct comparator *comparator_of(const char *name, bool *path)
{
	for (size_t i = 0; i < COUNT(comparators); i++) {
		size_t n = strlen(comparators[i].name);
		if (strncmp(name, comparators[i].name, n) != 0)
			continue;
		*path = strcmp(name + n, "Path") == 0;
		if (*path || !name[n])
			return &comparators[i];
	}
	return NULL;
}

static const struct type_test *type_test_of(const char *name)
{
	for (size_t i = 0; i < COUNT(type_tests); i++) {
		if (strcmp(name, type_tests[i].name) == 0)
			return &type_tests[i];
	}
	return NULL;
}

static int compare(bool *out, const struct comparator *c, const cJSON *v, const cJSON *operand,
		   const struct path_scope *scope, struct err *err)
{
	struct path_value other;
	if (!scope) {
		*out = related(c, v, operand);
		return 0;
	}
	int rc = path_look(&other, bytes_str(operand->valuestring), scope, err);
	if (!rc && !other.v)
		rc = invalid_path(operand->valuestring, err);
	if (!rc)
		*out = related(c, v, other.v);
	path_value_clear(&other);
	return rc;
}

/* The member of a comparison that is its comparator. */
static const cJSON *operator_of(const cJSON *rule)
{
	for (const cJSON *m = rule->child; m; m = m->next) {
		bool path;
		if (comparator_of(m->string, &path) || type_test_of(m->string) ||
		    strcmp(m->string, "IsPresent") == 0 || strcmp(m->string, "StringMatches") == 0)
			return m;
	}
	return NULL;
}

static bool operand_fits(const cJSON *op)
{
	bool path = false;
	const struct comparator *c = comparator_of(op->string, &path);
	if (!c && strcmp(op->string, "StringMatches") != 0)
		return cJSON_IsBool(op);
	if (path)
		return cJSON_IsString(op) && path_check(op->valuestring, PATH_ANY, NULL) == 0;
	return c ? is_of(c->kind, op) : cJSON_IsString(op);
}

static int ask(bool *out, const cJSON *op, const cJSON *v, const struct path_scope *scope,
	       struct err *err)
{
	bool path = false;
	const struct type_test *test = type_test_of(op->string);
	const struct comparator *c = comparator_of(op->string, &path);
	if (test)
		*out = test->holds(v) == (cJSON_IsTrue(op) != 0);
	else if (c)
		return compare(out, c, v, op, path ? scope : NULL, err);
	else
		*out = cJSON_IsString(v) && matches(op->valuestring, v->valuestring);
	return 0;
}

static int eval_comparison(bool *out, const cJSON *rule, const struct path_scope *scope,
			   struct err *err)
{
	struct path_value value;
	const char *variable = json_get_str(rule, "Variable");
	const cJSON *op = operator_of(rule);
	if (!variable || !op || !operand_fits(op))
		return err_set(err, ERR_INVALID, "malformed choice rule");
	int rc = path_look(&value, bytes_str(variable), scope, err);
	if (!rc && strcmp(op->string, "IsPresent") == 0)
		*out = (value.v != NULL) == (cJSON_IsTrue(op) != 0);
	else if (!rc && !value.v)
		rc = invalid_path(variable, err);
	else if (!rc)
		rc = ask(out, op, value.v, scope, err);
	path_value_clear(&value);
	return rc;
}

/* And stops at the first rule that does not hold, Or at the first that does. */
static int eval_all(bool *out, const cJSON *rules, bool stop_at, const struct path_scope *scope,
		    struct err *err)
{
	*out = !stop_at;
	for (const cJSON *r = rules->child; r && *out != stop_at; r = r->next) {
		int rc = eval(out, r, scope, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int eval(bool *out, const cJSON *rule, const struct path_scope *scope, struct err *err)
{
	const cJSON *rules;
	if ((rules = json_get(rule, "And")))
		return eval_all(out, rules, false, scope, err);
	if ((rules = json_get(rule, "Or")))
		return eval_all(out, rules, true, scope, err);
	if (!(rules = json_get(rule, "Not")))
		return eval_comparison(out, rule, scope, err);
	int rc = eval(out, rules, scope, err);
	*out = !*out;
	return rc;
}

int choice_pick(const cJSON **out, const cJSON *choices, const struct path_scope *scope,
		struct err *err)
{
	*out = NULL;
	for (const cJSON *rule = choices->child; rule; rule = rule->next) {
		bool yes = false;
		int rc = eval(&yes, rule, scope, err);
		if (rc)
			return rc;
		if (yes) {
			*out = rule;
			return 0;
		}
	}
	return 0;
}

/* ---- checking ---- */

static int check_at(const cJSON *rule, bool nested, int depth, struct err *err);

static int check_comparison(const cJSON *rule, struct err *err)
{
	const char *variable = json_get_str(rule, "Variable");
	const cJSON *op = operator_of(rule);
	if (!variable)
		return err_set(err, ERR_INVALID,
			       "A choice rule needs Variable and a comparison, or And, Or or Not");
	if (path_check(variable, PATH_ANY, NULL) != 0)
		return err_set(err, ERR_INVALID, "Value of Variable is not a valid JSONPath");
	if (!op)
		return err_set(err, ERR_INVALID, "A choice rule with Variable needs a comparison");
	if (!operand_fits(op))
		return err_set(err, ERR_INVALID, "Value of %s is of the wrong type", op->string);
	for (const cJSON *m = op->next; m; m = m->next) {
		bool path;
		if (comparator_of(m->string, &path) || type_test_of(m->string))
			return err_set(err, ERR_INVALID,
				       "A choice rule may have one comparison: %s or %s",
				       op->string, m->string);
	}
	return 0;
}

static int check_list(const cJSON *rules, int depth, struct err *err)
{
	if (!cJSON_IsArray(rules) || !rules->child)
		return err_set(err, ERR_INVALID, "Value of %s must be a non-empty array of rules",
			       rules->string);
	for (const cJSON *r = rules->child; r; r = r->next) {
		int rc = check_at(r, true, depth, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_at(const cJSON *rule, bool nested, int depth, struct err *err)
{
	const cJSON *and = json_get(rule, "And"), * or = json_get(rule, "Or");
	const cJSON *not = json_get(rule, "Not"), *variable = json_get(rule, "Variable");
	if (!cJSON_IsObject(rule))
		return err_set(err, ERR_INVALID, "A choice rule must be an object");
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INVALID, "Choice rules nest more than %d deep", DEPTH_MAX);
	if (nested && json_get(rule, "Next"))
		return err_set(err, ERR_INVALID, "Next is not allowed in a nested choice rule");
	if (!!and+!! or +!!not +!!variable > 1)
		return err_set(err, ERR_INVALID,
			       "A choice rule has one of Variable, And, Or and Not");
	if (and || or)
		return check_list(and? and : or, depth + 1, err);
	return not ? check_at(not, true, depth + 1, err) : check_comparison(rule, err);
}

int choice_check(const cJSON *rule, bool nested, struct err *err)
{
	return check_at(rule, nested, 0, err);
}
