/* tags.h - the tags of a resource: an array of {"key", "value"}, or NULL for none. */
#ifndef LOCAL_TAGS_H
#define LOCAL_TAGS_H

#include "base/err.h"
#include "base/json.h"

struct jsonw;

enum { TAGS_MAX = 50 };

/* Add or replace tags: all of them or, after an error, none. @param list  of the request, or NULL
 * @return 0; -ERR_REMOTE ValidationException, TooManyTags */
NODISCARD int tags_add(cJSON **tags, const cJSON *list, struct err *err);
void tags_remove(cJSON *tags, const char *key);
void tags_write(struct jsonw *w, const cJSON *tags); /* the member "tags" */

#endif
