#include "local/core/role.h"

#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"

/* Recorded word for word, with the names of AWS's own role sessions left out. */
char *role_refusal(const struct map_run *run, const char *op, const char *resource)
{
	struct engine *e = run->e;
	const char *role = run->parent->definition->role;
	const char *slash = strrchr(role, '/');
	char session[40], request[40];
	if (!e->world.denied || !e->world.denied(e->world.arg, op))
		return NULL;
	engine_uuid(e, session, 4);
	engine_uuid(e, request, 4);
	return mem_printf(
	    "Error contacting AWS Service. | Message from Service: User: "
	    "arn:aws:sts::%s:assumed-role/%s/%s is not authorized to perform: states:%s on "
	    "resource: %s because no identity-based policy allows the states:%s action (Service: "
	    "Sfn, Status Code: 400, Request ID: %s) (SDK Attempt Count: 1)",
	    e->account, slash ? slash + 1 : role, session, op, resource, op, request);
}
