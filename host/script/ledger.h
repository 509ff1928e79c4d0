/*
 * ledger.h - the changing calls that were intended of late, by what they act on: what budgets count,
 * and which of them are not settled. Pure, in memory; filled from the store at the start.
 *
 * An intent counts for LEDGER_MS from its time, whatever became of it: that is what can be known for
 * sure after a crash. It is unsettled until somebody says how it ended, however long that takes.
 */
#ifndef SCRIPT_LEDGER_H
#define SCRIPT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { LEDGER_MS = 24 * 60 * 60 * 1000 };

struct ledger;

/* Strings are copied by ledger_add. */
struct ledger_intent {
	const char *operation; /* "sfn.redrive_execution" */
	const char *resource;  /* "": none */
	const char *group;     /* "": none */
	const char *run;       /* id */
	const char *path;      /* of its step */
	int64_t at_ms;         /* wall clock; taken for no earlier than the one before it */
};

enum ledger_scope { LEDGER_RESOURCE, LEDGER_GROUP };

/* @param[out] out owned by the caller; ledger_free */
NODISCARD int ledger_new(struct ledger **out, struct err *err);
void ledger_free(struct ledger *l); /* NULL is fine */

/* @return 0; -ERR_NOMEM */
NODISCARD int ledger_add(struct ledger *l, const struct ledger_intent *intent, bool settled,
			 struct err *err);

/* How the call of that step ended is known. No such call: nothing happens. */
void ledger_settle(struct ledger *l, const char *run, const char *path);
/* It never came to an intent: settled, and it does not count. */
void ledger_withdraw(struct ledger *l, const char *run, const char *path);
/* A person has dealt with all that the run left open. */
void ledger_settle_run(struct ledger *l, const char *run);

/* Intents at or after since_ms of operations that match the pattern, on that resource or group. */
size_t ledger_count(const struct ledger *l, enum ledger_scope scope, const char *name,
		    const char *operations, int64_t since_ms);

/* The unsettled intent on the resource of a run other than this one, or NULL. Borrowed until the
 * next change. "" is no resource. */
const struct ledger_intent *ledger_unsettled(const struct ledger *l, const char *resource,
					     const char *run);

#endif
