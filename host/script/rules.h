/*
 * rules.h - what a run may do, judged at the gate before a call is recorded as intended.
 *
 * Now: how often a run may call an operation. A row with max_calls = N may be called N times in one
 * run, which is the strictest reading of "one resource at most N times"; `[rules] NAME = N` in the
 * configuration replaces it. Every call that was not refused or malformed counts, also a failed
 * one, and also in a dry run, so that a rehearsal shows the refusal.
 */
#ifndef SCRIPT_RULES_H
#define SCRIPT_RULES_H

#include "script/run_private.h"

/*
 * May the run make one more call of op? Counts it if so.
 *
 * @return 0; -ERR_LIMIT with the message for the operator, naming the setting that allows more
 */
NODISCARD int rules_admit(struct run *r, const struct registered_op *op, struct err *err);

#endif
