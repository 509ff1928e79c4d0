/*
 * changes.h - the changing calls that were intended of late, by what they act on: what budgets count,
 * and which of them are not settled. Pure, in memory; filled from the store at the start.
 *
 * An intent counts for CHANGES_MS from its time, whatever became of it: that is what can be known for
 * sure after a crash. It is unsettled until somebody says how it ended, however long that takes.
 */
#ifndef SCRIPT_CHANGES_H
#define SCRIPT_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { CHANGES_MS = 24 * 60 * 60 * 1000 };

struct changes;

/* Strings are copied by changes_add. */
struct changes_intent {
	const char *operation; /* "sfn.redrive_execution" */
	const char *resource;  /* "": none */
	const char *group;     /* "": none */
	const char *run;       /* id */
	const char *path;      /* of its step */
	int64_t at_ms;         /* wall clock; taken for no earlier than the one before it */
};

enum changes_scope { CHANGES_RESOURCE, CHANGES_GROUP };

/* @param[out] out owned by the caller; changes_free */
NODISCARD int changes_new(struct changes **out, struct err *err);
void changes_free(struct changes *l); /* NULL is fine */

/* @return 0; -ERR_NOMEM */
NODISCARD int changes_add(struct changes *l, const struct changes_intent *intent, bool settled,
			  struct err *err);

/* Only as unsettled: it is counted already, or too old to count. -ERR_NOMEM */
NODISCARD int changes_open(struct changes *l, const struct changes_intent *intent, struct err *err);

/* How the call of that step ended is known. No such call: nothing happens. */
void changes_settle(struct changes *l, const char *run, const char *path);
/* It never came to an intent: settled, and it does not count. */
void changes_withdraw(struct changes *l, const char *run, const char *path);
/* A person has dealt with all that the run left open. */
void changes_settle_run(struct changes *l, const char *run);

/* Intents at or after since_ms of operations that match the pattern, on that resource or group. */
size_t changes_count(const struct changes *l, enum changes_scope scope, const char *name,
		     const char *operations, int64_t since_ms);

/* The unsettled intent on the resource of a run other than this one, or NULL. Borrowed until the
 * next change. "" is no resource. */
const struct changes_intent *changes_unsettled(const struct changes *l, const char *resource,
					       const char *run);

#endif
