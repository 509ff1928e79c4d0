/* progress.h - what an answer of DescribeMapRun says about progress, for the host's bars. */
#ifndef SFN_PROGRESS_H
#define SFN_PROGRESS_H

#include "plugin_api.h"

/* The items of a Map Run; those that failed, timed out or were aborted count as failed. False when
 * the answer has no counts. */
bool progress_of_map_run(struct bytes answer, struct op_progress *out);

#endif
