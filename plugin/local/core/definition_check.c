#include "local/core/definition_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "local/core/mem.h"
#include "local/language/choice.h"
#include "local/language/path.h"
#include "local/language/template.h"

/* Where we are: a chain of member names back to the root, on the stack. */
struct place {
	const struct place *up;
	const char *name;
	int index; /* used when name is NULL */
};

static void print_place(struct buf *out, const struct place *at)
{
	if (!at)
		return;
	print_place(out, at->up);
	if (at->name)
		buf_addf(out, "/%s", at->name);
	else
		buf_addf(out, "/%d", at->index);
}

/* What one check found goes into the list; the next state is checked all the same. */
static int add(struct diagnostics *out, const struct place *at, struct diagnostic found)
{
	struct buf where = BUF_INIT(512);
	print_place(&where, at);
	found.location = mem_str(where.n ? buf_cstr(&where) : "/");
	buf_clear(&where);
	out->list = mem_room(out->list, out->n, &out->cap, sizeof(*out->list));
	out->list[out->n++] = found;
	return -ERR_INVALID;
}

static int bad(struct diagnostics *out, const struct place *at, const char *code, const char *fmt,
	       ...) PRINTF_LIKE(4, 5);

static int bad(struct diagnostics *out, const struct place *at, const char *code, const char *fmt,
	       ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(out, at, (struct diagnostic){ .code = code, .message = mem_str(text) });
}

static int not_run(struct diagnostics *out, const struct place *at, const char *what)
{
	return add(out, at,
		   (struct diagnostic){
		       .code = "NOT_RUN_HERE", .message = mem_str(what), .not_run = true });
}

#define SCHEMA "SCHEMA_VALIDATION_FAILED"
#define TARGET "MISSING_TRANSITION_TARGET"

static int check_flow(const cJSON *flow, const struct place *at, struct diagnostics *out);

static int check_path(const cJSON *def, const char *name, enum path_kind kind,
		      const struct place *up, struct diagnostics *out)
{
	struct place at = { up, name, 0 };
	const cJSON *v = json_get(def, name);
	if (!v || cJSON_IsNull(v))
		return 0;
	if (cJSON_IsString(v) && path_check(v->valuestring, kind, NULL) == 0)
		return 0;
	return bad(out, &at, SCHEMA, "Value is not a %s",
		   kind == PATH_REFERENCE ? "Reference Path" : "valid JSONPath");
}

static int check_template(const cJSON *def, const char *name, const struct place *up,
			  struct diagnostics *out)
{
	struct place at = { up, name, 0 };
	struct err why = { 0 };
	const cJSON *v = json_get(def, name);
	if (!v || template_check(v, &why) == 0)
		return 0;
	return bad(out, &at, SCHEMA, "%s", why.message);
}

/* Exactly one of these members must be there. */
static int check_one_of(const cJSON *def, const char *const *names, const struct place *at,
			struct diagnostics *out)
{
	int found = 0;
	for (const char *const *n = names; *n; n++)
		found += json_get(def, *n) != NULL;
	if (found == 1)
		return 0;
	struct buf list = BUF_INIT(256);
	for (const char *const *n = names; *n; n++)
		buf_addf(&list, "%s%s", n == names ? "" : ", ", *n);
	int rc = bad(out, at, SCHEMA, "%s one of these fields is required: [%s]",
		     found ? "Only" : "At least", buf_cstr(&list));
	buf_clear(&list);
	return rc;
}

static int check_required(const cJSON *def, const char *name, const struct place *at,
			  struct diagnostics *out)
{
	if (json_get(def, name))
		return 0;
	return bad(out, at, SCHEMA, "These fields are required: [%s]", name);
}

/* The state named by def[member] must be one of the flow's. */
static int check_target(const cJSON *def, const char *member, const cJSON *states,
			const struct place *up, struct diagnostics *out)
{
	struct place at = { up, member, 0 };
	const cJSON *v = json_get(def, member);
	if (!cJSON_IsString(v))
		return bad(out, &at, SCHEMA, "Value is not a string");
	if (json_get(states, v->valuestring))
		return 0;
	return bad(out, &at, TARGET, "Missing '%s' target: %s", member, v->valuestring);
}

