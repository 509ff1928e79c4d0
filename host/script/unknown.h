/* unknown.h - the calls of a run whose outcome is unknown, as its end reports them. */
#ifndef SCRIPT_UNKNOWN_H
#define SCRIPT_UNKNOWN_H

#include "script/run_private.h"

/* Copies what is needed of c. */
void unknown_add(struct unknown_list *list, const struct call *c);
void unknown_clear(struct unknown_list *list);

/* Append template with every {member} replaced by that argument, quoted for a shell where it needs
 * it. Members that are not there or not text stay as they are written. */
void unknown_tell(struct buf *out, const char *template, const cJSON *args);

#endif
