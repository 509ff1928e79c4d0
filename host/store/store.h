/*
 * store.h - what must outlive the process: runs, their steps, the sources they are pinned to, and
 * approvals. SQLite, one file in the state directory.
 *
 * Writing. Changes are added to a store_batch on the loop's thread and applied, in the order in
 * which they were added and in one transaction, by the thread that owns the audit log (see
 * commit/commit.h): first the log is synced, then this. Nobody else writes, and only one writing
 * connection ever exists: Debian 12's SQLite 3.40.1 can corrupt a WAL that two of them reset.
 *
 * Rows of steps are only ever appended. What takes time has a beginning (struct step_row: a changing
 * call, a sleep, an approval) and every step has an end (struct step_end); the order of the ends is
 * the order in which the script got them. A changing call's beginning is its intent.
 *
 * Reading. A store_reader has a read-only connection of its own, used by one thread at a time; it
 * sees what was committed. Rows handed to a callback are borrowed for its length.
 *
 * Times are milliseconds since the epoch, wall clock; 0: none. Strings may be NULL where "or NULL"
 * is said. JSON is text.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

/* ---- rows ---- */

enum run_state {
	RUN_STATE_QUEUED,  /* not begun */
	RUN_STATE_RUNNING, /* begun; what a dead process leaves */
	RUN_STATE_WAITING, /* for wake_ms or an approval; may be out of memory */
	RUN_STATE_DONE,
	RUN_STATE_FAILED,
	RUN_STATE_CANCELLED,
	RUN_STATE_TIMED_OUT,
	RUN_STATE_PARKED, /* a person must look: see message */
};

/* Those that are not over, as a filter has them (struct run_filter). */
enum {
	RUN_STATES_OPEN =
	    1u << RUN_STATE_QUEUED | 1u << RUN_STATE_RUNNING | 1u << RUN_STATE_WAITING,
};

const char *run_state_name(enum run_state s); /* "queued", "running", ..., "timed_out", "parked" */
/* @return 0; -ERR_INVALID when there is no state of that name */
NODISCARD int run_state_parse(enum run_state *out, const char *name);
static inline bool run_state_over(enum run_state s)
{
	return s >= RUN_STATE_DONE;
}

struct run_row {
	const char *id; /* UUID */
	int attempt;    /* from 1; `retry` makes the next */
	enum run_state state;
	const char *path;    /* of the runbook, as given */
	const char *sha256;  /* of its source, 64 hex digits; see store_add_source */
	const char *input;   /* JSON object */
	const char *actor;   /* JSON object: who or what started it */
	const char *reason;  /* or NULL */
	const char *config;  /* hash of the configuration, or NULL */
	const char *options; /* JSON object: what the host must know again to carry it on (dry run,
				 * limits, rules of its header); the store does not look into it */
	const char *key;     /* of which only one run at a time goes on, or NULL */
	int64_t created_ms;
	int64_t started_ms; /* of this attempt */
	int64_t ended_ms;
	int64_t deadline_ms;   /* of the whole run */
	int64_t wake_ms;       /* while waiting: when it goes on by itself */
	const char *waits_for; /* while waiting: "sleep", "approval", or NULL */
	int deaths;            /* of processes that were resuming it */
	const char *outcome;   /* when over: "done", "failed", "refused", "unknown", ...; or NULL */
	const char *result;    /* JSON, or NULL */
	const char *message;   /* one line: why it ended or is parked; or NULL */
	const char *traceback; /* or NULL */
};

enum step_kind {
	STEP_CALL, /* of an operation */
	STEP_SLEEP,
	STEP_APPROVAL,
	STEP_NOW,
	STEP_BRANCHES, /* parallel: its end is that of the last branch */
	STEP_SECRET,   /* read by name: only the name is kept, as args */
};

/* The beginning of a step that takes time. */
struct step_row {
	const char *run; /* id */
	int attempt;
	const char *path; /* "3", "4.2.1" inside parallel */
	enum step_kind kind;
	const char *operation; /* "sfn.redrive_execution"; NULL: not a call */
	const char *args;      /* JSON as sent, token included; "{}" */
	const char *args_hash; /* 64 hex digits; of the arguments as the script gave them */
	const char *resource;  /* what is acted on, or NULL */
	const char *group; /* what budgets count besides the resource (a state machine), or NULL */
	const char *token; /* idempotency token, or NULL */
	const char *baseline; /* JSON: what prepare said, or NULL */
	int64_t begun_ms;     /* intent; for a sleep when it began */
	int64_t until_ms; /* of a call: its deadline; of a sleep: its end; of an approval: expiry */
	int64_t not_after_ms; /* of a call with a token: no attempt after it */
	const char *segment;  /* of the audit log and ... */
	uint64_t intent;      /* ... the sequence number of the intent in it; 0: none */
	int link;         /* 0; n > 0: the n-th new intent for the same step, after a settled one */
	const char *boot; /* of the machine, in which begun_ms was; NULL: not known */
	int64_t boot_ms;  /* begun_ms, since that boot */
};

