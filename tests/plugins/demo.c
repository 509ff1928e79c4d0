/* demo.c - a plugin for the tests: demo.echo answers with its own arguments, a turn later; demo.hang
 * never gives the loop back. */
#include <stdlib.h>
#include <unistd.h>

#include "plugin_api.h"

struct echo {
	const struct host_api *api;
	struct host_call *call;
	struct timer *timer;
};

static const struct member echo_members[] = {
	{ .name = "text", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED, .min = 1, .max = 20 },
	{ .name = "secret", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ .name = NULL },
};

static void echo_done(void *arg)
{
	struct echo *e = (struct echo *)arg;
	e->api->call_done(e->api->host, e->call,
			  &(struct call_result){ .answer = e->call->args, .attempts = 1 });
	free(e);
}

static void echo_start(void *state, struct host_call *call)
{
	struct echo *e = (struct echo *)malloc(sizeof(*e));
	if (!e)
		abort();
	e->api = (const struct host_api *)state;
	e->call = call;
	e->timer = e->api->timer_start(e->api->host, 0, echo_done, e);
	call->plugin = e;
}

static void echo_stop(void *state, struct host_call *call)
{
	struct echo *e = (struct echo *)call->plugin;
	(void)state;
	e->api->timer_stop(e->api->host, e->timer);
	free(e);
}

static const struct operation echo = {
	.name = "echo",
	.wire_name = "Echo",
	.flags = OP_CHANGES,
	.members = echo_members,
	.iam_action = "demo:Echo",
	.doc = "answers with its arguments",
	.max_calls = 2,
	.start = echo_start,
	.stop = echo_stop,
	.size = sizeof(echo),
};

static void hang_start(void *state, struct host_call *call)
{
	(void)state, (void)call;
	for (;;)
		(void)pause();
}

static void hang_stop(void *state, struct host_call *call)
{
	(void)state, (void)call;
}

static const struct operation hang = {
	.size = sizeof(struct operation),
	.name = "hang",
	.wire_name = "Hang",
	.flags = OP_READS,
	.doc = "holds the loop for ever",
	.start = hang_start,
	.stop = hang_stop,
};

static int demo_open(const struct host_api *api, struct bytes config, void **state, struct err *err)
{
	(void)config;
	*state = (void *)(uintptr_t)api;
	int rc = api->register_operation(api->host, "demo", &echo, *state, err);
	return rc < 0 ? rc : api->register_operation(api->host, "demo", &hang, *state, err);
}

static void demo_close(void *state)
{
	(void)state;
}

__attribute__((visibility("default"))) extern const struct plugin runbook_plugin;
const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "demo",
	.version = "1",
	.open = demo_open,
	.close = demo_close,
};
