#include "cli/shown_args.h"

#include "cli/host.h"
#include "script/record.h"
#include "script/registry.h"

void shown_args(void *host, const char *operation, cJSON **args)
{
	const struct host *h = host;
	const struct registered_op *op = registry_find_full(h->registry, operation);
	cJSON *shown = op ? record_redacted(*args, op->op->members, h->committer) : NULL;
	cJSON_Delete(*args);
	*args = shown;
}
