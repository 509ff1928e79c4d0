/*
 * run.h - runs: one execution of a runbook each, from its start to its one end.
 *
 * A run is durable when runs_spec names a store: what it was started with, the sources it runs and
 * every step's beginning and end are journalled. A process that takes over (runs_carry_on) runs the
 * script from the top; recorded steps answer from the journal, in the order in which their ends came,
 * and the first unrecorded one goes on for real. A wait longer than runs_spec.passive_ms leaves no more
 * in memory than its time and its listener.
 *
 * A run has its own sandboxed Lua state with a memory ceiling, a CPU budget and a wall-clock
 * time-out. Every operation it calls passes the gate (gate.h): numbered, checked, judged by the
 * rules, recorded before it leaves and after it ends. on_end runs exactly once for every run_start
 * that returned 0, from the loop, never inside run_start or run_cancel.
 *
 * A run that is cancelled or timed out while a changing call is in flight waits for its answer for
 * up to RUN_GRACE_MS; without one the call's outcome is recorded as unknown and listed in the end.
 * Cancelling a run never undoes what it has already set going.
 *
 * For the loop's thread. Reads the runbook and its modules with plain file calls: small local files.
 */
#ifndef SCRIPT_RUN_H
#define SCRIPT_RUN_H

#include "base/random.h"
#include "plugin_api.h"

struct committer;
struct culprit;
struct loop;
struct rate;
struct registry;
struct run_observer;
struct rules;
struct runs;

enum {
	RUN_ID_SIZE = UUID_SIZE, /* a version 7 UUID: sorts by time of creation */
	RUN_GRACE_MS = 5000,
};

struct run_progress;
struct run_end;
struct run_question;

/* Who is told about a run. From the loop; text is borrowed for the call. on_log and on_progress may
 * be NULL; they must not call into this header. */
struct run_listener {
	void (*on_log)(void *arg, const char *id, enum log_level level, const char *text);
	void (*on_progress)(void *arg, const struct run_progress *p);
	void (*on_end)(void *arg, const struct run_end *end);
	void *arg;
};

struct runs_spec {
	struct loop *loop;               /* borrowed */
	struct committer *committer;     /* borrowed; has the store's writing side */
	const struct registry *registry; /* borrowed */
	struct rules *rules;             /* script/rules.h; borrowed; NULL: none */
	const struct rate *rates;        /* what the configuration says; copied */
	size_t n_rates;
	const char *lua_dir;     /* the standard library, for require; NULL: none; copied */
	struct culprit *culprit; /* borrowed; NULL: none */
	const char *store_path;  /* to read the journal from; NULL: runs are not durable; copied */
	int64_t passive_ms;      /* longer waits leave memory; 0: 30,000 */
	int64_t max_intent_age_ms; /* see settle_decide.h; 0: SETTLE_INTENT_AGE_MS */
	/* secret "NAME": append it; NULL: there are none. A plain read of a small local source. */
	int (*secret)(void *arg, const char *name, struct buf *out, struct err *err);
	void *secret_arg;
	struct run_listener carried; /* of the runs that runs_carry_on finds; needs on_end then */
	const char *approvers; /* who may approve where nobody is named, parted by blanks; NULL,
				* "": anybody but who asks; copied */
	const struct run_observer *observer; /* counts what happens; borrowed; NULL: nobody */
	/* People are asked for an approval, for the first time; NULL. Inside a run: must not call
	 * into this header. */
	void (*on_asked)(void *arg, const struct run_question *q);
	void *on_asked_arg;
};

/* What people are asked; borrowed for the call. */
struct run_question {
	const char *run;
	int attempt;
	const char *step;    /* path of its step */
	const char *subject; /* one line */
	const char *details; /* JSON object; "people" in it: who may approve, parted by blanks */
	const char *actor;   /* JSON object: who started the run, and may not */
	int needed;
	int64_t expires_ms; /* wall clock; 0: never */
};

/* A limit from the configuration: `[rules] sfn.redrive_execution = 3`. */
struct run_rule {
	const char *operation; /* "sfn.redrive_execution" */
	int max_calls;         /* of one run, in place of the row's max_calls; 0 refuses all */
};

struct run_progress {
	const char *id;
	double done, total; /* -1: not given */
	const char *text;   /* "": not given */
};

