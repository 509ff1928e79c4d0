#include "local/core/role.h"

#include <stdlib.h>
#include <string.h>

#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/objects.h"

bool role_ask(struct map_run *run)
{
	struct engine *e = run->e;
	if (!e->world.role_start)
		return false;
	e->world.role_start(e->world.arg, object_begin(run), run->parent->definition->role);
	return true;
}

void engine_role_done(struct engine *e, int64_t now_ms, uint64_t id, const struct engine_role *r)
{
	struct map_run *run = object_end(e, now_ms, id);
	if (run)
		map_run_role_done(run, r);
}

int role_take(struct map_run *run, struct bytes policies, struct err *err)
{
	cJSON *list = json_parse(policies, err);
	role_forget(run);
	run->policies = list;
	if (!list)
		return -ERR_INVALID;
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_INVALID, "expected a list of policies");
	run->may_start = policy_judge(list, "states:StartExecution", run->parent->machine->arn);
	return 0;
}

void role_forget(struct map_run *run)
{
	cJSON_Delete(run->policies);
	run->policies = NULL;
}

bool role_faulted(const struct map_run *run, const char *op)
{
	const struct engine_world *w = &run->e->world;
	return w->denied && w->denied(w->arg, op);
}

enum policy_verdict role_may_start(const struct map_run *run)
{
	return role_faulted(run, "StartExecution") ? POLICY_NOT_ALLOWED : run->may_start;
}

enum policy_verdict role_may_redrive(const struct map_run *run, const struct execution *child)
{
	if (child->express)
		return run->may_start;
	if (!run->policies)
		return POLICY_ALLOWED;
	return policy_judge(run->policies, "states:RedriveExecution", child->arn);
}

/* Recorded word for word where nothing allows it, with the names of AWS's own role sessions left out;
 * the words for an explicit deny are IAM's documented ones. */
char *role_refusal(const struct map_run *run, const char *op, const char *resource,
		   enum policy_verdict verdict)
{
	struct engine *e = run->e;
	const char *role = run->parent->definition->role;
	const char *slash = strrchr(role, '/');
	char session[40], request[40];
	engine_uuid(e, session, 4);
	engine_uuid(e, request, 4);
	char *why =
	    verdict == POLICY_DENIED
		? mem_str("with an explicit deny in an identity-based policy")
		: mem_printf("because no identity-based policy allows the states:%s action", op);
	char *cause = mem_printf(
	    "Error contacting AWS Service. | Message from Service: User: "
	    "arn:aws:sts::%s:assumed-role/%s/%s is not authorized to perform: states:%s on "
	    "resource: %s %s (Service: Sfn, Status Code: 400, Request ID: %s) (SDK Attempt Count: "
	    "1)",
	    e->account, slash ? slash + 1 : role, session, op, resource, why, request);
	free(why);
	return cause;
}
