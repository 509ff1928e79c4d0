/* run_private.h - what a run is made of; for run.c, gate.c, call.c, record.c and globals.c only. */
#ifndef SCRIPT_RUN_PRIVATE_H
#define SCRIPT_RUN_PRIVATE_H

#include "base/crypto.h"
#include "base/json.h"
#include "base/sm.h"
#include "script/registry.h"
#include "script/run.h"
#include "script/state.h"
#include "script/tally.h"

struct call;

/* A suspended run is two numbers, not a pointer: they can outlive it, and are refused when the run
 * has ended or has moved on. */
struct run_ticket {
	uint64_t number;
	uint64_t generation;
};

struct runs {
	struct loop *loop;
	struct committer *committer;
	const struct registry *registry;
	struct rules *rules; /* NULL: none but those of the rows */
	char *lua_dir;
	struct watch *watch;
	struct culprit *culprit; /* NULL: none */
	struct run *first;
	uint64_t last_number;
};

/* The texts that run_spec gave, copied. */
struct run_facts {
	char id[RUN_ID_SIZE];
	int attempt;
	char *path, *folder;
	char *actor;  /* JSON object */
	char *reason; /* NULL: none */
	char *config; /* NULL: none */
	char sha256[SHA256_HEX + 1];
};

/* A run_rule, copied. */
struct run_limit {
	char *operation;
	int max_calls;
};

struct unknown_list {
	struct run_unknown *v;
	char *(*owned)[5]; /* the strings of each */
	size_t n;
};

struct run {
	struct run *next;
	struct runs *runs;
	uint64_t number;
	uint64_t generation; /* bumped at every resume: older tickets are stale */
	struct sm sm;
	struct run_facts facts;
	bool dry_run;
	int64_t call_timeout_ms;
	size_t result_max;
	struct run_limit *rules;
	size_t n_rules;
	struct tally tally; /* what the rules know of it */

	char *source; /* until it is loaded */
	size_t n_source;
	cJSON *input; /* likewise */
	struct state_spec limits;
	struct state *state; /* NULL before it begins */
	unsigned steps;
	struct call *call;  /* under way, or ended and not yet delivered */
	struct timer *wake; /* begin, next slice, or the end of a sleep */
	struct timer *timeout;
	struct timer *grace; /* how long an answer is still waited for */

	enum run_outcome ending; /* while ENDING: what it will end as */
	char why[1024];
	struct unknown_list unknown;

	void (*on_log)(void *arg, const char *id, enum log_level level, const char *text);
	void (*on_progress)(void *arg, const struct run_progress *p);
	void (*on_end)(void *arg, const struct run_end *end);
	void *arg;
};

struct run *run_of(lua_State *L);

/* What the run waits for has come. Returns false when the ticket is stale. May free the run. */
bool run_wake(struct runs *runs, struct run_ticket ticket);
struct run_ticket run_ticket(const struct run *r);

/* run_new.c: everything but the machine and the timers. @param[out] out in runs->first's list */
NODISCARD int run_new(struct run **out, struct runs *runs, const struct run_spec *spec,
		      struct err *err);
void run_free(struct run *r); /* nothing may be in flight or on a timer */

/* Keep what is unknown for the end. */
void run_add_unknown(struct run *r, const struct call *c);

/* globals.c: now, sleep, progress; adds to the globals. Inside a protected call. */
void run_globals(lua_State *L);

/* gate.c: push the table of functions of a namespace. */
bool gate_push_namespace(lua_State *L, struct run *r, const char *ns);

#endif
