/* script_world_ops.c - the two operations of a script_world, which do nothing by themselves. */
#include "script_world.h"

#include <string.h>

void world_forget_call(struct world *w, const struct host_call *call)
{
	size_t i = 0;
	while (i < w->n_calls && w->calls[i] != call)
		i++;
	if (i < w->n_calls) /* those of a test's own operations are not in the list */
		w->calls[i] = w->calls[--w->n_calls];
}

struct host_call *world_call_with(const struct world *w, const char *text)
{
	for (size_t i = 0; i < w->n_calls; i++)
		if (strstr(w->calls[i]->args.p, text))
			return w->calls[i];
	return NULL;
}

static void op_start(void *state, struct host_call *call)
{
	struct world *w = state;
	w->starts++;
	w->call = call;
	INVARIANT(w->n_calls < WORLD_CALLS_MAX);
	w->calls[w->n_calls++] = call;
}

static void op_stop(void *state, struct host_call *call)
{
	struct world *w = state;
	world_forget_call(w, call);
	w->stops++;
	w->call = NULL;
}

static bool op_in_doubt(void *state, const struct host_call *call)
{
	const struct world *w = state;
	(void)call;
	return !w->no_doubt;
}

static void op_context(void *state, struct bytes args, struct buf *out)
{
	(void)state, (void)args;
	buf_adds(out, "{\"account\":\"111122223333\",\"run\":\"not ours\"}");
}

static const char *const colours[] = { "red", "green", NULL };
static const struct member text_element[] = { { .type = MEMBER_STRING } };
static const struct member inner_members[] = {
	{ .name = "depth", .type = MEMBER_INTEGER, .flags = MEMBER_REQUIRED },
	{ .name = "password", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ 0 },
};
static const struct member read_members[] = {
	{ .name = "name", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED, .min = 1, .max = 8 },
	{ .name = "count", .type = MEMBER_INTEGER, .min = 1, .max = 100 },
	{ .name = "code", .type = MEMBER_STRING, .pattern = "[a-z]+" },
	{ .name = "colour", .type = MEMBER_STRING, .choices = colours },
	{ .name = "when", .type = MEMBER_TIMESTAMP },
	{ .name = "tags", .type = MEMBER_LIST, .members = text_element, .max = 2 },
	{ .name = "labels", .type = MEMBER_MAP, .members = text_element },
	{ .name = "inner", .type = MEMBER_OBJECT, .members = inner_members },
	{ .name = "flag", .type = MEMBER_BOOLEAN },
	{ .name = "any", .type = MEMBER_ANY },
	{ .name = "secret", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ 0 },
};
static const struct member counts_members[] = {
	{ .name = "failed", .type = MEMBER_INTEGER },
	{ 0 },
};
static const struct member read_answer[] = {
	{ .name = "status", .type = MEMBER_STRING, .flags = MEMBER_RECORDED },
	{ .name = "total", .type = MEMBER_INTEGER, .flags = MEMBER_RECORDED },
	{ .name = "percentage", .type = MEMBER_NUMBER },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ .name = "counts", .type = MEMBER_OBJECT, .members = counts_members },
	{ 0 },
};
static const struct member change_members[] = {
	{ .name = "target", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED },
	{ .name = "clientToken",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_TOKEN,
	  .min = 1,
	  .max = 300 },
	{ .name = "secret", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ 0 },
};

static const struct operation op_read = {
	.name = "read_thing",
	.wire_name = "ReadThing",
	.flags = OP_READS,
	.members = read_members,
	.size = sizeof(op_read),
	.answer = read_answer,
	.resource = "name",
	.doc = "reads",
	.start = op_start,
	.stop = op_stop,
	.context = op_context,
};
static const struct operation op_change = {
	.name = "change_thing",
	.wire_name = "ChangeThing",
	.size = sizeof(op_change),
	.flags = OP_CHANGES,
	.max_calls = 1,
	.members = change_members,
	.resource = "target",
	.doc = "changes",
	.in_doubt = op_in_doubt,
	.answer_date = "changedAt",
	.tell = "show --in {account} --target {target} {nothing}",
	.start = op_start,
	.stop = op_stop,
	.context = op_context,
};

static const struct plugin demo = { .abi = RUNBOOK_PLUGIN_ABI, .name = "demo", .version = "1.2.3" };

void world_register(struct world *w)
{
	struct err err;
	registry_set_plugin(w->registry, &demo);
	INVARIANT(registry_add_operation(w->registry, "demo", &op_read, w, &err) == 0);
	INVARIANT(registry_add_operation(w->registry, "demo", &op_change, w, &err) == 0);
}
