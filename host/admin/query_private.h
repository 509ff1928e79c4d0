/* query_private.h - how rows become JSON; for query*.c only. */
#ifndef ADMIN_QUERY_PRIVATE_H
#define ADMIN_QUERY_PRIVATE_H

#include "admin/query.h"
#include "base/json.h"

enum { QUERY_ID_SIZE = 64 };

/* Members, left out where there is nothing to say. */
void query_add_text(cJSON *o, const char *name, const char *text);
void query_add_time(cJSON *o, const char *name, int64_t ms);
void query_add_json(cJSON *o, const char *name, const char *text);

/* A new object at the end of list; NULL: no memory. */
cJSON *query_add_row(cJSON *list);

/* ---- query_queued.c: runs that have not begun (store/queued.h) ---- */

/* Those that the filter lets through, newest first. */
NODISCARD int query_read_queued(const struct query *q, const struct run_filter *filter, cJSON *list,
				struct err *err);

/* Move those to list that sort before the run with that id; without the one that it is, which has
 * begun meanwhile. */
void query_list_queued(cJSON *list, cJSON *queued, const char *id);

/* The whole id. @return 1: it has not begun; 0: it has; -ERR_INVALID as store_run */
NODISCARD int query_find(const struct query *q, const char *id, char out[QUERY_ID_SIZE],
			 struct err *err);

/* All of one that has not begun, into o. */
NODISCARD int query_show_queued(const struct query *q, const char *id, cJSON *o, struct err *err);

#endif
