#include "local/core/definition.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/random.h"
#include "local/core/definition_check.h"
#include "local/core/definition_rules.h"
#include "local/core/fault.h"
#include "local/core/mem.h"

static const char *const type_names[STATE_TYPES] = {
	[STATE_TASK] = "Task",         [STATE_PASS] = "Pass",       [STATE_CHOICE] = "Choice",
	[STATE_WAIT] = "Wait",         [STATE_SUCCEED] = "Succeed", [STATE_FAIL] = "Fail",
	[STATE_PARALLEL] = "Parallel", [STATE_MAP] = "Map",
};

const struct state *flow_state(const struct flow *f, const char *name)
{
	for (size_t i = 0; i < f->n_states; i++)
		if (strcmp(f->states[i].name, name) == 0)
			return &f->states[i];
	return NULL;
}

static struct path_field path_field(const cJSON *def, const char *name)
{
	const cJSON *v = json_get(def, name);
	return (struct path_field){ cJSON_IsNull(v), cJSON_IsString(v) ? v->valuestring : NULL };
}

/* Does a path into the context object occur anywhere below v? */
static bool mentions_context(const cJSON *v)
{
	if (cJSON_IsString(v))
		return strstr(v->valuestring, "$$") != NULL;
	for (const cJSON *c = v->child; c; c = c->next)
		if (mentions_context(c))
			return true;
	return false;
}

/* A Map without a Label gets a UUID made from the definition, a different one for every state. */
static char *made_up_label(const struct definition *d, const struct state *s)
{
	uint8_t digest[SHA256_LEN];
	char uuid[UUID_SIZE];
	char *text = mem_printf("%zu/%s/%s", d->n_flows, s->name, d->text);
	INVARIANT(sha256(digest, bytes_str(text)) == 0);
	free(text);
	uuid_format(uuid, digest, 3);
	return mem_str(uuid);
}

static struct flow *flow_build(struct definition *d, const cJSON *def);

static void add_flow(struct definition *d, struct state *s, const cJSON *def)
{
	s->flows = mem_resize(s->flows, s->n_flows + 1, sizeof(struct flow *));
	s->flows[s->n_flows++] = flow_build(d, def);
}

static void build_map(struct definition *d, struct state *s)
{
	const cJSON *processor = json_get(s->def, "ItemProcessor");
	if (!processor)
		processor = json_get(s->def, "Iterator");
	const cJSON *config = json_get(processor, "ProcessorConfig");
	const char *mode = json_get_str(config, "Mode");
	const char *kind = json_get_str(config, "ExecutionType");
	s->distributed = mode && strcmp(mode, "DISTRIBUTED") == 0;
	s->express = kind && strcmp(kind, "EXPRESS") == 0;
	if (json_get(s->def, "ItemSelector"))
		s->parameters = json_get(s->def, "ItemSelector");
	if (s->distributed) {
		const char *label = json_get_str(s->def, "Label");
		s->label = label ? mem_str(label) : made_up_label(d, s);
	}
	add_flow(d, s, processor);
}

static void build_state(struct definition *d, struct state *s)
{
	const char *type = json_get_str(s->def, "Type");
	while (strcmp(type_names[s->type], type) != 0)
		s->type++;
	s->input_path = path_field(s->def, "InputPath");
	s->output_path = path_field(s->def, "OutputPath");
	s->result_path = path_field(s->def, "ResultPath");
	s->parameters = json_get(s->def, "Parameters");
	s->selector = json_get(s->def, "ResultSelector");
	s->uses_context = mentions_context(s->def);
	if (s->type == STATE_MAP)
		build_map(d, s);
	if (s->type == STATE_PARALLEL)
		for (const cJSON *b = json_get(s->def, "Branches")->child; b; b = b->next)
			add_flow(d, s, b);
}