enum run_outcome {
	RUN_DONE,
	RUN_FAILED,    /* the script raised, or is not valid Lua */
	RUN_CANCELLED, /* by run_cancel */
	RUN_TIMED_OUT,
	RUN_UNKNOWN,           /* parked: a changing call may have taken effect; see unknown */
	RUN_REFUSED,           /* ended by an error that a rule raised */
	RUN_AUDIT_UNAVAILABLE, /* ended because something could not be recorded */
	RUN_PARKED, /* replayed it took another way than its journal, or was recovered too often */
	RUN_SUSPENDED, /* not over: left for the next process (runs_suspend, runs_free after it) */
};

const char *run_outcome_name(enum run_outcome o); /* "done", "timed_out", ... as recorded */
/* The outcome of that name; RUN_FAILED when there is none. */
enum run_outcome run_outcome_of(const char *name);

/* A changing call that may have taken effect. */
struct run_unknown {
	const char *operation; /* "sfn.redrive_execution" */
	const char *args;      /* JSON, sensitive members redacted */
	const char *resource;  /* the argument that names what is acted on; "" if none */
	const char *token;     /* "" if none */
	const char *tell;      /* a command that shows what became of it; "" if none */
};

/* How a run ended. Everything is borrowed for the length of on_end. */
struct run_end {
	const char *id;
	enum run_outcome outcome;
	struct bytes result;   /* JSON, whenever the script returned; else empty */
	const char *message;   /* what went wrong, one line; "" when it returned */
	const char *traceback; /* lines "FILE:LINE: in ...", newest call first; "" if none */
	const struct run_unknown *unknown;
	size_t n_unknown;
};

/* Strings, arrays and bytes are copied by run_start. */
struct run_spec {
	const char *path;        /* the runbook; names its lines in messages as given here */
	const char *id;          /* NULL: made by run_start */
	int attempt;             /* 0: 1. A new attempt has new idempotency tokens */
	struct bytes input;      /* JSON object handed to the script as `...`; empty: {} */
	struct bytes actor;      /* JSON object, recorded: who or what started it; empty: {} */
	const char *reason;      /* recorded; NULL: none */
	const char *config;      /* hash of the configuration, recorded; NULL: none */
	bool dry_run;            /* changing calls answer { dryRun = true } */
	int64_t timeout_ms;      /* wall clock from run_start; 0: none */
	int64_t call_timeout_ms; /* deadline of each call; 0: 60,000 */
	size_t memory_max;       /* bytes of the Lua state; 0: 16 MiB */
	int64_t cpu_ms;          /* of the script's own computing; 0: 10,000 */
	size_t log_max;          /* bytes of its log lines; 0: 1 MiB */
	size_t result_max;       /* bytes of its result as JSON; 0: 1 MiB */
	uint64_t steps_max;      /* calls and sleeps; 0: 10,000 */
	unsigned parallel_max;   /* branches of one parallel{} that go on at once; 0: 64 */
	const struct run_rule *rules;
	size_t n_rules;
	struct run_listener listener;
};

/* @param[out] out owned by the caller; runs_free */
NODISCARD int runs_new(struct runs **out, const struct runs_spec *spec, struct err *err);

/* Other values of passive_ms, max_intent_age_ms, rates and approvers, of which alone spec is looked at: for
 * the next wait, settlement, call and question of every run. -ERR_NOMEM: nothing has changed */
NODISCARD int runs_change(struct runs *runs, const struct runs_spec *spec, struct err *err);

/* Ends what is alive at once, as the second run_cancel does, and calls each on_end before it
 * returns. To be called before commit_close, so that the last records are written. NULL is fine. */
/* Runs that are in a store are left to the next process; others are cancelled. NULL is fine. */
void runs_free(struct runs *runs);

/*
 * Read the runbook, record the start and run it, beginning in a later turn of the loop. A runbook
 * that is not valid Lua is a run that fails.
 *
 * @param[out] id  of the run
 * @return 0; -ERR_INVALID when the file cannot be read or input or actor is not a JSON object
 */
NODISCARD int run_start(char id[RUN_ID_SIZE], struct runs *runs, const struct run_spec *spec,
			struct err *err);

/*
 * End a run as RUN_CANCELLED, why being its message, also one that is out of memory. A second cancel
 * does not wait for an answer any longer. Returns false if no such run is alive.
 */
bool run_cancel(struct runs *runs, const char *id, const char *why);

size_t runs_alive(const struct runs *runs);  /* in memory or not */
size_t runs_asleep(const struct runs *runs); /* of these, out of memory */

/* Each token bucket that is in use: its name, how many calls wait for their turn there, and for how
 * long the oldest has been waiting (script/rates.h). */
