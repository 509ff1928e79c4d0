/*
 * rules.h - what a run may do, judged at the gate before a call is recorded as intended.
 *
 * struct rules is the process's: the operator's switch (hold.h), the configuration's policy
 * (policy.h), the operator's own rule in Lua, and what was changed of late (changes.h).
 * Without one (NULL in runs_spec) only the limits of the run and its header apply. In this order:
 *
 *	hold       the switch is on                                            changing calls
 *	deny allow freeze   of the configuration, then of the runbook's header
 *	unsettled  another run's change of the same resource has no known end   changing calls
 *	calls      N calls of the operation a run, on one resource: max_calls of its row, or `[rules]
 *	           NAME = N`
 *	budget     of the plugin, the configuration and the header             changing calls
 *	judge      the operator's function says no, or fails                   changing calls
 *	approval   it must be approved by people first                         changing calls
 *
 * Budgets count intents, also those of earlier processes; `calls` and budgets `per run` count what
 * was admitted, also in a dry run, so that a rehearsal shows the refusal. What is allowed is counted
 * at once, before anything else can be judged.
 *
 * A refusal is the error object PolicyDenied with the member `rule` (a name of the list) and the
 * outcome "refused" with the same member. Its message says which setting refuses and what would allow.
 *
 * The operator's own rule: the file of `[policy] file` returns a table with the function
 *
 *	judge(call, last)   call: operation, args, resource, group, run{id, path, actor, reason, dryRun}
 *	                    last["sfn.describe_map_run"]: the last answer of each read in this run
 *
 * which returns nil or true (allowed), false or a text (denied), or { approval = { n = 2, of = {"ann",
 * "bob"}, within = seconds, subject = "..." } }. It computes only. Raising, overrunning its budget or
 * returning anything else denies.
 */
#ifndef SCRIPT_RULES_H
#define SCRIPT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

#define POLICY_DENIED "PolicyDenied"

struct call;
struct committer;
struct changes_intent;
struct policy;
struct registry;
struct rules;
struct run;
struct run_rule;

struct rules_spec {
	const char *state_dir;         /* where the hold is; copied */
	const struct policy *policy;   /* of the configuration; NULL: none; borrowed */
	const char *policy_file;       /* with judge; NULL: none; copied */
	const struct run_rule *limits; /* [rules] of the configuration; borrowed. Of these and the
					  * ones that a run began with the stricter holds */
	size_t n_limits;
	const char *lua_dir;             /* for its require; NULL: none; copied */
	const struct registry *registry; /* a pattern must match an operation of it; borrowed */
};

/* @param[out] out owned by the caller; rules_free
 * @return 0; -ERR_INVALID: policy_file cannot be loaded, or a pattern matches no operation */
NODISCARD int rules_new(struct rules **out, const struct rules_spec *spec, struct err *err);
void rules_free(struct rules *r); /* NULL is fine */

/*
 * What the configuration says, made ready to take the place of what it said before: from rules_take on
 * every call is judged by it, also those of runs that go on. What was counted, is unsettled or held as
 * a key stays.
 *
 * @param spec  state_dir and registry are those of the rules
 * @param[out] out owned by the caller: rules_take, or rulebook_free
 * @return as rules_new
 */
struct rulebook;
NODISCARD int rulebook_new(struct rulebook **out, const struct rules_spec *spec, struct err *err);
void rulebook_free(struct rulebook *b); /* NULL is fine */
/* b is the rules' now; the one before is freed. Not from within a call's judgement. */
void rules_take(struct rules *r, struct rulebook *b);

/* Who is told when the switch is seen to change; borrowed. Before the first call is judged. */
void rules_record_to(struct rules *r, struct committer *committer);

/* ---- the past: what the store knows at the start. -ERR_NOMEM ---- */

/* Intents of the last CHANGES_MS, oldest first. */
NODISCARD int rules_remember(struct rules *r, const struct changes_intent *intent, struct err *err);
/* Those of any age whose end nobody knows; besides. */
NODISCARD int rules_remember_unsettled(struct rules *r, const struct changes_intent *intent,
				       struct err *err);
/* A person, or a look at the service, has settled what the run left open; path NULL: all of it. */
void rules_settled(struct rules *r, const char *run, const char *path);

/* ---- runs ---- */

/*
 * The header of a runbook, its patterns known to the registry.
 *
 * @param[out] out owned by the caller (policy_free); NULL when there is none
 * @return 0; -ERR_INVALID: "FILE:LINE: ..."
 */
NODISCARD int rules_read_header(struct policy **out, const struct registry *reg, const char *source,
				const char *file, struct err *err);

/*
 * Read the header of the run's source and take its key.
 *
 * @param r  may be NULL: no key is looked at
 * @return 0; -ERR_INVALID when the header is malformed: FILE:LINE; -ERR_LIMIT with the name
 *         POLICY_DENIED when another run holds its key
 */
NODISCARD int rules_run_begin(struct rules *r, struct run *run, const char *source,
			      struct bytes input, struct err *err);
/* A run that another process began, and that is not in memory yet, goes on holding its key. */
NODISCARD int rules_keep_key(struct rules *r, const char *run, const char *key, struct err *err);
/* The key that the run of that id holds, or NULL. r may be NULL. */
const char *rules_key_of(const struct rules *r, const char *run);

/* Give its key back. Not for a run that only leaves the memory. r may be NULL. */
void rules_run_end(struct rules *r, const struct run *run);

/* ---- calls ---- */

enum ruling_kind { RULING_ALLOW, RULING_DENY, RULING_APPROVAL };

struct ruling {
	enum ruling_kind kind;
	char rule[32];      /* "hold", "calls", ...: what denies, or wants approval */
	char message[2048]; /* denied: why. To be approved: why, too */
	char subject[256];  /* to be approved: what, in one line */
	int needed;         /* ... by so many people */
	char people[1024];  /* ... of these, parted by blanks; "": of anybody */
	int64_t within_ms;  /* ... for so long */
};

/* When a call is judged: each asks only what may have changed since the one before it. */
enum rules_stage {
	RULES_CALL,     /* at the gate, before the intent: all rules; counts the call if allowed */
	RULES_APPROVED, /* the same again after it was approved */
	RULES_RESEND,   /* an intent of before is to be sent again: hold, deny, allow, freeze */
	RULES_ATTEMPT,  /* the plugin is about to send an attempt of the call: likewise */
};

void rules_judge(struct ruling *out, struct call *c, enum rules_stage stage);

/* A call that was allowed before is replayed from the journal: it counts for its run. */
void rules_replayed(struct call *c);

/* May people of the list ("" is everybody) include the voter? */
bool rules_may_vote(const char *people, const char *voter);
int rules_count_people(const char *people);

/* Note down the refusal in the call, for its record and its error object. False: no memory. */
bool rules_note_denied(struct call *c, const char *rule);

/* A call that was allowed has ended, or never came to its intent: what is known of it. */
void rules_call_ended(const struct call *c);

/* The script gets the call's answer. */
void rules_answered(const struct call *c);

#endif
