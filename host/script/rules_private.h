/* rules_private.h - what the rules are made of; for rules*.c only. */
#ifndef SCRIPT_RULES_PRIVATE_H
#define SCRIPT_RULES_PRIVATE_H

#include "plugin_api.h"
#include "script/changes.h"
#include "script/policy.h"
#include "script/rules.h"

struct rules_key { /* held by a run */
	struct rules_key *next;
	char *key, *run;
};

struct rulebook {                      /* of the configuration */
	const struct policy *policy;   /* NULL: none */
	struct lua_functions *judge;   /* NULL: none */
	const struct run_rule *limits; /* calls of one run */
	size_t n_limits;
};

struct rules {
	char *state_dir;
	struct committer *committer;
	bool held; /* as last seen */
	const struct registry *registry;
	struct rulebook *book;
	struct changes *changes;
	struct rules_key *keys;
};

/* A call before the rules. */
struct hearing {
	struct rules *r; /* NULL: only what the run brings with it */
	struct call *c;
	enum rules_stage stage;
	const char *resource; /* "": none */
	struct policy_call call;
	struct ruling *out;
};

/* Always false, so that: return ruling_deny(...) ends the hearing. */
bool ruling_deny(struct ruling *out, const char *rule, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Approval is needed, too: of the stricter of both. False when nobody could give it. */
bool ruling_want(struct ruling *out, const struct ruling *wanted);

/* Each: may the call go on? */
bool rules_hear_hold(struct hearing *h);    /* rules.c */
bool rules_hear_budgets(struct hearing *h); /* rules_budget.c */
bool rules_hear_lua(struct hearing *h);     /* rules_lua.c */

/* rules_budget.c: what it acts on and what that belongs to, in the call's own group. False: memory. */
bool rules_name_group(struct hearing *h);
/* Count the call. False: it cannot be counted. */
bool rules_count(struct hearing *h);
/* Only for its run. */
bool rules_count_run(struct hearing *h);

#endif
