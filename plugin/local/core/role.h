/*
 * role.h - what a Map Run does with the role of its state machine, and may be denied.
 *
 * A Map Run starts its children with states:StartExecution on the state machine and redrives them with
 * states:RedriveExecution on each. Whether its role may is read from IAM before every start of the
 * run (engine_world.role_start) and judged by policy.h; faults under test deny it too
 * (engine_world.denied). Other things that Step Functions does with a role are not looked at.
 */
#ifndef LOCAL_ROLE_H
#define LOCAL_ROLE_H

#include "local/core/policy.h"

struct execution;
struct map_run;

/* Ask what the run's role may do; map_run_role_done gets the answer. false: nobody is to be asked, it
 * may do everything. The operation is the run's one at a time (objects.h: object_forget ends it). */
bool role_ask(struct map_run *run);

/* Keep what was answered until role_forget: the policies for redrives, what they say of starts for as
 * long as the run lasts. -ERR_INVALID: it is no array of policies. */
NODISCARD int role_take(struct map_run *run, struct bytes policies, struct err *err);
void role_forget(struct map_run *run);

/* Is a fault of this operation ordered? Uses one up. */
bool role_faulted(const struct map_run *run, const char *op);
enum policy_verdict role_may_start(const struct map_run *run);
/* Express children are not redriven but started once more (documented). */
enum policy_verdict role_may_redrive(const struct map_run *run, const struct execution *child);

/* The cause of the failure when the role may not call op on the resource, in the service's words;
 * free() it. */
char *role_refusal(const struct map_run *run, const char *op, const char *resource,
		   enum policy_verdict verdict);

#endif
