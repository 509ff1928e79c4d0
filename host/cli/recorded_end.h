/* recorded_end.h - how a run ended that another process went through and had no time to tell of. */
#ifndef CLI_RECORDED_END_H
#define CLI_RECORDED_END_H

#include "cli/host.h"
#include "script/run.h"

/*
 * Read it from the store and call on_end with it, once, from inside. Blocks while it reads.
 *
 * @return 0; -ERR_INVALID when there is no such run, or it is not over
 */
NODISCARD int recorded_end(const struct host *h, const char *id,
			   void (*on_end)(void *arg, const struct run_end *end), void *arg,
			   struct err *err);

#endif
