/* unknown.h - the calls of a run whose outcome is unknown, as its end reports them. */
#ifndef SCRIPT_UNKNOWN_H
#define SCRIPT_UNKNOWN_H

#include "script/run_private.h"

/* Copies what is needed of c. */
void unknown_add(struct unknown_list *list, const struct call *c);
void unknown_clear(struct unknown_list *list);

/* Append template with every {member} replaced by that argument, or else by that member of the call's
 * context (the region), quoted for a shell where it needs it. What is in neither, or not text, stays
 * as it is written. */
void unknown_tell(struct buf *out, const char *template, const cJSON *args, const cJSON *context);

#endif
