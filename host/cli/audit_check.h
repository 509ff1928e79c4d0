/*
 * audit_check.h - the audit log is verified while it is written, on a thread of its own, when somebody
 * asks. For the loop's thread.
 */
#ifndef CLI_AUDIT_CHECK_H
#define CLI_AUDIT_CHECK_H

#include "base/err.h"
#include "base/json.h"

struct audit_check;
struct loop;

/* @param[out] out owned by the caller; audit_check_free */
NODISCARD int audit_check_new(struct audit_check **out, struct loop *l, const char *state_dir,
			      struct err *err);
/* Waits until the segment in hand is read. NULL is fine. */
void audit_check_free(struct audit_check *c);

/* Begin, unless it is under way: as `runbook audit verify` with the public key beside the log. */
void audit_check_begin(struct audit_check *c);

/* What page_audit (admin/pages.h) takes as check. Owned by the caller; NULL: it was never begun */
cJSON *audit_check_state(const struct audit_check *c);

#endif
