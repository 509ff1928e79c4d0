/*
 * owner.h - asks the process that owns the state directory.
 *
 * Whoever runs runbooks in a state directory owns it and serves its control socket (admin/control.h).
 * Commands that only look, or that tell a run something, ask there; without an owner the caller does
 * it by itself.
 */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include "base/json.h"
#include "cli/config.h"

enum { OWNER_PATH_MAX = 4096 };

/* STATE/control.sock. -ERR_INVALID when the state directory's name is too long. */
NODISCARD int owner_socket(char out[OWNER_PATH_MAX], const struct config *c, struct err *err);

/*
 * Ask and wait for the answer. Blocks; makes a loop of its own.
 *
 * @param wait_ms how long at most: a process that is stopped (Ctrl-Z) owns it and never answers
 * @param[out] answer owned by the caller (cJSON_Delete)
 * @return 0; 1 when there is no owner; -ERR_REMOTE when it refused, err->name being its code;
 *         -ERR_IO when it went away meanwhile; -ERR_TIMEOUT when it does not answer, which the
 *         message says, with its process id
 */
NODISCARD int owner_ask(const struct config *c, const cJSON *request, int64_t wait_ms,
			cJSON **answer, struct err *err);

#endif
