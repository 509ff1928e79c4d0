/* names.h - how enums stand in the database: by name, so that their order is nobody's business. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "store/deliveries.h"
#include "store/firings.h"

const char *step_kind_name(enum step_kind k); /* "call", "sleep", ... */
/* @return 0; -ERR_INVALID when there is no kind of that name, or name is NULL */
NODISCARD int step_kind_parse(enum step_kind *out, const char *name);
/* firing_state_name is in firings.h */
NODISCARD int firing_state_parse(enum firing_state *out, const char *name);
/* delivery_state_name is in deliveries.h */
NODISCARD int delivery_state_parse(enum delivery_state *out, const char *name);

#endif
