/*
 * execution.h - one run of a state machine, or of a Map Run's processor.
 *
 *	RUNNING -> SUCCEEDED | FAILED | TIMED_OUT | ABORTED
 *	FAILED | TIMED_OUT | ABORTED -> RUNNING              by RedriveExecution (redrive.h)
 *	FAILED | TIMED_OUT | ABORTED -> PENDING_REDRIVE -> RUNNING   a child of a redriven Map Run
 *
 * An unsuccessful execution keeps its frames: the states entered and not exited are what a redrive
 * restarts.
 */
#ifndef LOCAL_EXECUTION_H
#define LOCAL_EXECUTION_H

#include "base/sm.h"
#include "local/core/alarms.h"
#include "local/core/doc.h"
#include "local/core/history.h"
#include "local/core/records.h"

struct definition;
struct engine;
struct flow;
struct frame;
struct machine;
struct map_run;

enum execution_status {
	EXECUTION_RUNNING,
	EXECUTION_SUCCEEDED,
	EXECUTION_FAILED,
	EXECUTION_TIMED_OUT,
	EXECUTION_ABORTED,
	EXECUTION_PENDING_REDRIVE,
	EXECUTION_STATUSES
};

enum { REDRIVE_TOKENS = 10, REDRIVE_TOKEN_SIZE = 65 };

/* Tokens that redrove this execution, the newest last. */
struct redrive_tokens {
	size_t n;
	struct {
		char text[REDRIVE_TOKEN_SIZE];
		int64_t ms; /* first use, and the redriveDate it answers */
	} list[REDRIVE_TOKENS];
};

struct execution {
	struct engine *e;
	struct record record;
	char *arn;
	char *name;
	struct machine *machine;
	struct definition *definition; /* counted */
	const struct flow *flow;
	char *machine_arn;             /* with label where there is one */
	char *version_arn, *alias_arn; /* as started; NULL: neither */
	struct map_run *map_run;       /* that it is a child of, or NULL */
	uint32_t item;                 /* its place there */
	bool express;
	bool sync; /* StartSyncExecution waits for it */
	struct sm status;
	int was; /* status before PENDING_REDRIVE */
	int64_t start_ms, stop_ms, redrive_ms;
	int64_t redrive_count;
	struct doc *input, *output;
	char *error, *cause;
	char *trace_header;
	struct redrive_tokens *tokens; /* NULL: none yet */
	struct history history;
	struct frame *root;
	struct alarm timeout;
	struct map_run **map_runs; /* those it started, oldest first */
	size_t n_map_runs, cap_map_runs;
	size_t place; /* in the list of its machine or Map Run */
	struct execution *next_dead;
};

/* Executions in the order of their start: the order of ListExecutions, read backwards. An Express
 * child that starts again moves to the end and leaves a NULL. */
struct roll {
	struct execution **rows;
	size_t n, cap;
};

struct execution_spec {
	struct machine *machine;
	struct definition *definition;
	const struct flow *flow;
	struct map_run *map_run;
	uint32_t item;
	bool express;
	const char *name;
	struct doc *input;                   /* one count is taken over */
	const char *version_arn, *alias_arn; /* as started; NULL: neither; copied */
};

/* Start one now: its first state runs in the next engine_step. Adds it to every list. */
struct execution *execution_start(struct engine *e, const struct execution_spec *spec);
/* Only make the object and enter it in the lists: for execution_start and the store. */
struct execution *execution_new(struct engine *e, const struct execution_spec *spec);
void execution_free(struct execution *x); /* takes it out of the lists */
/* A closed Express execution that nobody can ask for any more: gone when nothing runs. */
void execution_bury(struct execution *x);
void executions_free_dead(struct engine *e);

void execution_succeed(struct execution *x, struct doc *output, int64_t prev);
void execution_fail(struct execution *x, const char *error, const char *cause, int64_t prev);
void execution_abort(struct execution *x, const char *error, const char *cause);

/* Begin again: status, dates, error and events of a redrive, then the frames. */
void execution_redrive(struct execution *x);
/* Set or clear PENDING_REDRIVE. */
void execution_await_redrive(struct execution *x, bool on);

bool execution_is_open(const struct execution *x);
const char *execution_status_name(int status);
int execution_status_of(const char *name); /* or EXECUTION_STATUSES */
void execution_restore_timeout(struct execution *x, int64_t at_ms);

void roll_add(struct roll *r, struct execution *x); /* at the end; moves it when it is there */
void roll_remove(struct roll *r, struct execution *x);

extern const struct sm_state execution_states[];

#endif
