/*
 * start.h - what a command line asks for, as a JSON object that can be handed to another process, and
 * the starting of it.
 *
 *	{"op":"run", "id":UUID, "file":PATH, "input":{}, "actor":{}, "reason":TEXT, "dryRun":BOOL,
 *	 "timeoutMs":N, "again":BOOL}   again: carried on if it was begun under this id
 *	{"op":"resume", "run":ID}     the same attempt, the same idempotency tokens
 *	{"op":"retry", "run":ID}      a new attempt
 *	{"op":"cancel", "run":ID, "reason":TEXT}   taken up and ended, without a step of it
 */
#ifndef CLI_START_H
#define CLI_START_H

#include "base/json.h"
#include "cli/host.h"
#include "script/run.h"

struct start_asked { /* on a command line */
	const char *file;
	cJSON *input;       /* object; taken over */
	const char *reason; /* or NULL */
	bool dry_run;
	int64_t timeout_ms; /* 0: the limit of every run */
};

/* {"op":"run"} with a new id, by whoever runs this program. Owned by the caller. NULL: no memory. */
cJSON *start_run_asked(const struct start_asked *asked);

/*
 * Do what the request asks for.
 *
 * @param[out] id of the run
 * @return 0; -ERR_INVALID
 */
NODISCARD int start_request(char id[RUN_ID_SIZE], struct host *h, const cJSON *request,
			    const struct run_listener *listener, struct err *err);

#endif
