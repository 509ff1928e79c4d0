/* state_simple.c - the states that end at once: Pass, Choice, Succeed, Fail. */
#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/state.h"
#include "local/language/choice.h"

static void (*const runners[STATE_TYPES])(struct frame *f) = {
	[STATE_TASK] = state_task_run,         [STATE_PASS] = state_pass_run,
	[STATE_CHOICE] = state_choice_run,     [STATE_WAIT] = state_wait_run,
	[STATE_SUCCEED] = state_succeed_run,   [STATE_FAIL] = state_fail_run,
	[STATE_PARALLEL] = state_parallel_run, [STATE_MAP] = state_map_run,
};

void state_run(struct frame *f)
{
	runners[f->state->type](f);
}

void state_finish_after(struct frame *f, struct doc *result, int64_t prev)
{
	struct err why = { 0 };
	struct doc *output;
	if (data_output(f, result, &output, &why) != 0)
		frame_fault(f, &why);
	else
		frame_exit_to(f, output, f->state->next, prev);
}

void state_finish(struct frame *f, struct doc *result)
{
	state_finish_after(f, result, f->last_id);
}

bool state_input(struct frame *f, struct doc **input)
{
	struct err why = { 0 };
	if (data_input(f, input, &why) == 0)
		return true;
	frame_fault(f, &why);
	return false;
}

void state_pass_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input, *result;
	const cJSON *fixed = json_get(f->state->def, "Result");
	if (!state_input(f, &input))
		return;
	int rc = data_template(f, f->state->parameters, input, NULL, &result, &why);
	doc_unref(input);
	if (rc) {
		frame_fault(f, &why);
		return;
	}
	if (fixed) {
		doc_unref(result);
		result = doc_of_tree(cJSON_Duplicate(fixed, true));
	}
	state_finish(f, result);
	doc_unref(result);
}

/* The output of a state without a result: OutputPath over its effective input. */
void state_exit_with_input(struct frame *f, struct doc *input, const struct state *next)
{
	struct err why = { 0 };
	struct doc *output;
	if (data_path_field(f, &f->state->output_path, input, &output, &why) != 0)
		frame_fault(f, &why);
	else
		frame_exit_to(f, output, next, f->last_id);
}

void state_succeed_run(struct frame *f)
{
	struct doc *input;
	if (!state_input(f, &input))
		return;
	state_exit_with_input(f, input, NULL);
	doc_unref(input);
}

void state_choice_run(struct frame *f)
{
	struct err why = { 0 };
	struct data_env d;
	struct doc *input;
	const cJSON *rule = NULL;
	if (!state_input(f, &input))
		return;
	data_env_open(&d, f, input, NULL);
	int rc = choice_pick(&rule, json_get(f->state->def, "Choices"), &d.env.scope, &why);
	data_env_close(&d);
	const char *next =
	    rule ? json_get_str(rule, "Next") : json_get_str(f->state->def, "Default");
	if (rc == 0 && !next)
		rc = fault(&why, "States.Runtime",
			   "Failed to transition out of the state. The state does not point to a "
			   "next state.");
	if (rc)
		frame_fault(f, &why);
	else
		state_exit_with_input(f, input, flow_state(f->flow, next));
	doc_unref(input);
}

/* Error and Cause: given, or the string that ErrorPath or CausePath makes. NULL: neither. */
static int fail_text(struct frame *f, struct doc *input, const char *given, const char *path,
		     char **out, struct err *err)
{
	const cJSON *def = f->state->def;
	const char *expr = json_get_str(def, path);
	struct data_env d;
	cJSON *v;
	*out = mem_str(json_get_str(def, given));
	if (!expr)
		return 0;
	data_env_open(&d, f, input, NULL);
	int rc = template_expr(&v, path, expr, &d.env, err);
	data_env_close(&d);
	if (rc)
		return rc;
	if (cJSON_IsString(v))
		*out = mem_str(v->valuestring);
	else
		rc = fault(err, "States.Runtime", "The %s field must refer to a string: %s", path,
			   expr);
	cJSON_Delete(v);
	return rc;
}

void state_fail_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input;
	char *error = NULL, *cause = NULL;
	if (!state_input(f, &input))
		return;
	int rc = fail_text(f, input, "Error", "ErrorPath", &error, &why);
	if (rc == 0)
		rc = fail_text(f, input, "Cause", "CausePath", &cause, &why);
	doc_unref(input);
	if (rc)
		frame_fault(f, &why);
	else
		frame_fail_hard(f, error, cause);
	free(error);
	free(cause);
}
