#include "local/core/data.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/mem.h"

static cJSON *add_object(cJSON *to, const char *name)
{
	cJSON *o = cJSON_AddObjectToObject(to, name);
	INVARIANT(o);
	return o;
}

static void add_text(cJSON *to, const char *name, const char *text)
{
	INVARIANT(cJSON_AddStringToObject(to, name, text));
}

static void add_time(cJSON *to, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	add_text(to, name, text);
}

/* A tree that is somebody else's: only referred to. */
static void add_shared(cJSON *to, const char *name, const cJSON *tree)
{
	/* cJSON takes a plain pointer, but a reference is never modified through. */
	union {
		const cJSON *in;
		cJSON *out;
	} shared = { .in = tree };
	INVARIANT(cJSON_AddItemReferenceToObject(to, name, shared.out));
}

static void add_execution(cJSON *to, const struct execution *x)
{
	cJSON *o = add_object(to, "Execution");
	add_text(o, "Id", x->arn);
	add_shared(o, "Input", doc_tree(x->input));
	add_time(o, "StartTime", x->start_ms);
	/* Recorded: of an Express execution NAME:UUID only the name, and no count unless it is a child. */
	size_t n = x->express ? strcspn(x->name, ":") : strlen(x->name);
	char *name = mem_dup((struct bytes){ x->name, n });
	add_text(o, "Name", name);
	free(name);
	add_text(o, "RoleArn", x->definition->role);
	if (!x->express || x->map_run)
		json_set_int(o, "RedriveCount", x->redrive_count);
	if (x->redrive_ms)
		add_time(o, "RedriveTime", x->redrive_ms);
}

/* The nearest iteration this frame is in, or NULL. */
static const struct frame *iteration_of(const struct frame *f)
{
	while (f && !f->item)
		f = f->parent;
	return f;
}

cJSON *data_context(const struct frame *f, const char *token)
{
	cJSON *context = cJSON_CreateObject();
	INVARIANT(context);
	add_execution(context, f->x);
	cJSON *machine = add_object(context, "StateMachine");
	add_text(machine, "Id", f->x->machine_arn);
	add_text(machine, "Name", f->x->machine->name);
	cJSON *state = add_object(context, "State");
	add_text(state, "Name", f->state->name);
	add_time(state, "EnteredTime", f->entered_ms);
	/* Recorded: only states that can be tried again have a count. */
	enum state_type type = f->state->type;
	if (type == STATE_TASK || type == STATE_MAP || type == STATE_PARALLEL)
		json_set_int(state, "RetryCount", frame_retry_count(f));
	const struct frame *iteration = iteration_of(f);
	if (iteration) {
		cJSON *item = add_object(add_object(context, "Map"), "Item");
		json_set_int(item, "Index", iteration->index);
		add_shared(item, "Value", doc_tree(iteration->item));
	}
	if (token)
		add_text(add_object(context, "Task"), "Token", token);
	return context;
}

void data_env_open(struct data_env *d, const struct frame *f, struct doc *input, const char *token)
{
	struct engine *e = f->x->e;
	d->context = f->state->uses_context ? data_context(f, token) : NULL;
	d->env = (struct template_env){
		.scope = { .input = doc_tree(input), .context = d->context },
		.random = e->world.random,
		.arg = e->world.arg,
	};
}

void data_env_close(struct data_env *d)
{
	cJSON_Delete(d->context);
}

int data_path(const struct frame *f, struct doc *input, const char *path, cJSON **out,
	      struct err *err)
{
	struct data_env d;
	data_env_open(&d, f, input, NULL);
	int rc = path_get(out, path, &d.env.scope, err);
	data_env_close(&d);
	return rc;
}

int data_positive(const struct frame *f, struct doc *input, const cJSON *def, const char *name,
		  int64_t *out, struct err *err)
{
	char field[40];
	(void)snprintf(field, sizeof(field), "%sPath", name);
	const char *path = json_get_str(def, field);
	*out = json_get_int(def, name, 0);
	if (!path)
		return 0;
	cJSON *v;
	int rc = data_path(f, input, path, &v, err);
	if (rc)
		return rc;
	if (!json_int(v, out) || *out <= 0)
		rc = fault(err, "States.Runtime",
			   "The %s parameter does not reference a positive integer: %s", field,
			   path);
	cJSON_Delete(v);
	return rc;
}

