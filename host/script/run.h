/*
 * run.h - runs: one execution of a runbook each, from its start to its one end.
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
struct registry;
struct rules;
struct runs;

enum {
	RUN_ID_SIZE = UUID_SIZE, /* a version 7 UUID: sorts by time of creation */
	RUN_GRACE_MS = 5000,
};

struct runs_spec {
	struct loop *loop;               /* borrowed */
	struct committer *committer;     /* borrowed */
	const struct registry *registry; /* borrowed */
	struct rules *rules;             /* script/rules.h; borrowed; NULL: none */
	const char *lua_dir;             /* the standard library, for require; NULL: none; copied */
	struct culprit *culprit;         /* borrowed; NULL: none */
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
};

const char *run_outcome_name(enum run_outcome o); /* "done", "timed_out", ... as recorded */

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
	const struct run_rule *rules;
	size_t n_rules;

	/* From the loop. Text is borrowed for the call. on_log and on_progress may be NULL; they must
	 * not call into this header. */
	void (*on_log)(void *arg, const char *id, enum log_level level, const char *text);
	void (*on_progress)(void *arg, const struct run_progress *p);
	void (*on_end)(void *arg, const struct run_end *end);
	void *arg;
};

/* @param[out] out owned by the caller; runs_free */
NODISCARD int runs_new(struct runs **out, const struct runs_spec *spec, struct err *err);

/* Ends what is alive at once, as the second run_cancel does, and calls each on_end before it
 * returns. To be called before commit_close, so that the last records are written. NULL is fine. */
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

/* End a run as RUN_CANCELLED, why being its message. A second cancel does not wait for an answer
 * any longer. Returns false if no such run is alive. */
bool run_cancel(struct runs *runs, const char *id, const char *why);

size_t runs_alive(const struct runs *runs);

/* host_api.call_done: the plugin's answer to a call that the gate started. */
void run_call_done(struct host_call *call, const struct call_result *result);

#endif
