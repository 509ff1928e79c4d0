/*
 * serve_follow.h - who waits for the end of a run, and how a run is: looked up on the worker, when it is
 * asked, when the run has ended and when the time is up.
 */
#ifndef CLI_SERVE_FOLLOW_H
#define CLI_SERVE_FOLLOW_H

#include "cli/host.h"
#include "trigger/webhook.h"

struct follows;

/* @param[out] out owned by the caller; follows_free */
NODISCARD int follows_new(struct follows **out, struct host *host, struct err *err);
/* Tells those that wait that nothing is known. NULL is fine. */
void follows_free(struct follows *fs);

/* As webhook_spec.follow has it: "state", "outcome", "result" and "message". */
void follows_add(struct follows *fs, const char *run, int64_t wait_ms, webhook_state_fn *done,
		 void *arg);

void follows_run_ended(struct follows *fs, const char *run);
/* Nobody waits any longer: all are told how it is. */
void follows_hurry(struct follows *fs);

#endif
