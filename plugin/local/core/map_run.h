/*
 * map_run.h - a Map Run: the children a Distributed Map started.
 *
 *	RUNNING -> SUCCEEDED | FAILED | ABORTED
 *	FAILED | ABORTED -> RUNNING   by a redrive of the parent
 *
 * A run that fails or is aborted first closes: nothing is admitted any more, Standard children are
 * aborted, Express ones run to their end; only then does its status change. When the end of a child
 * exceeds the tolerated failures, one more child is admitted in its place, and the Standard children
 * are aborted a little later (map_stop.h); when all have ended before, it closes then.
 * All counters are counted from the children as their status moves (map_run_count is the only
 * place); an item whose child was never started is pending.
 */
#ifndef LOCAL_MAP_RUN_H
#define LOCAL_MAP_RUN_H

#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/policy.h"

struct engine_role;

enum map_run_status { MAP_RUN_RUNNING, MAP_RUN_SUCCEEDED, MAP_RUN_FAILED, MAP_RUN_ABORTED };

enum { MAP_RUN_CONCURRENCY = 10000, MAP_RUN_REDRIVES = 1000 };

/* How many children are started in one go: others get their turn in between. */
enum { MAP_RUN_AT_ONCE = 500 };

/* What one child works on: one item, or a batch. */
struct map_item {
	struct doc *input; /* of the child; NULL once it is started */
	uint32_t count;    /* items in it */
	struct execution *child;
};

/* What a run does beside its children. */
enum map_run_stage {
	STAGE_CHILDREN,
	STAGE_READING,   /* its items come from a bucket */
	STAGE_EXPORTING, /* its results go to one */
	STAGE_TESTING, /* before a start: what may its role do, may its ResultWriter write there? */
};

struct map_settings {
	int64_t max_concurrency;     /* 0: none given */
	int64_t tolerated_count;     /* -1: none given */
	double tolerated_percentage; /* -1: none given */
};

struct map_run {
	struct engine *e;
	struct record record;
	char *arn;
	struct execution *parent;
	size_t nth;          /* of the parent's */
	struct frame *frame; /* the Map state that waits for it; NULL: nobody does */
	const struct state *state;
	struct map_settings settings;
	struct sm status;
	int closing; /* the status it is closing for, or MAP_RUN_RUNNING */
	int64_t start_ms, stop_ms, redrive_ms; /* start_ms 0: it has not started */
	int64_t attempts;                      /* redrives asked for */
	int64_t redrives;                      /* the last of them that started */
	bool redrive_waits;                    /* asked for while closing */
	bool exported;                         /* results are written */
	char *error, *cause;
	enum map_run_stage stage;
	uint64_t object_id; /* of the operation under way, 0: none */
	cJSON *policies;    /* of its role, while it starts (role.h); NULL: not asked for */
	enum policy_verdict may_start; /* does its role allow it to start children? */
	struct item_reader *reader;    /* while reading, or NULL */
	char *source;                  /* where the items came from; NULL: the state's input */
	char *bucket, *prefix;         /* ResultWriter; NULL: none */
	int next_file;                 /* of it */
	int64_t written[3];            /* sizes of its files */
	struct map_item *items;
	size_t n_items;
	int64_t total_items; /* the sum of their counts */
	bool items_saved;    /* their record is written */
	size_t next_item;    /* the first never started */
	size_t next_redrive; /* none before this waits for its redrive */
	int64_t executions[EXECUTION_STATUSES], item_counts[EXECUTION_STATUSES];
	struct roll roll;  /* started children */
	struct alarm more; /* the rest of an admission */
	struct alarm stop; /* its threshold is exceeded: its children are aborted then */
};

/* The run, not started. items are taken over. */
struct map_run *map_run_new(struct execution *parent, const struct state *state, const char *arn,
			    struct map_item *items, size_t n_items);
void map_run_free(struct map_run *run);
/* One that never started: its execution and the store forget it too. */
void map_run_discard(struct map_run *run);

/* Start with the settings filled in: the first children are admitted. First it is asked what the role may
 * do, and with a ResultWriter a test manifest is written; when the role cannot be assumed or the bucket
 * not be written to, the run has never been (recorded). */
void map_run_start(struct map_run *run, struct frame *f);
/* Run the unsuccessful children again and the pending ones for the first time, after the same tests;
 * when one fails, the run stays as it was (recorded). */
void map_run_redrive(struct map_run *run, struct frame *f);
/* Its parent has stopped: close as ABORTED. */
void map_run_abort(struct map_run *run);

/* A child's status moves from `from` (-1: it is new) to `to`. */
void map_run_count(struct map_run *run, const struct execution *child, int from, int to);
/* A child has ended: admit, fail or finish. */
void map_run_child_ended(struct map_run *run);
/* Its settings have changed, or it begins again: the same, but failing admits nobody. */
void map_run_judge(struct map_run *run);
/* Admit what the settings allow now, or finish. */
void map_run_settle(struct map_run *run);

/* What its role may do is known, or not. */
void map_run_role_done(struct map_run *run, const struct engine_role *r);
/* The operation on a bucket has ended. */
void map_run_object_done(struct map_run *run, struct bytes body, const char *error);
/* Go on with reading or exporting after a restart. */
void map_run_resume(struct map_run *run);

extern const struct sm_state map_run_states[];

#endif