void runs_each_bucket(const struct runs *runs,
		      void (*fn)(void *arg, const char *name, size_t waiting, int64_t oldest_ms),
		      void *arg);

/* A call that waits there; borrowed for the call. */
struct run_waiting {
	const char *step, *operation, *bucket;
	int64_t waited_ms;
};

/* Those of a run. Nothing for one that is not alive here. */
void run_each_waiting(const struct runs *runs, const char *id,
		      void (*fn)(void *arg, const struct run_waiting *w), void *arg);

/* ---- what outlives the process; needs runs_spec.store_path ---- */

/*
 * Take over what the store has of unfinished runs: those that wait come back as their wake times
 * only, the others are replayed. Before it, unsettled calls of dead processes should have been given
 * their ends (settle.h), whose runs are left out while they are not; without a settle one that has no
 * end ends its run as RUN_UNKNOWN. Blocks while it reads.
 *
 * A run of which three processes died, as its row has it (store_count_death), is RUN_PARKED. So it is
 * in run_resume, unless it was parked already: then a person has looked, and it begins to count anew.
 */
NODISCARD int runs_carry_on(struct runs *runs, struct err *err);

/* The same for one that was left out because a call of it was not settled (settle.h). */
NODISCARD int runs_carry_on_one(struct runs *runs, const char *id, struct err *err);

/*
 * Leave everything to the next process: nothing new is started, calls in flight are waited for up to
 * RUN_GRACE_MS, reads are given up (they are made again). done runs once, from the loop, when all
 * that happened is durable; runs_free then ends the rest of each run as RUN_SUSPENDED. A changing call
 * without an answer is left without an end in the journal, for its recovery.
 */
void runs_suspend(struct runs *runs, void (*done)(void *arg), void *arg);

#define RUN_IS_OVER "RunIsOver" /* err->name of run_resume */

/*
 * Carry on a run that is parked, or unfinished and not alive here: the same attempt, so the same
 * idempotency tokens. id may be the unique beginning of one. The listener is copied.
 *
 * @return 0; -ERR_INVALID: no such run, or it is over or alive already
 */
NODISCARD int run_resume(struct runs *runs, const char *id, const struct run_listener *listener,
			 struct err *err);

/* The next attempt of a run that is over: from its beginning, with new tokens, its input and its
 * options, and what is in its file now. As run_resume. */
NODISCARD int run_retry(struct runs *runs, const char *id, const struct run_listener *listener,
			struct err *err);

/* Copied by run_vote. */
struct run_ballot {
	const char *step;  /* path, or NULL: the only one that waits */
	int attempt;       /* that is meant; 0: whichever goes on */
	const char *voter; /* a verified name; must not be the one who started the run */
	const char
	    *by; /* what verified it: "loginuid", "sudo", "uid", "link", "dashboard"; recorded */
	bool approve;
	const char *comment; /* or NULL */
};

/*
 * A person's vote on what a run asked to be approved. A second one of the same person replaces the
 * first. The run goes on when its n people have approved, or at the first rejection.
 *
 * @param done  runs once, from the loop, unless this fails: the vote is on disk, or err->code says why
 *              it may not be. NULL: nobody waits
 * @return 0; -ERR_INVALID with err->name "NotWaiting": no such run, or it waits for no such approval
 *         any more; "NotAllowed": the voter may not
 */
NODISCARD int run_vote(struct runs *runs, const char *id, const struct run_ballot *ballot,
		       void (*done)(void *arg, const struct err *err), void *arg, struct err *err);

/* What the replay of a stored history against a source found. Borrowed for the call. */
struct replay_check {
	const char *id;
	bool same;           /* every recorded step was asked for again, in its place */
	unsigned n_steps;    /* recorded */
	const char *step;    /* path of the first difference; "" */
	const char *message; /* what differs: recorded and asked; or that all is the same */
	const char *place;   /* FILE:LINE of what was asked; "" if nothing was */
};

/*
 * Replay the history of a run against path (NULL: the run's file as it is now; its modules likewise)
 * with nothing called and nothing recorded. done runs once, from the loop, unless this fails.
 *
 * @return 0; -ERR_INVALID: no such run, or the file cannot be read
 */
NODISCARD int run_check_replay(struct runs *runs, const char *id, const char *path,
			       void (*done)(void *arg, const struct replay_check *found), void *arg,
			       struct err *err);

/* host_api.call_done: the plugin's answer to a call that the gate started. */
void run_call_done(struct host_call *call, const struct call_result *result);

/* host_api.call_throttled. */
void run_call_throttled(struct host_call *call);

#endif
