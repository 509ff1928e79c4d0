/*
 * run_private.h - what a run is made of; for the files run*.c, branch.c, gate.c, call.c, steps.c,
 * rows.c, record.c and those of the globals only.
 *
 * A run has branches: the script's root thread, and those of parallel{}. Each waits for at most one
 * thing. What has come is queued in the order in which it came, over all branches, and delivered in
 * that order: nothing overtakes an end that still waits to be durable. So a replay that delivers the
 * recorded ends in the same order makes the same interleaving.
 */
#ifndef SCRIPT_RUN_PRIVATE_H
#define SCRIPT_RUN_PRIVATE_H

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/sm.h"
#include "script/journal.h"
#include "script/registry.h"
#include "script/run.h"
#include "script/run_index.h"
#include "script/state.h"
#include "script/tally.h"

struct approval;
struct call;
struct group;
struct rates;
struct run_record;
struct settle;
struct sleepers;

enum {
	STEP_PATH_SIZE = 128, /* "4.2.1": two numbers a level of parallel */
	BRANCH_DEPTH_MAX = 8,
	RUN_MESSAGE_SIZE = 2048,
	RUN_ANSWERS_MAX = 16 << 20, /* bytes of answers that a run may leave in its journal */
};

/* A suspended run is two numbers, not a pointer: they can outlive it, and are refused when the run
 * has ended or the branch has moved on. Every wait has a generation of its own. */
struct run_ticket {
	uint64_t number;
	uint64_t generation;
};

struct runs {
	struct loop *loop;
	struct committer *committer;
	const struct registry *registry;
	struct rates *rates;
	struct rules *rules; /* NULL: none but those of the rows */
	char *lua_dir;
	char *store_path; /* NULL: nothing is durable */
	char boot[BOOT_ID_SIZE];
	int64_t passive_ms, max_intent_age_ms;
	int (*secret)(void *arg, const char *name, struct buf *out, struct err *err);
	void *secret_arg;
	struct run_listener carried;
	char *approvers;                     /* NULL: anybody */
	const struct run_observer *observer; /* NULL: nobody */
	void (*on_asked)(void *arg, const struct run_question *q);
	void *on_asked_arg;
	struct watch *watch;
	struct culprit *culprit; /* NULL: none */
	struct run_index index;  /* of all that are alive, asleep or not */
	uint64_t last_number;
	size_t n_awake;
	struct sleepers *sleepers;
	const struct settle *settle; /* NULL: none; set by itself */
	bool suspending, suspended;
	size_t n_awaited; /* calls whose end is waited for, while suspending */
	struct timer *grace;
	struct runs_handle *handle;
	void (*on_suspended)(void *arg);
	void *suspended_arg;
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
	char *input;   /* JSON object */
	char *options; /* JSON object: see run_new.c */
	int64_t created_ms, started_ms, deadline_ms;
	int deaths;
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

/* ---- branches ---- */

enum wait_kind {
	WAIT_NONE,
	WAIT_RECORDED, /* for the turn of an end that is recorded */
	WAIT_TURN,     /* until the replay is over: then it asks again, for real */
	WAIT_CALL,
	WAIT_SLEEP,
	WAIT_APPROVAL,
	WAIT_BRANCHES, /* of its parallel{} */
	WAIT_STOPPED,  /* for nothing: a sibling failed */
};

struct waiting {
	enum wait_kind kind;
	uint64_t generation;
	struct journal_step *recorded;
	struct timer *timer;
	double seconds;   /* of a sleep */
	int64_t until_ms; /* wall clock, of a sleep or an approval; INT64_MAX: for ever */
	bool overdue;     /* a sleep that was over before it went on */
	bool came, ready; /* came: is in the queue of ends. ready: may be delivered */
	struct branch *next_end;
};

struct branch {
	struct run *run;
	struct branch *next; /* of all of the run, newest first */
	struct group *group; /* the parallel{} it belongs to; NULL: it is the root */
	unsigned number;     /* in it, from 1 */
	lua_State *thread;
	char prefix[STEP_PATH_SIZE]; /* of the paths of its steps: "" or "4.2." */
	int depth;
	unsigned steps;
	struct waiting wait;
	char path[STEP_PATH_SIZE]; /* of the step it is at */
	struct call *call;         /* under way, or ended and not yet delivered */
	struct approval *approval; /* likewise */
	cJSON *held;               /* a tree while Lua may raise; NULL */
	struct group *inner;       /* its own parallel{}, while that lasts */
	struct branch *next_runnable;
};

struct queue {
	struct branch *first, *last;
};

struct run {
	struct run_key key; /* first: see run_index.h */
	struct runs *runs;
	uint64_t generation; /* of the last wait */
	uint64_t moved;      /* counts what happens to it: has anything since? */
	struct sm sm;
	struct run_facts facts;
	bool dry_run;
	int64_t call_timeout_ms;
	size_t result_max;
	unsigned parallel_max;
	struct run_limit *rules;
	size_t n_rules;
	struct tally tally; /* what the rules know of it */

	char *source; /* until it is loaded */
	size_t n_source;
	struct state_spec limits;
	struct state *state; /* NULL before it begins */
	unsigned steps;      /* of all branches */
	struct branch *branches;
	struct branch *current; /* whose Lua is running, or ran last */
	struct branch *paused;  /* its slice is over; nobody else runs until it waits */
	struct queue runnable;  /* go on without an end */
	struct queue ends;      /* have come, in order */
	struct timer *wake;     /* begin, next slice or turn */
	struct timer *timeout;
	struct timer *grace; /* how long an answer is still waited for */