static int check_choices(const cJSON *def, const cJSON *states, const struct place *up,
			 struct diagnostics *out)
{
	struct place at = { up, "Choices", 0 };
	const cJSON *choices = json_get(def, "Choices");
	if (!cJSON_IsArray(choices) || !choices->child)
		return bad(out, &at, SCHEMA, "Value must be a non-empty array");
	struct place rule_at = { &at, NULL, 0 };
	for (const cJSON *rule = choices->child; rule; rule = rule->next, rule_at.index++) {
		struct err why = { 0 };
		int rc = check_required(rule, "Next", &rule_at, out);
		if (!rc)
			rc = check_target(rule, "Next", states, &rule_at, out);
		if (rc)
			return rc;
		if (choice_check(rule, false, &why) != 0)
			return bad(out, &rule_at, SCHEMA, "%s", why.message);
	}
	return json_get(def, "Default") ? check_target(def, "Default", states, up, out) : 0;
}

static int check_wait(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	static const char *const forms[] = { "Seconds", "SecondsPath", "Timestamp", "TimestampPath",
					     NULL };
	int64_t ignored;
	int rc = check_one_of(def, forms, at, out);
	if (rc)
		return rc;
	const cJSON *seconds = json_get(def, "Seconds"), *stamp = json_get(def, "Timestamp");
	struct place in = { at, seconds ? "Seconds" : "Timestamp", 0 };
	if (seconds && (!json_int(seconds, &ignored) || ignored < 0 || ignored > 99999999))
		return bad(out, &in, SCHEMA, "Value must be an integer from 0 to 99999999");
	if (stamp &&
	    (!cJSON_IsString(stamp) || iso8601_parse(&ignored, bytes_str(stamp->valuestring)) != 0))
		return bad(out, &in, SCHEMA, "String does not match RFC3339 timestamp");
	rc = check_path(def, "SecondsPath", PATH_ANY, at, out);
	return rc ? rc : check_path(def, "TimestampPath", PATH_ANY, at, out);
}

static int check_fail(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	static const char *const pairs[][2] = { { "Error", "ErrorPath" },
						{ "Cause", "CausePath" } };
	for (size_t i = 0; i < 2; i++) {
		struct place in = { at, pairs[i][1], 0 };
		const cJSON *path = json_get(def, pairs[i][1]);
		if (path && json_get(def, pairs[i][0]))
			return bad(out, at, SCHEMA, "Fields %s and %s exclude each other",
				   pairs[i][0], pairs[i][1]);
		if (path &&
		    (!cJSON_IsString(path) || template_check_expr(path->valuestring, NULL) != 0))
			return bad(out, &in, SCHEMA, "Value is not a valid path or function");
	}
	return 0;
}

/* A member that has one of these values, if it is there. */
struct words {
	const char *member;
	const char *values[6];
};

static const struct words reader_words[] = {
	{ "InputType", { "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST" } },
	{ "ManifestType", { "ATHENA_DATA", "S3_INVENTORY" } },
	{ "Transformation", { "NONE", "LOAD_AND_FLATTEN" } },
	{ "CSVHeaderLocation", { "FIRST_ROW", "GIVEN" } },
	{ "CSVDelimiter", { "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB" } },
};

static int check_words(const cJSON *def, const struct words *w, const struct place *up,
		       struct diagnostics *out)
{
	struct place at = { up, w->member, 0 };
	struct buf list = BUF_INIT(256);
	const cJSON *v = json_get(def, w->member);
	bool known = !v;
	for (const char *const *one = w->values; *one; one++) {
		known = known || (cJSON_IsString(v) && strcmp(v->valuestring, *one) == 0);
		buf_addf(&list, "%s%s", one == w->values ? "" : ", ", *one);
	}
	int rc = known ? 0 : bad(out, &at, SCHEMA, "Value is not one of [%s]", buf_cstr(&list));
	buf_clear(&list);
	return rc;
}

