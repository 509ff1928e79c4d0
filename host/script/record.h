/*
 * record.h - what the audit log is told about runs and calls.
 *
 *	run.start   run step attempt actor reason runbook{path,sha256} config, input{bytes,sha256}
 *	run.module  run, module, path, sha256
 *	call.intent the same first members, plugin{name,version} operation mutates, what the
 *	            operation's context adds (account, region, endpoint, identity), resource args token
 *	call.prepare  run step attempt operation context resource: a look before a changing call
 *	            baseline, journalled: it goes with a row of the store
 *	            resends{segment,intent}: the same call as that intent's, token and all, is sent again
 *	            replaces{segment,intent}: that one was found not done; this has another token
 *	call.outcome run step attempt operation intent outcome code message facts replayed context
 *	            requestId attempts status latencyUs
 *	call.look   run step attempt operation context resource about{segment,intent}: the service is
 *	            asked what became of that intent
 *	call.settle run step attempt operation about{segment,intent} outcome code message facts context:
 *	            what became of it, as the run's journal has it from now on; "not_done": replaced
 *	run.resume, run.retry  as run.start
 *	run.end     run outcome message resultBytes steps
 *	run.lost    run attempt about{segment,start} message: by the recovery (audit/recover.h); the
 *	            process died before the store had the run, so it is as if it had not begun
 *	approval.asked    run step attempt actor ... subject details needed expiresMs
 *	approval.vote     run step attempt subject voter by approve comment: by says what verified the
 *	                  voter (loginuid, sudo, uid, link)
 *	approval.decided  run step attempt subject decision (approved, rejected, expired) needed
 *	                  votes[{voter,by,approve,comment}]
 *
 * Arguments and facts are redacted by the operation's declaration: a MEMBER_SENSITIVE value is
 * replaced by {"redacted":BYTES,"hmac":HEX} (audit/redaction.h), a member that the operation does not have likewise.
 */
#ifndef SCRIPT_RECORD_H
#define SCRIPT_RECORD_H

#include "commit/commit.h"
#include "script/approval.h"
#include "script/call.h"

/* kind: "run.start", "run.resume" (carried on by this process) or "run.retry" (a new attempt). */
void record_run_start(const struct run *r, const char *kind);
void record_module(const struct run *r, const char *name, const char *path, struct bytes source);
void record_run_end(const struct run *r, const struct run_end *end);

struct vote_row;
void record_approval(const struct branch *b, const struct approval *a);
/* done may be NULL. */
void record_vote(struct runs *runs, const struct vote_row *v, const char *subject,
		 commit_done_fn *done, void *arg);
void record_decided(const struct branch *b, const struct approval *a, enum approval_state state);

/* Returns the sequence number, 0 if it was not accepted. done may be NULL; its arg is c. */
uint64_t record_intent(struct call *c, commit_done_fn *done);
void record_outcome(struct call *c, commit_done_fn *done);
void record_prepare(struct call *c, commit_done_fn *done); /* told when it is written */
/* Of c->past. Of a look done is told when it is written. outcome: a name, see above. */
void record_look(struct call *c, commit_done_fn *done);
void record_settle(struct call *c, const char *outcome, commit_done_fn *done);

/* Does a list of members declare anything sensitive, at any depth? */
bool record_has_sensitive(const struct member *members);

/* v as an object with what m declares sensitive replaced; without a log by its size only. Owned by
 * the caller; NULL: no memory. From any thread. */
cJSON *record_redacted(const cJSON *v, const struct member *members, const struct committer *log);

#endif
