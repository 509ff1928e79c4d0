/* run_json.h - how a run ended, as JSON: what the owner of a state directory tells the process that
 * handed the run over. */
#ifndef CLI_RUN_JSON_H
#define CLI_RUN_JSON_H

#include "base/json.h"
#include "script/run.h"

/* Owned by the caller; NULL: no memory. */
cJSON *run_end_to_json(const struct run_end *end);

enum { RUN_JSON_UNKNOWN_MAX = 64 };

/* unknown is where the calls of unknown outcome are put; all strings are borrowed from v. */
void run_end_from_json(struct run_end *end, struct run_unknown unknown[RUN_JSON_UNKNOWN_MAX],
		       const cJSON *v);

#endif