/* What the documentation says of members that need or exclude each other. */
static int check_reader_config(const cJSON *config, const struct place *at, struct diagnostics *out)
{
	const char *manifest = json_get_str(config, "ManifestType");
	const char *type = json_get_str(config, "InputType");
	const char *as = json_get_str(config, "Transformation");
	bool typed = type && strcmp(type, "MANIFEST") != 0;
	if (json_get(config, "MaxItems") && json_get(config, "MaxItemsPath"))
		return bad(out, at, SCHEMA, "Fields MaxItems and MaxItemsPath exclude each other");
	if (manifest && strcmp(manifest, "S3_INVENTORY") == 0 && typed)
		return bad(out, at, SCHEMA, "ManifestType S3_INVENTORY excludes InputType %s",
			   type);
	if (manifest && strcmp(manifest, "ATHENA_DATA") == 0 && !typed)
		return bad(out, at, SCHEMA,
			   "ManifestType ATHENA_DATA needs an InputType: that of the objects");
	if (as && strcmp(as, "LOAD_AND_FLATTEN") == 0 && !typed)
		return bad(
		    out, at, SCHEMA,
		    "Transformation LOAD_AND_FLATTEN needs an InputType: that of the objects");
	return 0;
}

static int check_reader(const cJSON *def, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "ItemReader", 0 }, in = { &at, "ReaderConfig", 0 };
	const cJSON *reader = json_get(def, "ItemReader");
	const cJSON *config = json_get(reader, "ReaderConfig");
	if (!reader)
		return 0;
	int rc = check_required(reader, "Resource", &at, out);
	if (!rc)
		rc = check_template(reader, "Parameters", &at, out);
	for (size_t i = 0; i < sizeof(reader_words) / sizeof(reader_words[0]) && !rc; i++)
		rc = check_words(config, &reader_words[i], &in, out);
	if (!rc)
		rc = check_path(config, "MaxItemsPath", PATH_ANY, &in, out);
	return rc ? rc : check_reader_config(config, &in, out);
}

static int check_map(const cJSON *def, const struct place *up, struct diagnostics *out)
{
	const char *member = json_get(def, "ItemProcessor") ? "ItemProcessor" : "Iterator";
	struct place at = { up, member, 0 };
	const cJSON *processor = json_get(def, member);
	if (!processor)
		return bad(out, up, SCHEMA, "These fields are required: [ItemProcessor]");
	int rc = check_path(def, "ItemsPath", PATH_ANY, up, out);
	if (!rc)
		rc = check_template(def, "ItemSelector", up, out);
	if (!rc)
		rc = check_reader(def, up, out);
	return rc ? rc : check_flow(processor, &at, out);
}