/* The definition has been checked: everything required is there. */
static struct flow *flow_build(struct definition *d, const cJSON *def)
{
	struct flow *f = mem_zero(sizeof(*f));
	d->flows = mem_room(d->flows, d->n_flows, &d->cap_flows, sizeof(struct flow *));
	f->id = (int)d->n_flows;
	d->flows[d->n_flows++] = f;
	f->def = def;
	f->timeout_s = json_get_int(def, "TimeoutSeconds", 0);
	const cJSON *states = json_get(def, "States");
	for (const cJSON *c = states->child; c; c = c->next)
		f->n_states++;
	f->states = mem_zero(f->n_states * sizeof(*f->states));
	size_t i = 0;
	for (const cJSON *c = states->child; c; c = c->next)
		f->states[i++] = (struct state){ .name = c->string, .def = c, .flow = f };
	for (i = 0; i < f->n_states; i++) {
		build_state(d, &f->states[i]);
		const char *next = json_get_str(f->states[i].def, "Next");
		f->states[i].next = next ? flow_state(f, next) : NULL;
	}
	f->start = flow_state(f, json_get_str(def, "StartAt"));
	return f;
}

/* The definition's tree when nothing is wrong with it, or NULL. */
static cJSON *parse_checked(const char *text, struct diagnostics *found)
{
	struct err why = { 0 };
	cJSON *tree = json_parse(bytes_str(text), &why);
	if (tree && definition_check(tree, found) == 0)
		return tree;
	if (!tree) {
		found->list = mem_room(found->list, found->n, &found->cap, sizeof(*found->list));
		found->list[found->n++] = (struct diagnostic){ .code = "INVALID_JSON_DESCRIPTION",
							       .message = mem_str(why.message) };
	}
	cJSON_Delete(tree);
	return NULL;
}

void definition_validate(const char *text, struct diagnostics *found)
{
	cJSON_Delete(parse_checked(text, found));
}

/* All faults as the service prints them; what only this engine does not run, when there is nothing else. */
static int refuse(const struct diagnostics *found, struct err *err)
{
	struct buf text = MEM_BUF;
	bool faults = false;
	for (size_t i = 0; i < found->n; i++)
		faults = faults || !found->list[i].not_run;
	for (size_t i = 0; i < found->n; i++) {
		const struct diagnostic *d = &found->list[i];
		if (faults && d->not_run)
			continue;
		buf_addf(&text, "%s%s: %s", text.n ? ", " : "", d->code, d->message);
		/* Recorded: "at null" when the workflow as a whole is meant. */
		if (d->location || d->harmless)
			buf_addf(&text, " at %s", d->location ? d->location : "null");
	}
	int rc = fault(err, "InvalidDefinition", "Invalid State Machine Definition: '%s'",
		       buf_cstr(&text));
	buf_clear(&text);
	return rc;
}

static struct definition *build(const char *text, cJSON *tree)
{
	struct definition *d = mem_zero(sizeof(*d));
	d->refs = 1;
	d->text = mem_str(text);
	d->tree = tree;
	(void)flow_build(d, tree);
	return d;
}

int definition_parse(struct definition **out, const char *text, bool express, struct err *err)
{
	struct diagnostics found = { .express = express };
	cJSON *tree = parse_checked(text, &found);
	int rc = tree ? 0 : refuse(&found, err);
	diagnostics_clear(&found);
	if (tree)
		*out = build(text, tree);
	return rc;
}

int definition_load(struct definition **out, const char *text)
{
	struct diagnostics found = { 0 };
	cJSON *tree = json_parse(bytes_str(text), NULL);
	bool runs = tree != NULL;
	/* Other faults keep definition_check from looking where the transitions lead. */
	if (tree && definition_check(tree, &found) != 0)
		(void)!rules_check_graph(tree, &found);
	for (size_t i = 0; i < found.n; i++)
		runs = runs && found.list[i].harmless;
	diagnostics_clear(&found);
	if (!runs) {
		cJSON_Delete(tree);
		return -ERR_INVALID;
	}
	*out = build(text, tree);
	return 0;
}

struct definition *definition_ref(struct definition *d)
{
	d->refs++;
	return d;
}

static void flow_free(struct flow *f)
{
	for (size_t i = 0; i < f->n_states; i++) {
		free(f->states[i].flows);
		free(f->states[i].label);
	}
	free(f->states);
	free(f);
}

void definition_unref(struct definition *d)
{
	if (!d || --d->refs > 0)
		return;
	for (size_t i = 0; i < d->n_flows; i++)
		flow_free(d->flows[i]);
	free(d->flows);
	free(d->key);
	free(d->role);
	free(d->revision);
	free(d->text);
	cJSON_Delete(d->tree);
	free(d);
}
