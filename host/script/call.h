/*
 * call.h - one call of an operation, from its intent to its delivered outcome. No Lua here.
 *
 *	NEW ──► RECORDING ──► IN_FLIGHT ──► SETTLING ──► ENDED
 *	 │          │  not sent                 ▲           ▲
 *	 │          └───────────────────────────┘           │
 *	 └── refused, invalid, dry run ─────────────────────┘
 *
 * RECORDING waits until the intent of a changing call is durable, that of a read until it is written:
 * no call leaves this process before its intent is in the file. IN_FLIGHT waits for the plugin. SETTLING waits until the outcome of a changing call is durable. When it has
 * ended the run is woken by its ticket. Every call that has an intent gets exactly one outcome.
 *
 * A record that is being written cannot be recalled: a call whose run has gone lives on, alone,
 * until the committer has answered, and then frees itself.
 */
#ifndef SCRIPT_CALL_H
#define SCRIPT_CALL_H

#include "base/json.h"
#include "base/sm.h"
#include "script/registry.h"
#include "script/run_private.h"

enum call_outcome {
	CALL_OK,
	CALL_ERROR,
	CALL_UNKNOWN,
	CALL_REFUSED,
	CALL_INVALID,
	CALL_DRY_RUN,
	CALL_NOT_SENT,
};

const char *call_outcome_name(enum call_outcome o);

/* How it ended; strings are owned. */
struct call_end {
	enum call_outcome outcome;
	cJSON *answer; /* of CALL_OK and CALL_DRY_RUN */
	char *code;    /* NULL when it succeeded */
	char *message;
	cJSON *extra;   /* further error members, or NULL */
	cJSON *context; /* merged into the outcome record, or NULL */
	char *request_id;
	int status, attempts;
	bool retryable;
	int64_t latency_us;
};

struct call {
	struct host_call host; /* what the plugin sees */
	struct runs *runs;     /* NULL: its run has gone */
	struct run *run;       /* likewise */
	struct run_ticket ticket;
	struct sm sm;
	const struct registered_op *op;
	unsigned step;
	cJSON *args;            /* as checked, token filled in */
	char *args_text;        /* the same as JSON: host.args */
	const char *token_name; /* the member of type token, or NULL */
	const char *token;      /* inside args, however long; "" if none */
	uint64_t intent;        /* sequence number of its record */
	bool committing;        /* the committer will still call back */
	int64_t intent_ms;      /* wall clock: when the intent was handed over */
	int64_t started_us;
	struct timer *deadline;
	char *group;     /* what its resource belongs to, for budgets; "": none; NULL: not judged */
	bool counted;    /* among the changes that count */
	char denied[32]; /* the rule that let no further attempt go; "": none */
	struct call_end end;
};

/* @param args taken over. @return NULL when out of memory (args is freed) */
struct call *call_new(struct run *r, const struct registered_op *op, unsigned step, cJSON *args);

/* Record the intent and go on from there. ticket is what is woken in the end, from the loop. */
void call_start(struct call *c, struct run_ticket ticket);

/* End it without sending anything: intent and outcome are recorded, nobody is woken. */
void call_settle_unsent(struct call *c, enum call_outcome outcome, const char *code,
			const char *message);

/* End it without sending or recording anything: the log cannot be written. */
void call_settle_unrecorded(struct call *c, const char *code, const char *message);

/*
 * The run is to end. What may be stopped without doubt is: a read, and a changing call that surely
 * has had no effect yet (struct operation.in_doubt). One that may have had goes on, unless force.
 * Returns true if there is still something to wait for: the ticket is woken then.
 */
bool call_cancel(struct call *c, bool force);

bool call_ended(const struct call *c);
bool call_changes(const struct call *c);

/* Frees it, at once or when the committer has called back. Nothing may be in flight. NULL is fine */
void call_free(struct call *c);

#endif
