/* query_private.h - how rows become JSON; for query*.c only. */
#ifndef ADMIN_QUERY_PRIVATE_H
#define ADMIN_QUERY_PRIVATE_H

#include "base/json.h"

/* Members, left out where there is nothing to say. */
void query_add_text(cJSON *o, const char *name, const char *text);
void query_add_time(cJSON *o, const char *name, int64_t ms);
void query_add_json(cJSON *o, const char *name, const char *text);

/* A new object at the end of list; NULL: no memory. */
cJSON *query_add_row(cJSON *list);

#endif
