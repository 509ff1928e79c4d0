/*
 * policy.h - may a role do this? What its identity-based policies say.
 *
 * Pure. A statement speaks about a request when its Action (or NotAction), its Resource (or
 * NotResource) and its Condition do; an explicit Deny wins over every Allow, and without an Allow
 * the answer is no. Actions are compared without regard to case, resources with; `*` and `?` are
 * wildcards in both, and a `*` goes beyond colons.
 *
 * Whether a Condition holds, or what a policy variable (`${...}` in a resource) stands for, is not
 * known here: such a statement gives nothing when it allows, and takes all it speaks of when it
 * denies. Source: the IAM reference of policy elements and evaluation logic.
 */
#ifndef LOCAL_POLICY_H
#define LOCAL_POLICY_H

#include "base/json.h"

enum policy_verdict {
	POLICY_ALLOWED,
	POLICY_NOT_ALLOWED, /* by any statement */
	POLICY_DENIED,      /* by one */
};

/*
 * @param policies  array of policy documents; what is none of IAM's says nothing
 * @param action    "states:StartExecution"
 * @param resource  ARN
 */
enum policy_verdict policy_judge(const cJSON *policies, const char *action, const char *resource);

#endif
