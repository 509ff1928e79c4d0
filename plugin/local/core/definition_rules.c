#include "local/core/definition_rules.h"

#include <string.h>

#include "base/err.h"
#include "local/core/table.h"

/* ---- fields ---- */

enum {
	TASK = 1,
	PASS = 2,
	CHOICE = 4,
	WAIT = 8,
	SUCCEED = 16,
	FAIL = 32,
	PARALLEL = 64,
	MAP = 128,
	WORKING = TASK | PARALLEL | MAP,
};

static const struct type_bit {
	const char *name;
	unsigned bit;
} type_bits[] = {
	{ "Task", TASK },       { "Pass", PASS }, { "Choice", CHOICE },     { "Wait", WAIT },
	{ "Succeed", SUCCEED }, { "Fail", FAIL }, { "Parallel", PARALLEL }, { "Map", MAP },
};

/* The types that have a field; fields that are not listed are left alone. */
static const struct owned_field {
	const char *name;
	unsigned types;
} owned_fields[] = {
	{ "Catch", WORKING },
	{ "HeartbeatSeconds", TASK },
	{ "ResultPath", WORKING | PASS },
	{ "ResultSelector", WORKING },
	{ "Retry", WORKING },
	{ "TimeoutSeconds", TASK },
};

static const char *const jsonata_fields[] = { "Arguments", "Items", "Output" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static unsigned bit_of(const char *type)
{
	for (size_t i = 0; i < COUNT(type_bits); i++)
		if (strcmp(type_bits[i].name, type) == 0)
			return type_bits[i].bit;
	return 0;
}

static int check_fields(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	unsigned type = bit_of(json_get_str(def, "Type"));
	int rc = 0;
	for (size_t i = 0; i < COUNT(owned_fields); i++)
		if (json_get(def, owned_fields[i].name) && !(owned_fields[i].types & type))
			rc = place_refused(out, at, SCHEMA, "Field '%s' is not supported",
					   owned_fields[i].name);
	for (size_t i = 0; i < COUNT(jsonata_fields); i++)
		if (json_get(def, jsonata_fields[i]))
			rc = place_refused(out, at, SCHEMA,
					   "The QueryLanguage is set to 'JSONPath', but field "
					   "'%s' is only supported for the 'JSONata' QueryLanguage",
					   jsonata_fields[i]);
	return rc;
}

/* ---- error names ---- */

static int check_names(const cJSON *handler, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "ErrorEquals", 0 }, in = { &at, NULL, 0 };
	const cJSON *names = json_get(handler, "ErrorEquals");
	bool last_and_alone = !handler->next && names->child && !names->child->next;
	int rc = 0;
	for (const cJSON *n = names->child; n; n = n->next, in.index++)
		if (cJSON_IsString(n) && strcmp(n->valuestring, "States.ALL") == 0 &&
		    !last_and_alone)
			rc = place_refused(out, &in, SCHEMA,
					   "States.ALL must appear alone and at end of list");
	return rc;
}

static int check_handlers(const cJSON *def, const char *member, const struct place *up,
			  struct diagnostics *out)
{
	struct place at = { up, member, 0 }, in = { &at, NULL, 0 };
	const cJSON *list = json_get(def, member);
	int rc = 0;
	for (const cJSON *h = list ? list->child : NULL; h; h = h->next, in.index++)
		if (check_names(h, &in, out) != 0)
			rc = -ERR_INVALID;
	return rc;
}

/* ---- Resource ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), len = strlen(end);
	return n >= len && strcmp(text + n - len, end) == 0;
}

/* What the service calls the pattern that an Express machine may not use, or NULL. */
static const char *pattern_of(const char *resource)
{
	if (ends_with(resource, ".waitForTaskToken"))
		return ".waitForTaskToken";
	return ends_with(resource, ".sync") || ends_with(resource, ".sync:2") ? ".sync" : NULL;
}

static int check_resource(const cJSON *def, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "Resource", 0 };
	const char *resource = json_get_str(def, "Resource");
	if (strcmp(json_get_str(def, "Type"), "Task") != 0)
		return 0;
	if (!resource || strncmp(resource, "arn:", 4) != 0)
		return place_refused(out, &at, SCHEMA, "Value is not a valid resource ARN");
	if (!out->express)
		return 0;
	if (strstr(resource, ":states:") && strstr(resource, ":activity:"))
		return place_refused(out, &at, SCHEMA,
				     "Express state machine does not support Activity ARN");
	if (pattern_of(resource))
		return place_refused(out, &at, SCHEMA,
				     "Express state machine does not support '%s' service "
				     "integration",
				     pattern_of(resource));
	return 0;
}