struct step_end {
	const char *run;
	int attempt;
	const char *path;
	enum step_kind kind;
	const char *operation; /* as in step_row */
	const char *args_hash;
	const char *args;    /* of a call that has no beginning: JSON, what is sensitive in it
			      * redacted; or NULL */
	const char *outcome; /* "ok", "error", "refused", "invalid", "dry_run", "unknown", ... */
	const char *answer;  /* JSON: of a call its answer, of now the time, or NULL */
	const char *error;   /* JSON object: code, message, status, ..., or NULL */
	int64_t begun_ms;    /* of what has no beginning: when it was asked for; else 0 */
	int64_t ended_ms;
	uint64_t intent; /* or 0 */
};

/*
 * An outcome that the audit log had and the journal lacks: the process died between the two. What
 * is known of the answer is what the log was told, so this is not the step's end yet; it is gone
 * once that is added.
 */
struct recovered_row {
	const char *run;
	int attempt;
	const char *path;
	const char *segment; /* of the log, ... */
	uint64_t intent;     /* ... and the intent in it */
	const char *outcome;
	const char *record; /* JSON object: the call.outcome record as it is in the log, with
			     * code and message, or facts */
};

struct approval_row {
	const char *run;
	int attempt;
	const char *path;    /* of its step */
	const char *subject; /* one line: what is to be approved */
	const char *details; /* JSON object: operation, arguments, predicate's words */
	const char *asker;   /* JSON object: the actor of the run; must not approve */
	int needed;          /* n people */
	int64_t expires_ms;
};

struct vote_row {
	const char *run;
	int attempt;
	const char *path;
	const char *voter; /* a person's verified name */
	const char
	    *by; /* what verified it: "loginuid", "sudo", "uid", "link", "dashboard"; or NULL */
	bool approve;
	const char *comment; /* or NULL */
	int64_t at_ms;
};

/* ---- writing ---- */

struct store;
struct store_batch;

/*
 * Open or create the file (mode 0600), bring its schema up to date (forward only; a newer one than
 * this program knows is refused) and check it if the last process did not close it. Blocks.
 *
 * @param[out] out owned by the caller; store_close. From then on for one thread at a time.
 * @return 0; -ERR_INVALID damaged or of a newer version; -ERR_IO; -ERR_NOMEM
 */
NODISCARD int store_open(struct store **out, const char *path, struct err *err);
/* Checkpoints and closes. NULL is fine. */
void store_close(struct store *s);

/* Made with the file and never changed: the audit log names the store it goes with by it. 32 hex
 * digits, borrowed. */
const char *store_id(const struct store *s);

/* An empty batch; store_batch_free. */
NODISCARD int store_batch_new(struct store_batch **out, struct err *err);
void store_batch_free(struct store_batch *b); /* NULL is fine */
bool store_batch_empty(const struct store_batch *b);
void store_batch_clear(struct store_batch *b);

/*
 * Each copies the row. No memory is remembered and reported by store_apply.
 *
 * A run is added before anything that belongs to it, an approval before its votes; a row that
 * breaks this fails the batch. A source goes into the same batch as the run or module that needs
 * it, for store_remove_ended takes those away that nobody needs.
 */
void store_add_source(struct store_batch *b, const char *sha256, struct bytes source);
void store_add_run(struct store_batch *b, const struct run_row *r);
/* The run takes the row's attempt, state, times, waits_for, deaths, outcome, result, message,
 * traceback, sha256, options; the rest stays as it was. */
void store_set_run(struct store_batch *b, const struct run_row *r);
/* One more process has died while it was resuming that run; nothing where it is over or unknown. */
void store_count_death(struct store_batch *b, const char *run);
/* Pins: the module called name of this attempt is the source of that hash. */
void store_add_module(struct store_batch *b, const char *run, int attempt, const char *name,
		      const char *path, const char *sha256);
