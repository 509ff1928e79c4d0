/* shown_args.h - the arguments of a journalled call as a person may see them. */
#ifndef CLI_SHOWN_ARGS_H
#define CLI_SHOWN_ARGS_H

#include "base/json.h"

/*
 * For admin/query.h: what the operation declares sensitive is replaced as in the audit log, or by its
 * size where no log is open; nothing is left of an operation that no plugin offers.
 *
 * @param host struct host, its plugins loaded. From any thread: the registry does not change
 */
void shown_args(void *host, const char *operation, cJSON **args);

#endif