int rules_check_state(const cJSON *def, const struct place *at, struct diagnostics *out)
{
	int rc = check_fields(def, at, out);
	if (check_handlers(def, "Retry", at, out) != 0)
		rc = -ERR_INVALID;
	if (check_handlers(def, "Catch", at, out) != 0)
		rc = -ERR_INVALID;
	return check_resource(def, at, out) ? -ERR_INVALID : rc;
}

/* ---- the graph ---- */

struct flow_walk {
	struct diagnostics *out;
	struct table states; /* by name */
	struct table named;  /* those that some transition leads to */
	bool report;         /* targets that are not there */
};

/* One transition: a member that names a state. Not a string: another check's business. */
static void meet(struct flow_walk *w, const cJSON *def, const char *member, const struct place *up)
{
	struct place at = { up, member, 0 };
	const char *name = json_get_str(def, member);
	if (!name)
		return;
	void *state = table_find(&w->states, name);
	if (state && !table_find(&w->named, name))
		table_add(&w->named, bytes_str(name), state);
	else if (!state && w->report)
		(void)place_bad(w->out, &at, TARGET, "Missing 'Next' target: %s", name);
}

static void meet_list(struct flow_walk *w, const cJSON *def, const char *member,
		      const struct place *up)
{
	struct place at = { up, member, 0 }, in = { &at, NULL, 0 };
	const cJSON *list = json_get(def, member);
	for (const cJSON *e = cJSON_IsArray(list) ? list->child : NULL; e; e = e->next, in.index++)
		meet(w, e, "Next", &in);
}

/* Every transition of a flow, in its order. */
static void meet_all(struct flow_walk *w, const cJSON *flow, const struct place *up)
{
	struct place at = { up, "States", 0 };
	const cJSON *states = json_get(flow, "States");
	for (cJSON *s = states->child; s; s = s->next)
		if (!table_find(&w->states, s->string))
			table_add(&w->states, bytes_str(s->string), s);
	meet(w, flow, "StartAt", up);
	for (const cJSON *s = states->child; s; s = s->next) {
		struct place in = { &at, s->string, 0 };
		meet(w, s, "Next", &in);
		meet_list(w, s, "Choices", &in);
		meet(w, s, "Default", &in);
		meet_list(w, s, "Catch", &in);
	}
}

typedef void flow_check(const cJSON *flow, const struct place *at, struct diagnostics *out);

/* Call `check` for a flow and those inside its states. */
static void each_flow(const cJSON *flow, const struct place *up, struct diagnostics *out,
		      flow_check *check)
{
	static const char *const processors[] = { "ItemProcessor", "Iterator" };
	struct place at = { up, "States", 0 };
	const cJSON *states = json_get(flow, "States");
	if (!cJSON_IsObject(states))
		return;
	check(flow, up, out);
	for (const cJSON *s = states->child; s; s = s->next) {
		struct place in = { &at, s->string, 0 };
		for (size_t i = 0; i < COUNT(processors); i++) {
			struct place inner = { &in, processors[i], 0 };
			each_flow(json_get(s, processors[i]), &inner, out, check);
		}
		struct place list = { &in, "Branches", 0 }, one = { &list, NULL, 0 };
		const cJSON *b = json_get(s, "Branches");
		for (b = b ? b->child : NULL; b; b = b->next, one.index++)
			each_flow(b, &one, out, check);
	}
}

static void walk_close(struct flow_walk *w)
{
	table_clear(&w->states);
	table_clear(&w->named);
}

static void check_targets(const cJSON *flow, const struct place *at, struct diagnostics *out)
{
	struct flow_walk w = { .out = out, .report = true };
	meet_all(&w, flow, at);
	walk_close(&w);
}

static void check_named(const cJSON *flow, const struct place *up, struct diagnostics *out)
{
	struct place at = { up, "States", 0 };
	struct flow_walk w = { .out = out };
	meet_all(&w, flow, up);
	for (const cJSON *s = json_get(flow, "States")->child; s; s = s->next) {
		struct place in = { &at, s->string, 0 };
		if (!table_find(&w.named, s->string))
			(void)place_refused(out, &in, TARGET, "State \"%s\" is not reachable.",
					    s->string);
	}
	walk_close(&w);
}

static bool ends(const cJSON *tree)
{
	for (const cJSON *s = json_get(tree, "States")->child; s; s = s->next) {
		const char *type = json_get_str(s, "Type");
		if (json_get_bool(s, "End", false) ||
		    (type && (strcmp(type, "Succeed") == 0 || strcmp(type, "Fail") == 0)))
			return true;
	}
	return false;
}

int rules_check_graph(const cJSON *tree, struct diagnostics *out)
{
	size_t before = out->n;
	each_flow(tree, NULL, out, check_targets);
	if (!ends(tree))
		return place_nowhere(out, "MISSING_END_STATE", "Workflow has no terminal state");
	each_flow(tree, NULL, out, check_named);
	return out->n > before ? -ERR_INVALID : 0;
}