int data_path_field(const struct frame *f, const struct path_field *p, struct doc *in,
		    struct doc **out, struct err *err)
{
	if (p->null) {
		*out = doc_of_text(BYTES_LIT("{}"));
		return 0;
	}
	if (!p->text || strcmp(p->text, "$") == 0) {
		*out = doc_ref(in);
		return 0;
	}
	cJSON *tree;
	int rc = data_path(f, in, p->text, &tree, err);
	if (rc == 0)
		*out = doc_of_tree(tree);
	return rc;
}

int data_input(const struct frame *f, struct doc **out, struct err *err)
{
	return data_path_field(f, &f->state->input_path, f->input, out, err);
}

/* What a template gave; tree is taken over. */
static int take_result(cJSON *tree, struct doc **out, struct err *err)
{
	*out = doc_of_tree(tree);
	if (!doc_too_deep(*out))
		return 0;
	doc_unref(*out);
	*out = NULL;
	return fault(err, "States.DataLimitExceeded",
		     "The data is nested more than %d levels deep.", JSON_DEPTH_MAX);
}

int data_template(const struct frame *f, const cJSON *template, struct doc *input,
		  const char *token, struct doc **out, struct err *err)
{
	struct data_env d;
	cJSON *tree;
	if (!template) {
		*out = doc_ref(input);
		return 0;
	}
	data_env_open(&d, f, input, token);
	int rc = template_eval(&tree, template, &d.env, err);
	data_env_close(&d);
	return rc ? rc : take_result(tree, out, err);
}

void data_items_open(struct data_items *d, const struct frame *f, struct doc *input,
		     const cJSON *template, const char *source)
{
	*d = (struct data_items){ .template = template };
	if (!template)
		return;
	d->context = data_context(f, NULL);
	cJSON_DeleteItemFromObjectCaseSensitive(d->context, "Map");
	d->item = add_object(add_object(d->context, "Map"), "Item");
	if (source)
		add_text(d->item, "Source", source);
	d->env = (struct template_env){
		.scope = { .input = doc_tree(input), .context = d->context },
		.random = f->x->e->world.random,
		.arg = f->x->e->world.arg,
	};
}

cJSON *data_pair(const char *key, cJSON *value)
{
	cJSON *pair = cJSON_CreateObject();
	add_text(pair, "Key", key);
	INVARIANT(cJSON_AddItemToObject(pair, "Value", value));
	return pair;
}

int data_items_eval(struct data_items *d, int64_t index, const cJSON *value, struct doc **out,
		    struct err *err)
{
	cJSON *tree;
	if (!d->template) {
		tree = cJSON_Duplicate(value, true);
		*out = doc_of_tree(d->pairs ? data_pair(value->string, tree) : tree);
		return 0;
	}
	json_set_int(d->item, "Index", index);
	if (d->pairs) {
		cJSON_DeleteItemFromObjectCaseSensitive(d->item, "Key");
		add_text(d->item, "Key", value->string);
	}
	cJSON_DeleteItemFromObjectCaseSensitive(d->item, "Value");
	add_shared(d->item, "Value", value);
	int rc = template_eval(&tree, d->template, &d->env, err);
	return rc ? rc : take_result(tree, out, err);
}

void data_items_close(struct data_items *d)
{
	cJSON_Delete(d->context);
}

int data_place(struct doc *input, const struct path_field *path, struct doc *value,
	       struct doc **out, struct err *err)
{
	if (path->null) {
		*out = doc_ref(input);
		return 0;
	}
	if (!path->text || strcmp(path->text, "$") == 0) {
		*out = doc_ref(value);
		return 0;
	}
	cJSON *tree = cJSON_Duplicate(doc_tree(input), true);
	cJSON *copy = cJSON_Duplicate(doc_tree(value), true);
	INVARIANT(tree && copy);
	int rc = path_put(&tree, path->text, copy, err);
	if (rc)
		cJSON_Delete(tree);
	else
		*out = doc_of_tree(tree);
	return rc;
}

int data_output(const struct frame *f, struct doc *result, struct doc **out, struct err *err)
{
	struct doc *selected, *placed;
	int rc = data_template(f, f->state->selector, result, NULL, &selected, err);
	if (rc)
		return rc;
	rc = data_place(f->input, &f->state->result_path, selected, &placed, err);
	doc_unref(selected);
	if (rc)
		return rc;
	rc = data_path_field(f, &f->state->output_path, placed, out, err);
	doc_unref(placed);
	return rc;
}
