/* A plugin with one operation, for test_plugins.c. */
#include "plugin_api.h"

static void never(void *state, struct host_call *call)
{
	(void)state, (void)call;
}

static const struct operation look = {
	.name = "look", .flags = OP_READS, .start = never, .stop = never, .size = sizeof(look)
};

static int open_probe(const struct host_api *api, struct bytes config, void **state,
		      struct err *err)
{
	(void)config;
	*state = NULL;
	return api->register_operation(api->host, "probe", &look, NULL, err);
}

static void close_probe(void *state)
{
	(void)state;
}

extern const struct plugin runbook_plugin;
__attribute__((visibility("default"))) const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "probe_good",
	.version = "7",
	.open = open_probe,
	.close = close_probe,
};
