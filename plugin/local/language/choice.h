/*
 * choice.h - the rules of a Choice state (JSONPath query language).
 *
 * A rule is a comparison ("Variable" and one comparator) or a combination (And, Or, Not).
 * Comparators: String*, Numeric*, Boolean*, Timestamp* with Equals, LessThan, LessThanEquals,
 * GreaterThan, GreaterThanEquals and their ...Path forms; StringMatches; IsNull, IsPresent, IsString,
 * IsNumeric, IsBoolean, IsTimestamp. Values of another type than the comparator's never match.
 * Pure.
 */
#ifndef LOCAL_CHOICE_H
#define LOCAL_CHOICE_H

#include "local/language/path.h"

/*
 * The first rule of the array `choices` that holds.
 *
 * @param[out] out  borrowed from choices; NULL when no rule holds (Default, or
 *                  States.NoChoiceMatched: the caller's)
 * @return 0; -ERR_INVALID: States.Runtime when a Variable finds nothing (IsPresent asks for just
 *         that and is no error)
 */
NODISCARD int choice_pick(const cJSON **out, const cJSON *choices, const struct path_scope *scope,
			  struct err *err);

/* Is rule well-formed? @param nested true inside And, Or, Not, where Next is not allowed */
NODISCARD int choice_check(const cJSON *rule, bool nested, struct err *err);

#endif
