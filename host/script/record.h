/*
 * record.h - what the audit log is told about runs and calls.
 *
 *	run.start   run step attempt actor reason runbook{path,sha256} config, input{bytes,sha256}
 *	run.module  run, module, path, sha256
 *	call.intent the same first members, plugin{name,version} operation mutates, what the
 *	            operation's context adds (account, region, endpoint, identity), resource args token
 *	call.outcome run step attempt operation intent outcome code message facts replayed context
 *	            requestId attempts status latencyUs
 *	run.end     run outcome message resultBytes steps
 *
 * Arguments and facts are redacted by the operation's declaration: a MEMBER_SENSITIVE value is
 * replaced by {"redacted":BYTES,"hmac":HEX} (audit/redaction.h), a member that the operation does not have likewise.
 */
#ifndef SCRIPT_RECORD_H
#define SCRIPT_RECORD_H

#include "commit/commit.h"
#include "script/call.h"

void record_run_start(const struct run *r);
void record_module(const struct run *r, const char *name, const char *path, struct bytes source);
void record_run_end(const struct run *r, const struct run_end *end);

/* Returns the sequence number, 0 if it was not accepted. done may be NULL; its arg is c. */
uint64_t record_intent(struct call *c, commit_done_fn *done);
void record_outcome(struct call *c, commit_done_fn *done);

/* v as an object with what m declares sensitive replaced. Owned by the caller; NULL: no memory. */
cJSON *record_redacted(const cJSON *v, const struct member *members, const struct committer *log);

#endif
