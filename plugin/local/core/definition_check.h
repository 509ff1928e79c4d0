/*
 * definition_check.h - is a definition one the service would accept?
 *
 * Stops at the first fault and says where, as a JSON pointer. What this engine does not run
 * (JSONata, Assign) is refused here and not at run time.
 */
#ifndef LOCAL_DEFINITION_CHECK_H
#define LOCAL_DEFINITION_CHECK_H

#include "base/err.h"
#include "base/json.h"

/* @return 0; -ERR_REMOTE InvalidDefinition */
NODISCARD int definition_check(const cJSON *tree, struct err *err);

#endif
