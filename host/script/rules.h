/*
 * rules.h - what a run may do, judged at the gate before a call is recorded as intended.
 *
 * struct rules is the process's: the operator's switch (hold.h). Without one (NULL in runs_spec) only
 * the limit below applies.
 *
 * How often a run may call an operation: a row with max_calls = N may be called N times in one
 * run, which is the strictest reading of "one resource at most N times"; `[rules] NAME = N` in the
 * configuration replaces it. Every call that was not refused or malformed counts, also a failed
 * one, and also in a dry run, so that a rehearsal shows the refusal.
 *
 * A refusal is the error object PolicyDenied with the member `rule` (the name of the rule) and the
 * outcome "refused" with the same member. Its message says which setting refuses and what would allow.
 */
#ifndef SCRIPT_RULES_H
#define SCRIPT_RULES_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

#define POLICY_DENIED "PolicyDenied"

struct call;
struct committer;
struct rules;

struct rules_spec {
	const char *state_dir;       /* where the hold is; copied */
	struct committer *committer; /* is told when the switch was seen to change; borrowed */
};

/* @param[out] out owned by the caller; rules_free */
NODISCARD int rules_new(struct rules **out, const struct rules_spec *spec, struct err *err);
void rules_free(struct rules *r); /* NULL is fine */

enum ruling_kind { RULING_ALLOW, RULING_DENY };

struct ruling {
	enum ruling_kind kind;
	char rule[32]; /* "hold", "calls", ...: what denies */
	char message[1024];
};

/* When a call is judged: each asks only what may have changed since the one before it. */
enum rules_stage {
	RULES_CALL, /* at the gate, before the intent: all rules; counts the call if it may go on */
	RULES_RESEND,  /* an intent of before is to be sent again, or by a new intent */
	RULES_ATTEMPT, /* the plugin is about to send an attempt of the call */
};

void rules_judge(struct ruling *out, struct call *c, enum rules_stage stage);

/* Note down the refusal in the call, for its record and its error object. False: no memory. */
bool rules_note_denied(struct call *c, const char *rule);

#endif
