/*
 * run_load.h - what the store has of a run: its row, its sources, its journal, its open approvals.
 *
 * run_record_read may be called on any thread; a record belongs to one thread at a time.
 */
#ifndef SCRIPT_RUN_LOAD_H
#define SCRIPT_RUN_LOAD_H

#include "script/approval.h"
#include "script/journal.h"
#include "store/store.h"

struct module_pin {
	char *name, *path;
	char *source;
	size_t n_source;
	struct module_pin *next;
};

struct run_record {
	struct run_row row;
	char *texts[14]; /* what its strings are */
	char *source;
	size_t n_source;
	struct module_pin *modules;
	struct journal *journal;
	struct approval *approvals; /* whose step has no end */
};

enum run_record_parts {
	RUN_RECORD_ROW,    /* nothing but the row */
	RUN_RECORD_SOURCE, /* that and the runbook's source */
	RUN_RECORD_REPLAY, /* all that a replay of the attempt in the row needs */
};

/* @param id  or the unique beginning of one
 * @param[out] out owned by the caller; run_record_free
 * @return 0; -ERR_INVALID: no such run; -ERR_IO; -ERR_NOMEM */
NODISCARD int run_record_read(struct run_record **out, struct store_reader *reader, const char *id,
			      enum run_record_parts parts, struct err *err);
void run_record_free(struct run_record *r); /* NULL is fine */

/* Take out the approval of that step; the caller's. NULL: there is none; r may be NULL. */
struct approval *run_record_take_approval(struct run_record *r, const char *path);
const struct module_pin *run_record_module(const struct run_record *r, const char *name);

#endif