static int check_parallel(const cJSON *def, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "Branches", 0 };
	const cJSON *branches = json_get(def, "Branches");
	if (!cJSON_IsArray(branches) || !branches->child)
		return bad(out, &at, SCHEMA, "Value must be a non-empty array");
	struct place in = { &at, NULL, 0 };
	for (const cJSON *b = branches->child; b; b = b->next, in.index++) {
		int rc = check_flow(b, &in, out);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_handlers(const cJSON *def, const char *member, const cJSON *states,
			  const struct place *up, struct diagnostics *out)
{
	struct place at = { up, member, 0 };
	const cJSON *list = json_get(def, member);
	if (!list)
		return 0;
	if (!cJSON_IsArray(list))
		return bad(out, &at, SCHEMA, "Value must be an array");
	struct place in = { &at, NULL, 0 };
	for (const cJSON *h = list->child; h; h = h->next, in.index++) {
		const cJSON *names = json_get(h, "ErrorEquals");
		if (!cJSON_IsArray(names) || !names->child)
			return bad(out, &in, SCHEMA, "These fields are required: [ErrorEquals]");
		int rc = states ? check_target(h, "Next", states, &in, out) : 0;
		if (!rc)
			rc = check_path(h, "ResultPath", PATH_REFERENCE, &in, out);
		if (rc)
			return rc;
	}
	return 0;
}

/* What most states share: where they go, and the fields that shape their data. */
static int check_common(const cJSON *def, const cJSON *states, const struct place *at,
			struct diagnostics *out)
{
	const char *type = json_get_str(def, "Type");
	bool ends = strcmp(type, "Succeed") == 0 || strcmp(type, "Fail") == 0 ||
		    strcmp(type, "Choice") == 0;
	int rc = 0;
	if (!ends && json_get(def, "Next"))
		rc = check_target(def, "Next", states, at, out);
	else if (!ends && !json_get_bool(def, "End", false))
		rc = bad(out, at, SCHEMA, "These fields are required: [Next] or [End]");
	if (!rc)
		rc = check_path(def, "InputPath", PATH_ANY, at, out);
	if (!rc)
		rc = check_path(def, "OutputPath", PATH_ANY, at, out);
	if (!rc)
		rc = check_path(def, "ResultPath", PATH_REFERENCE, at, out);
	if (!rc)
		rc = check_template(def, "Parameters", at, out);
	if (!rc)
		rc = check_template(def, "ResultSelector", at, out);
	if (!rc)
		rc = check_handlers(def, "Retry", NULL, at, out);
	return rc ? rc : check_handlers(def, "Catch", states, at, out);
}

static int check_state(const cJSON *def, const cJSON *states, const struct place *at,
		       struct diagnostics *out)
{
	static const char *const types[] = { "Task", "Pass", "Choice",   "Wait", "Succeed",
					     "Fail", "Map",  "Parallel", NULL };
	struct place type_at = { at, "Type", 0 };
	const char *type = json_get_str(def, "Type");
	int i = 0;
	if (!json_get(def, "Type"))
		return check_required(def, "Type", at, out);
	if (!type)
		return bad(out, &type_at, SCHEMA, "Value is not a string");
	while (types[i] && strcmp(types[i], type) != 0)
		i++;
	if (!types[i])
		return bad(out, &type_at, SCHEMA, "Value is not a valid state type");
	const char *language = json_get_str(def, "QueryLanguage");
	bool jsonata = out->jsonata;
	if (language && jsonata && strcmp(language, "JSONPath") == 0)
		return bad(out, at, SCHEMA,
			   "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole "
			   "state machine");
	if (jsonata || (language && strcmp(language, "JSONPath") != 0) || json_get(def, "Assign"))
		return not_run(out, at, "This engine runs JSONPath states without Assign");
	int rc = check_common(def, states, at, out);
	if (rc)
		return rc;
	switch (type[0]) {
	case 'T':
		return check_required(def, "Resource", at, out);
	case 'C':
		return check_choices(def, states, at, out);
	case 'W':
		return check_wait(def, at, out);
	case 'F':
		return check_fail(def, at, out);
	case 'M':
		return check_map(def, at, out);
	case 'P':
		return strcmp(type, "Parallel") == 0 ? check_parallel(def, at, out) : 0;
	default:
		return 0;
	}
}

static int check_flow(const cJSON *flow, const struct place *at, struct diagnostics *out)
{
	if (!cJSON_IsObject(flow))
		return bad(out, at, SCHEMA, "Value is not an object");
	struct place states_at = { at, "States", 0 };
	const cJSON *states = json_get(flow, "States");
	int rc = check_required(flow, "StartAt", at, out);
	if (!rc)
		rc = check_required(flow, "States", at, out);
	if (rc)
		return rc;
	if (!cJSON_IsObject(states) || !states->child)
		return bad(out, &states_at, SCHEMA, "Value must be a non-empty object");
	rc = check_target(flow, "StartAt", states, at, out);
	for (const cJSON *s = states->child; s; s = s->next) {
		struct place in = { &states_at, s->string, 0 };
		if (check_state(s, states, &in, out) != 0)
			rc = -ERR_INVALID;
	}
	return rc;
}

int definition_check(const cJSON *tree, struct diagnostics *out)
{
	const char *language = json_get_str(tree, "QueryLanguage");
	out->jsonata = language && strcmp(language, "JSONPath") != 0;
	int rc = check_flow(tree, NULL, out);
	if (out->jsonata && !rc)
		rc = not_run(out, NULL, "This engine runs the query language JSONPath only");
	return rc;
}

void diagnostics_clear(struct diagnostics *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->list[i].message);
		free(d->list[i].location);
	}
	free(d->list);
	*d = (struct diagnostics){ 0 };
}
