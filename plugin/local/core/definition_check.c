#include "local/core/definition_check.h"

#include <string.h>

#include "base/clock.h"
#include "local/core/definition_rules.h"
#include "local/language/choice.h"
#include "local/language/path.h"
#include "local/language/template.h"

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
	return place_bad(out, &at, SCHEMA, "Value is not a %s",
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
	return place_bad(out, &at, SCHEMA, "%s", why.message);
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
	int rc = place_bad(out, at, SCHEMA, "%s one of these fields is required: [%s]",
			   found ? "Only" : "At least", buf_cstr(&list));
	buf_clear(&list);
	return rc;
}

static int check_required(const cJSON *def, const char *name, const struct place *at,
			  struct diagnostics *out)
{
	if (json_get(def, name))
		return 0;
	return place_bad(out, at, SCHEMA, "These fields are required: [%s]", name);
}

/* A member that names a state; whether there is such a state comes after all forms are right. */
static int check_target(const cJSON *def, const char *member, const struct place *up,
			struct diagnostics *out)
{
	struct place at = { up, member, 0 };
	if (cJSON_IsString(json_get(def, member)))
		return 0;
	return place_bad(out, &at, SCHEMA, "Value is not a string");
}

static int check_choices(const cJSON *def, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "Choices", 0 };
	const cJSON *choices = json_get(def, "Choices");
	if (!cJSON_IsArray(choices) || !choices->child)
		return place_bad(out, &at, SCHEMA, "Value must be a non-empty array");
	struct place rule_at = { &at, NULL, 0 };
	for (const cJSON *rule = choices->child; rule; rule = rule->next, rule_at.index++) {
		struct err why = { 0 };
		int rc = check_required(rule, "Next", &rule_at, out);
		if (!rc)
			rc = check_target(rule, "Next", &rule_at, out);
		if (rc)
			return rc;
		if (choice_check(rule, false, &why) != 0)
			return place_bad(out, &rule_at, SCHEMA, "%s", why.message);
	}
	return json_get(def, "Default") ? check_target(def, "Default", up, out) : 0;
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
	if (seconds && !json_int(seconds, &ignored))
		return place_bad(out, &in, SCHEMA, "Expected value of type Integer");
	if (seconds && (ignored < 0 || ignored > 99999999))
		return place_bad(out, &in, SCHEMA, "Value must be an integer from 0 to 99999999");
	if (stamp &&
	    (!cJSON_IsString(stamp) || iso8601_parse(&ignored, bytes_str(stamp->valuestring)) != 0))
		return place_bad(out, &in, SCHEMA, "String does not match RFC3339 timestamp");
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
			return place_bad(out, at, SCHEMA, "Fields %s and %s exclude each other",
					 pairs[i][0], pairs[i][1]);
		if (path &&
		    (!cJSON_IsString(path) || template_check_expr(path->valuestring, NULL) != 0))
			return place_bad(out, &in, SCHEMA, "Value is not a valid path or function");
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
	int rc =
	    known ? 0 : place_bad(out, &at, SCHEMA, "Value is not one of [%s]", buf_cstr(&list));
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
		return place_bad(out, at, SCHEMA,
				 "Fields MaxItems and MaxItemsPath exclude each other");
	if (manifest && strcmp(manifest, "S3_INVENTORY") == 0 && typed)
		return place_bad(out, at, SCHEMA, "ManifestType S3_INVENTORY excludes InputType %s",
				 type);
	if (manifest && strcmp(manifest, "ATHENA_DATA") == 0 && !typed)
		return place_bad(
		    out, at, SCHEMA,
		    "ManifestType ATHENA_DATA needs an InputType: that of the objects");
	if (as && strcmp(as, "LOAD_AND_FLATTEN") == 0 && !typed)
		return place_bad(
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
		return place_bad(out, up, SCHEMA, "These fields are required: [ItemProcessor]");
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
		return place_bad(out, &at, SCHEMA, "Value must be a non-empty array");
	struct place in = { &at, NULL, 0 };
	for (const cJSON *b = branches->child; b; b = b->next, in.index++) {
		int rc = check_flow(b, &in, out);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_handlers(const cJSON *def, const char *member, bool leads, const struct place *up,
			  struct diagnostics *out)
{
	struct place at = { up, member, 0 };
	const cJSON *list = json_get(def, member);
	if (!list)
		return 0;
	if (!cJSON_IsArray(list))
		return place_bad(out, &at, SCHEMA, "Value must be an array");
	struct place in = { &at, NULL, 0 };
	for (const cJSON *h = list->child; h; h = h->next, in.index++) {
		const cJSON *names = json_get(h, "ErrorEquals");
		if (!cJSON_IsArray(names) || !names->child)
			return place_bad(out, &in, SCHEMA,
					 "These fields are required: [ErrorEquals]");
		int rc = leads ? check_target(h, "Next", &in, out) : 0;
		if (!rc)
			rc = check_path(h, "ResultPath", PATH_REFERENCE, &in, out);
		if (rc)
			return rc;
	}
	return 0;
}

/* What most states share: where they go, and the fields that shape their data. */
static int check_common(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	const char *type = json_get_str(def, "Type");
	bool ends = strcmp(type, "Succeed") == 0 || strcmp(type, "Fail") == 0 ||
		    strcmp(type, "Choice") == 0;
	int rc = 0;
	if (!ends && json_get(def, "Next"))
		rc = check_target(def, "Next", at, out);
	else if (!ends && !json_get_bool(def, "End", false))
		rc = place_bad(out, at, SCHEMA, "These fields are required: [Next] or [End]");
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
		rc = check_handlers(def, "Retry", false, at, out);
	return rc ? rc : check_handlers(def, "Catch", true, at, out);
}

static int check_form(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	static const char *const types[] = { "Task", "Pass", "Choice",   "Wait", "Succeed",
					     "Fail", "Map",  "Parallel", NULL };
	struct place type_at = { at, "Type", 0 };
	const char *type = json_get_str(def, "Type");
	int i = 0;
	if (!json_get(def, "Type"))
		return check_required(def, "Type", at, out);
	if (!type)
		return place_bad(out, &type_at, SCHEMA, "Value is not a string");
	while (types[i] && strcmp(types[i], type) != 0)
		i++;
	if (!types[i])
		return place_bad(out, &type_at, SCHEMA, "Value is not a valid state type");
	const char *language = json_get_str(def, "QueryLanguage");
	bool jsonata = out->jsonata;
	if (language && jsonata && strcmp(language, "JSONPath") == 0)
		return place_bad(
		    out, at, SCHEMA,
		    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole "
		    "state machine");
	if (jsonata || (language && strcmp(language, "JSONPath") != 0) || json_get(def, "Assign"))
		return place_not_run(out, at, "This engine runs JSONPath states without Assign");
	int rc = check_common(def, at, out);
	if (rc)
		return rc;
	switch (type[0]) {
	case 'T':
		return check_required(def, "Resource", at, out);
	case 'C':
		return check_choices(def, at, out);
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

/* The rules beyond form are for states of right form that run here. */
static int check_state(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	int rc = check_form(def, at, out);
	return rc ? rc : rules_check_state(def, at, out);
}

static int check_flow(const cJSON *flow, const struct place *at, struct diagnostics *out)
{
	if (!cJSON_IsObject(flow))
		return place_bad(out, at, SCHEMA, "Value is not an object");
	struct place states_at = { at, "States", 0 };
	const cJSON *states = json_get(flow, "States");
	int rc = check_required(flow, "StartAt", at, out);
	if (!rc)
		rc = check_required(flow, "States", at, out);
	if (rc)
		return rc;
	if (!cJSON_IsObject(states) || !states->child)
		return place_bad(out, &states_at, SCHEMA, "Value must be a non-empty object");
	rc = check_target(flow, "StartAt", at, out);
	for (const cJSON *s = states->child; s; s = s->next) {
		struct place in = { &states_at, s->string, 0 };
		if (check_state(s, &in, out) != 0)
			rc = -ERR_INVALID;
	}
	return rc;
}

static bool any_fault(const struct diagnostics *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (!found->list[i].not_run)
			return true;
	return false;
}

/* Recorded: where the transitions lead is looked at when all forms are right. */
int definition_check(const cJSON *tree, struct diagnostics *out)
{
	const char *language = json_get_str(tree, "QueryLanguage");
	out->jsonata = language && strcmp(language, "JSONPath") != 0;
	int rc = check_flow(tree, NULL, out);
	if (!any_fault(out) && rules_check_graph(tree, out) != 0)
		rc = -ERR_INVALID;
	if (out->jsonata && !rc)
		rc = place_not_run(out, NULL, "This engine runs the query language JSONPath only");
	return rc;
}
