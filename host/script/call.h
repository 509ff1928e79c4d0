/*
 * call.h - one call of an operation, from its intent to its delivered outcome. No Lua here.
 *
 *	NEW ──► (WAITING) ──► PREPARING ──► RECORDING ──► IN_FLIGHT ──► SETTLING ──► ENDED
 *	 │          │             │             │  not sent                 ▲           ▲
 *	 │          │             │             └───────────────────────────┘           │
 *	 └──────────┴─────────────┴── refused, invalid, dry run, recorded before ───────┘
 *
 * WAITING is for its turn at the service's token bucket (rates.h). PREPARING, of an operation that has a prepare, waits for the baseline, which is asked for once that is
 * on record. RECORDING waits until the intent of a changing call is durable, that of a read until it is written:
 * no call leaves this process before its intent is in the file. IN_FLIGHT waits for the plugin.
 * SETTLING waits until the outcome of a changing call is durable; its place among the ends of the run
 * is taken before. When it has ended the run is woken by its ticket. Every call that has an intent gets
 * exactly one outcome. Beside the audit records go rows to the store: a beginning of a changing call,
 * an end of every one.
 *
 * A call that another process began and that has no end in the journal (settle.h) starts elsewhere: it
 * is LOOKED INTO, or goes to RECORDING as what it is, the same intent again or one that takes its place.
 *
 *	NEW ──► LOOKING ──► RECORDING ──► ...          NEW ──► RECORDING ──► ...
 *	 │         └──► SETTLING                        └──► SETTLING: its end is known
 *
 * So does a changing call of this process whose attempts all ended without a clear answer
 * (call_unclear.c): that outcome is recorded, and it is UNCLEAR until it is sent again, or looked into.
 *
 *	SETTLING ──► UNCLEAR ──► RECORDING ──► ...     UNCLEAR ──► LOOKING ──► UNCLEAR, RECORDING
 *	                 └──► SETTLING: nothing can be found out        └──► SETTLING
 *
 * A record that is being written cannot be recalled: a call whose run has gone lives on, alone,
 * until the committer has answered, and then frees itself.
 */
#ifndef SCRIPT_CALL_H
#define SCRIPT_CALL_H

#include "base/json.h"
#include "base/sm.h"
#include "script/rates.h"
#include "script/registry.h"
#include "script/run_private.h"

enum { CALL_SEGMENT_SIZE = 64 }; /* file name of a segment of the log */

enum call_outcome {
	CALL_OK,
	CALL_ERROR,
	CALL_UNKNOWN,
	CALL_REFUSED,
	CALL_INVALID,
	CALL_DRY_RUN,
	CALL_NOT_SENT,
	CALL_RECONCILED, /* a look found its effect: the answer is what was found */
};

const char *call_outcome_name(enum call_outcome o);
bool call_outcome_parse(enum call_outcome *out, const char *name); /* false: there is no such */

/* How it ended; strings are owned. */
struct call_end {
	enum call_outcome outcome;
	cJSON *answer;     /* of CALL_OK and CALL_DRY_RUN */
	char *answer_text; /* the same as it came, or NULL */
	char *code;        /* NULL when it succeeded */
	char *message;
	cJSON *extra;   /* further error members, or NULL */
	cJSON *context; /* merged into the outcome record, or NULL */
	char *request_id;
	int status, attempts;
	bool retryable;
	int64_t latency_us;
};

/* Of a call that was begun before: by another process, or by this one without a clear end. Strings
 * are borrowed. */
struct call_past {
	const char *segment; /* of the log, ... */
	uint64_t intent;     /* ... and the last intent in it that this call goes on from */
	bool replaces;       /* it is replaced, by an intent with a new token; else sent again */
	int link;            /* as in struct step_row */
	int64_t first_ms;    /* when the first intent with the present token was recorded */
	const char *boot;    /* in which that was, ... */
	int64_t boot_ms;     /* ... and how long after it; as in struct step_row */
	int64_t set_by_ms;   /* by so much the clock was set forward since */
	/* From the loop, once each. looked may go on with the call; ended is told instead of a run's
	 * being woken, unless it is NULL. */
	void (*looked)(void *arg, const struct call_result *found);
	void (*ended)(void *arg);
	void *arg;
};

struct call {
	struct host_call host; /* what the plugin sees */
	struct rate_turn turn; /* at the service's bucket */
	struct runs *runs;     /* NULL: its run has gone */
	struct run *run;       /* likewise */
	struct run_ticket ticket;
	struct sm sm;
	const struct registered_op *op;
	char path[STEP_PATH_SIZE];
	char hash[SHA256_HEX + 1];       /* of the arguments as the script gave them */
	cJSON *args;                     /* as checked, token filled in */
	char *args_text;                 /* the same as JSON: host.args */
	char *malformed;                 /* what is wrong with the arguments, or NULL */
	char *baseline;                  /* JSON object: what prepare said, or NULL */
	bool approved;                   /* by people: the rules need not ask again */
	bool begun;                      /* its beginning is in the journal */
	int64_t asked_ms, intent_ms;     /* wall clock */
	const char *token_name;          /* the member of type token, or NULL */
	const char *token;               /* inside args, however long; "" if none */
	uint64_t intent;                 /* sequence number of its record ... */
	char segment[CALL_SEGMENT_SIZE]; /* ... in this segment */
	int64_t intent_boot_ms;          /* of the intent, since the boot */
	bool looking;                    /* prepare was called, and has not ended */
	bool committing;                 /* the committer will still call back */
	int64_t started_us;
	struct timer *deadline;
	char *group;     /* what its resource belongs to, for budgets; "": none; NULL: not judged */
	bool counted;    /* among the changes that count */
	char denied[32]; /* the rule that let no further attempt go; "": none */
	struct call_past *past;  /* borrowed; NULL: it is made for the first time */
	struct unclear *unclear; /* owned; NULL: its attempts have not ended without an answer */
	struct call_end end;
};

/* Of the step that b is at. @param args taken over. @return NULL when out of memory (args is freed) */
struct call *call_new(struct branch *b, const struct registered_op *op, cJSON *args);

/* Write args_text and, the first time, hash. False: no memory. */
bool call_write_args(struct call *c);

/* Record the intent and go on from there. ticket is what is woken in the end, from the loop. */
void call_start(struct call *c, struct run_ticket ticket);

/* End it without sending anything: intent and outcome are recorded, nobody is woken. */
void call_settle_unsent(struct call *c, enum call_outcome outcome, const char *code,
			const char *message);

/* End it without sending or recording anything: the log cannot be written. */
void call_settle_unrecorded(struct call *c, const char *code, const char *message);

/* End it as the journal says, which has its end. False: no memory. */
bool call_replay(struct call *c, const struct journal_step *s);

/* The journal has its beginning only: the process that made it died. Its outcome is unknown. */
void call_settle_orphaned(struct call *c, const struct journal_step *s);

/*
 * The run is to end. What may be stopped without doubt is: a read, and a changing call that surely
 * has had no effect yet (struct operation.in_doubt). One that may have had goes on, unless force.
 * Returns true if there is still something to wait for: the ticket is woken then.
 */
bool call_cancel(struct call *c, bool force);

/*
 * The run is left to the next process. A read is given up: it has its outcome in the audit log and no
 * end in the journal. Returns true if there is still something to wait for, as call_cancel. With
 * force a changing call in flight is given up in the same way.
 */
bool call_suspend(struct call *c, bool force);

bool call_ended(const struct call *c);
bool call_changes(const struct call *c);

/* Frees it, at once or when the committer has called back. Nothing may be in flight. NULL is fine */
void call_free(struct call *c);

#endif
