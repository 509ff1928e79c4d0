/*
 * status.h - what `runbook status` tells besides what the store knows (query_status in
 * admin/query.h), added to that object:
 *
 *	owner      {pid, command, since, version, config}; absent: no process owns the directory
 *	stateDir   as configured
 *	hold       {by, since, reason}; absent: changes are not held
 *	disk       {percent, free}: of the state directory, in bytes
 *	audit      {lastCheckpoint}, and from the owner {lagMs, records, segment, failed: why}
 *	memory     {alive, asleep}: runs of the owner, also those whose wait has left memory
 *	listeners  [texts]: where the owner is reached over HTTP
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "base/json.h"
#include "cli/host.h"

/* What the files of the state directory say: anybody may look. Blocks; from any thread. */
void status_add_files(cJSON *o, const char *state_dir);

/* What only the owner knows. since_ms: when it began. */
void status_add_owner(cJSON *o, const struct host *h, const char *command, int64_t since_ms);

#endif
