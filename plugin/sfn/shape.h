/*
 * shape.h - does an answer have the types its operation declares?
 *
 * Members that are missing, null or unknown are fine: services grow, and a nil member is what a
 * script expects of a missing one. A number where a string should be is a broken answer.
 */
#ifndef SFN_SHAPE_H
#define SFN_SHAPE_H

#include "base/json.h"
#include "plugin_api.h"

/*
 * @return 0; -ERR_INVALID with "itemCounts.failed is a string, expected an integer"
 */
NODISCARD int shape_check(const struct member *members, const cJSON *object, struct err *err);

#endif