	struct journal *journal;   /* until its replay is over */
	struct journal *replayed;  /* the same, then; for a last look */
	struct run_record *record; /* what was read of it: pins, approvals; or NULL */
	struct replay *check;      /* nothing is called or recorded; NULL: a real run */
	size_t answer_bytes;
	enum run_state row_state;
	bool stand_in; /* see run_stand_in */
	bool too_much; /* answers for its journal */

	bool stopped; /* its script was ended from within: by ending and why */
	enum run_outcome ending;
	char why[RUN_MESSAGE_SIZE];
	struct unknown_list unknown;

	struct run_listener listener;
};

struct run *run_of(lua_State *L);
struct branch *branch_of(lua_State *L);

/* ---- run.c ---- */

/* The end of the wait has come: it has its place in the order, but cannot be delivered yet. False
 * when the ticket is stale. */
bool run_came(struct runs *runs, struct run_ticket ticket);
/* It can. May free the run. False when the ticket is stale. */
bool run_wake(struct runs *runs, struct run_ticket ticket);

/* Begin in a later turn of the loop. timeout_ms: what is left to it; 0: no end. */
void run_begin(struct run *r, int64_t timeout_ms);
/* Instead of in that later turn: in one that is its alone. May free r. */
void run_begin_now(struct run *r);
/* Do what can be done now. May free r. */
void run_advance(struct run *r);
/* End the run from within its script. Does not return. */
int run_stop(lua_State *L, enum run_outcome outcome, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The last thing that happens to a run. Frees it. message is copied. */
void run_end_with(struct run *r, enum run_outcome outcome, const char *message);
void run_end_early(struct run *r, enum run_outcome outcome, const char *why, bool force);
/* Its answers are more than its journal may hold: it fails when the next end is delivered. */
void run_too_much(struct run *r);
/* Forget it without an end: it goes on from its journal. The first tells its listener. */
void run_leave(struct run *r);
void run_drop(struct run *r);

/* Is it replaying recorded steps? What it says then was said before. */
static inline bool run_replays(const struct run *r)
{
	return r->journal && !journal_over(r->journal);
}

/* ---- branch.c ---- */

/* Inside the script: wait for what kind says; k goes on. The last act: return branch_wait(...). */
int branch_wait(lua_State *L, struct branch *b, enum wait_kind kind, lua_KFunction k);
struct run_ticket branch_ticket(const struct branch *b);

/* @param[out] out in r->branches; thread is set by the caller. -ERR_NOMEM */
NODISCARD int branch_new(struct branch **out, struct run *r, struct group *group, unsigned number);
void branch_free(struct branch *b); /* nothing may be in flight */
void branch_runnable(struct branch *b);
struct branch *queue_pop_runnable(struct run *r);

/* parallel.c: the thread of b has returned or raised, or b is stopped. False: the run is to end with
 * the error on top of b's stack. */
bool branch_returned(struct branch *b);
bool branch_raised(struct branch *b);
bool branch_stopped(struct branch *b);
/* It has come to its own parallel{}: begin that. False: no memory. */
bool branch_join(struct branch *b);
/* Has a sibling failed, of it or of a branch around it? */
bool branch_fails(const struct branch *b);
void group_free(struct group *g);

/* ---- run_new.c ---- */

/* Everything but source, machine and timers. @param[out] out in the index */
NODISCARD int run_new(struct run **out, struct runs *runs, const struct run_spec *spec,
		      struct err *err);
/* Take the source from the file. -ERR_INVALID */
NODISCARD int run_read_source(struct run *r, const char *path, struct err *err);
NODISCARD int run_set_source(struct run *r, struct bytes source, struct err *err);
void run_free(struct run *r); /* nothing may be in flight or on a timer */

/*
 * run_carry.c: a run that another process began, to be spoken for in records, rows and rules while its
 * calls are settled. Its script never runs, and nobody finds it. run_free.
 */
NODISCARD int run_stand_in(struct run **out, struct runs *runs, const struct run_record *record,
			   struct err *err);

/* ---- run_options.c: what of a run_spec a process that carries the run on must know again ---- */

/* As a JSON object, owned by the caller; NULL: no memory. */
char *run_options_write(const struct run_spec *spec);
/* What a spec that was read borrows from. */
struct run_options {
	cJSON *tree;
	struct run_rule *rules;
};

/* Into a spec of zeros. kept: run_options_clear, once the spec is not needed any more. */
NODISCARD int run_options_read(struct run_spec *out, struct run_options *kept, const char *options,
			       struct err *err);
void run_options_clear(struct run_options *kept);

/* Keep what is unknown for the end. */
void run_add_unknown(struct run *r, const struct call *c);

/* ---- globals ---- */

/* Each adds to the globals. Inside a protected call. */
void run_globals(lua_State *L); /* globals.c: now, sleep, progress */
void approve_open(lua_State *L);
void parallel_open(lua_State *L);
void secret_open(lua_State *L);

/* gate.c: push the table of functions of a namespace. */
bool gate_push_namespace(lua_State *L, struct run *r, const char *ns);

#endif
