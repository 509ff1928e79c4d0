/*
 * definition_rules.h - what the service refuses beyond the form of single fields. Private to
 * definition_*.c. Measured with ValidateStateMachineDefinition and CreateStateMachine by public
 * issue reports, where a line does not say otherwise.
 */
#ifndef LOCAL_DEFINITION_RULES_H
#define LOCAL_DEFINITION_RULES_H

#include "local/core/definition_place.h"

/* One state of right form: fields its type does not have, States.ALL not alone and last, a
 * Resource that is none or that an Express machine may not use.
 * @param def  has a Type, Retry and Catch of right form
 * @return 0 or -ERR_INVALID, with the faults appended */
NODISCARD int rules_check_state(const cJSON *def, const struct place *at, struct diagnostics *out);

/* The transitions of the whole definition: targets that are not there, then either the one fault
 * that nothing ends it or every state that no transition and no StartAt names. Being named by a
 * state that is not reachable itself is enough (recorded). Tolerates any tree. */
NODISCARD int rules_check_graph(const cJSON *tree, struct diagnostics *out);

#endif
