/*
 * turns.h - which calls wait for their turn at a service's token bucket (script/rates.h), as
 * `runbook status` and `runbook show` tell it.
 *
 * Only the process that goes on with the runs knows.
 */
#ifndef CLI_TURNS_H
#define CLI_TURNS_H

#include "base/json.h"

struct runs;

/* "turns":[{bucket, waiting, oldestMs}, ...], of those where calls wait. */
void turns_add_status(cJSON *o, const struct runs *runs);

/* To the steps of the answer to a show: those that wait, as {path, kind, operation, waitsFor,
 * waitedMs}. What waits is not on record yet. */
void turns_add_run(cJSON *run, const struct runs *runs);

#endif
