/* look.h - a request that only looks: asked of the owner of the state directory, or the store is read. */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "base/err.h"
#include "base/json.h"
#include "cli/config.h"
#include "script/run.h"

/* {"op":OP}, to be added to. NULL: no memory. */
cJSON *look_request(const char *op);

/*
 * Says on standard error too when every change is held (script/hold.h).
 *
 * @param config  file, or NULL
 * @param request as query_request takes it; taken over; NULL: -ERR_NOMEM
 * @param[out] answer owned by the caller
 */
NODISCARD int look_fetch(const char *config, cJSON *request, cJSON **answer, struct err *err);

/* The same from the store, whoever owns it. -ERR_INVALID: nothing was ever run there */
NODISCARD int look_read(struct config *config, const cJSON *request, cJSON **answer,
			struct err *err);

/*
 * The id of the run that a person means, who may have given only its beginning.
 *
 * @return 0; -ERR_INVALID: no such run, or several begin like this
 */
NODISCARD int look_find(char id[RUN_ID_SIZE], const char *config, const char *run, struct err *err);

#endif
