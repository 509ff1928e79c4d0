/*
 * check.h - an argument object against the members an operation declares.
 *
 * Pure. What is wrong is said with the path of the member, what was expected and what was given; a
 * misspelt name gets a suggestion. Lengths of strings are in characters.
 */
#ifndef SCRIPT_CHECK_H
#define SCRIPT_CHECK_H

#include "base/json.h"
#include "plugin_api.h"

/* @return 0; -ERR_INVALID */
NODISCARD int check_members(const cJSON *args, const struct member *members, struct err *err);

/* The name in the list that is closest to name by edit distance, or NULL when none is close. */
const char *check_suggest(const char *name, const struct member *members);

#endif