void store_add_step(struct store_batch *b, const struct step_row *s);
/* begun_ms 0 says that there is a beginning: of a call it is settled by this. */
void store_add_end(struct store_batch *b, const struct step_end *e);
/* Kept only where the step is unsettled and has that intent. */
void store_add_recovered(struct store_batch *b, const struct recovered_row *r);
void store_add_approval(struct store_batch *b, const struct approval_row *a);
/* A second vote of the same voter replaces the first. */
void store_add_vote(struct store_batch *b, const struct vote_row *v);
/* The last record known to be synced, of each log: its process's first segment names it. */
void store_set_synced(struct store_batch *b, const char *segment, uint64_t seq);
/* Forget runs that ended before, with all that belongs to them, and sources that nobody needs. Not
 * those that are parked or have an unsettled call. At most 500 at a time, as the writer is held up
 * meanwhile. */
void store_remove_ended(struct store_batch *b, int64_t before_ms);

/* All of it in one durable transaction, or nothing. -ERR_IO, -ERR_NOMEM; -ERR_INVALID when a row
 * breaks the rules above, or the file is damaged. */
NODISCARD int store_apply(struct store *s, const struct store_batch *b, struct err *err);

/* ---- reading ---- */

struct store_reader;

/* The file must have been opened by store_open of this version before.
 * @param[out] out owned by the caller; store_reader_close */
NODISCARD int store_reader_open(struct store_reader **out, const char *path, struct err *err);
void store_reader_close(struct store_reader *r); /* NULL is fine */

/* Each callback returns 0 to go on; anything else ends the reading and is returned. */
typedef int store_run_fn(void *arg, const struct run_row *r);
typedef int store_step_fn(void *arg, const struct step_row *s);
typedef int store_end_fn(void *arg, const struct step_end *e);
typedef int store_module_fn(void *arg, const char *name, const char *path, const char *sha256,
			    struct bytes source);
typedef int store_approval_fn(void *arg, const struct approval_row *a);
typedef int store_vote_fn(void *arg, const struct vote_row *v);
typedef int store_recovered_fn(void *arg, const struct recovered_row *r);

struct run_filter {
	unsigned states;    /* bits 1u << RUN_STATE_...; 0: all */
	const char *path;   /* of the runbook; NULL: any */
	const char *before; /* only ids that sort before this one; NULL: from the newest */
	size_t limit;       /* 0: all */
};

/* Newest first. */
NODISCARD int store_runs(struct store_reader *r, const struct run_filter *f, store_run_fn *fn,
			 void *arg, struct err *err);
/* id may be the unique beginning of one, of 4 characters or more.
 * @return 0; -ERR_INVALID: no such run, or several begin like this: err->name says which */
#define NO_SUCH_RUN "NoSuchRun"
#define AMBIGUOUS_RUN "Ambiguous"
NODISCARD int store_run(struct store_reader *r, const char *id, store_run_fn *fn, void *arg,
			struct err *err);
NODISCARD int store_source(struct store_reader *r, const char *sha256, void *arg,
			   int (*fn)(void *arg, struct bytes source), struct err *err);
NODISCARD int store_modules(struct store_reader *r, const char *run, int attempt,
			    store_module_fn *fn, void *arg, struct err *err);
/* Beginnings in the order in which they were made; attempt 0: of all attempts. */
NODISCARD int store_steps(struct store_reader *r, const char *run, int attempt, store_step_fn *fn,
			  void *arg, struct err *err);
/* Ends in the order in which the script got them. */
NODISCARD int store_ends(struct store_reader *r, const char *run, int attempt, store_end_fn *fn,
			 void *arg, struct err *err);
/* Changing calls that have a beginning and no end, oldest first, of all runs; of a step with linked
 * intents the newest. */
NODISCARD int store_unsettled(struct store_reader *r, store_step_fn *fn, void *arg,
			      struct err *err);
/* run NULL: of all runs. */
NODISCARD int store_recovered(struct store_reader *r, const char *run, store_recovered_fn *fn,
			      void *arg, struct err *err);
/* Intents of changing calls begun at or after since_ms, oldest first: what budgets count. A call that
 * was sent again, which is one more beginning with the same link, is one. */
NODISCARD int store_intents(struct store_reader *r, int64_t since_ms, store_step_fn *fn, void *arg,
			    struct err *err);
/* run NULL: all that are not decided and whose run is not over. */
NODISCARD int store_approvals(struct store_reader *r, const char *run, store_approval_fn *fn,
			      void *arg, struct err *err);
NODISCARD int store_votes(struct store_reader *r, const char *run, int attempt, const char *path,
			  store_vote_fn *fn, void *arg, struct err *err);
/* 0 when the segment is not known. */
NODISCARD int store_synced(struct store_reader *r, const char *segment, uint64_t *seq,
			   struct err *err);

#endif
