/*
 * rows.h - what the store is told about runs and steps (store/store.h). Nothing here waits: rows are
 * committed together with the audit records that are handed over in the same turn of the loop, or
 * within a second. Without a store, and in the replay of a check, nothing happens; once the log takes no
 * more calls, only ends of calls that had begun and of runs are added.
 */
#ifndef SCRIPT_ROWS_H
#define SCRIPT_ROWS_H

#include "script/run_private.h"

struct vote_row;

void rows_run_new(struct run *r);
/* It goes on in this process, as a new attempt or not. */
void rows_run_on(struct run *r);
/* It waits: until_ms is when it goes on by itself (INT64_MAX: not). */
void rows_run_waits(struct run *r, int64_t until_ms, const char *waits_for);
void rows_run_end(struct run *r, const struct run_end *end);
void rows_module(struct run *r, const char *name, const char *path, struct bytes source);

/* Commit at once what there is, without waiting for it. */
void rows_soon(struct run *r);

/* The intent of a changing call, once its record has a number. */
void rows_call_begin(const struct call *c);
/* False: the run has left too many bytes of answers; the end is there, its answer is not. */
bool rows_call_end(const struct call *c);

/* Of other kinds; b->path is the step. */
void rows_begin(struct branch *b, enum step_kind kind, const char *operation, const char *hash,
		int64_t until_ms);
struct rows_end {
	enum step_kind kind;
	const char *operation; /* or NULL */
	const char *hash;
	const char *args; /* JSON, or NULL */
	const char *outcome;
	const char *answer, *error; /* JSON, or NULL */
};
void rows_end(struct branch *b, const struct rows_end *e);
void rows_approval(struct branch *b, const struct approval *a);
void rows_vote(struct runs *runs, const struct vote_row *v);

#endif
