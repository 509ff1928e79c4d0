/*
 * policy.h - what the operator's settings say about calls: `[policy]` of the configuration, and the
 * header of a runbook, which is a policy of its own: a call needs the consent of both, so a header can
 * only narrow. Pure but for the reading of time zones.
 *
 *	allow    = sfn.describe_*, sfn.redrive_execution arn:aws:states:*:execution:Orders:*
 *	deny     = sfn.stop_execution, sfn.* arn:aws:states:*:Payments*
 *	freeze   = Fri 18:00 - Mon 06:00 Europe/Berlin, 2026-12-24 - 2026-12-26 Europe/Berlin
 *	budget   = sfn.redrive_execution 3 per resource in 24h, sfn.* 20 per run
 *	approval = sfn.redrive_execution 2 of ann bob cyd within 4h
 *	key      = orders {input.mapRunArn}
 *
 * Entries are parted by commas; a setting may be there several times as NAME.ANYTHING (freeze.weekend).
 * An entry of allow and deny is an operation, or an operation and what it acts on, with '*' and '?'
 * (base/glob.h). Where there is an allow, what no entry allows is denied, reads as well; deny goes
 * first. Freeze, budget and approval are of changing calls. A budget counts what its scope says:
 * `resource`, what the call acts on (an execution); `group`, what that belongs to (its state machine);
 * `run`, all such calls of one run. Windows are at most 24h. key names what only one run at a time may
 * hold, with {input.MEMBER} from the run's input.
 */
#ifndef SCRIPT_POLICY_H
#define SCRIPT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/json.h"
#include "script/freeze.h"

struct policy;

enum { POLICY_MEMBER_MAX = 127 }; /* bytes of a MEMBER */

enum policy_scope { POLICY_RUN, POLICY_RESOURCE, POLICY_GROUP };

struct policy_pattern {
	char *operation;
	char *resource; /* NULL: any */
	char *where;    /* "/etc/runbook.conf:12: deny.prod", for messages; of every rule */
};

struct policy_window {
	struct freeze *freeze;
	char *where;
};

struct policy_budget {
	char *operations; /* a pattern */
	enum policy_scope scope;
	int calls;
	int64_t window_ms; /* of POLICY_RUN: 0 */
	char *where;
};

struct policy_approval {
	struct policy_pattern of;
	int needed;
	char *people; /* names parted by blanks; "": anybody but who asks */
	int64_t within_ms;
};

struct policy {
	const char *prefix; /* "[policy] ", "--- policy: ": what stands before a setting */
	char *file;
	struct policy_pattern *allow, *deny;
	size_t n_allow, n_deny;
	struct policy_window *freeze;
	size_t n_freeze;
	struct policy_budget *budgets;
	size_t n_budgets;
	struct policy_approval *approvals;
	size_t n_approvals;
	char *key; /* NULL: none */
};

/*
 * An empty policy: it denies nothing.
 *
 * @param prefix  what stands before a setting in messages; borrowed for good
 * @param file    copied
 */
NODISCARD int policy_new(struct policy **out, const char *prefix, const char *file,
			 struct err *err);
void policy_free(struct policy *p); /* NULL is fine */

/* Add a setting. -ERR_INVALID "FILE:LINE: NAME = ...: expected ..." */
NODISCARD int policy_set(struct policy *p, const char *name, const char *value, int line,
			 struct err *err);

/* policy_read.c: the same from the header of a runbook: the lines "--- policy: NAME = VALUE" among the
 * comments before its first line of code. *out is NULL when there is none. -ERR_INVALID with file and
 * line also for a header line that stands elsewhere. */
NODISCARD int policy_read_header(struct policy **out, const char *source, const char *file,
				 struct err *err);

/* What is judged. */
struct policy_call {
	const char *operation;
	const char *resource; /* "": none */
	bool changes;
	int64_t now_ms;
};

/* Do allow, deny or freeze forbid it? Then *rule is the rule's name and why says which and what would
 * allow it. */
bool policy_forbids(const struct policy *p, const struct policy_call *c, const char **rule,
		    struct buf *why);

/* The first that applies, or NULL. */
const struct policy_approval *policy_approval(const struct policy *p, const struct policy_call *c);

/* Does a budget of that scope apply to the operation? It takes the place of the plugin's default. */
bool policy_has_budget(const struct policy *p, const char *operation, enum policy_scope scope);

/* Append the run's key, filled in; nothing without one. -ERR_INVALID when a member is missing. */
NODISCARD int policy_write_key(const struct policy *p, const cJSON *input, struct buf *out,
			       struct err *err);

const char *policy_scope_name(enum policy_scope s);

#endif
