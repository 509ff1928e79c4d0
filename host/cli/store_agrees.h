/*
 * store_agrees.h - do the store and the audit log tell the same?
 *
 * Every intent of a changing call that the store has must stand in the log, under the number that the
 * store gives; and no log may end before what the store knows to have been synced. Calls older than
 * the oldest record that is left were removed with [audit] keep: they are passed over. Whether the log
 * itself is whole, `runbook audit verify` tells.
 */
#ifndef CLI_STORE_AGREES_H
#define CLI_STORE_AGREES_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/upkeep.h"

struct store_agrees {
	uint64_t intents, records; /* of the store; looked at in the log */
};

/* Reads only; blocks. @return 0, whatever was found; -ERR_IO, -ERR_INVALID, -ERR_NOMEM */
NODISCARD int store_agrees(struct store_agrees *out, const char *store, const char *audit_dir,
			   store_problem_fn *fn, void *arg, struct err *err);

#endif
