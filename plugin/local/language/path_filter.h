/*
 * path_filter.h - the conditions of `[?(...)]`. Private to path*.c.
 *
 *	or:      and ('||' and)*
 *	and:     term ('&&' term)*
 *	term:    '!' term | '(' or ')' | operand [operator operand]
 *	operand: a path from @ or $, 'text', a number, true, false, null, [operand, ...]
 *
 * Operators: == != < <= > >= in nin contains size empty. Values of different types are unequal and
 * have no order. A path alone asks whether it finds anything.
 */
#ifndef LOCAL_PATH_FILTER_H
#define LOCAL_PATH_FILTER_H

#include "local/language/path_parse.h"

struct path_filter;

/* Read "(...)" at r->p. @param[out] out owned by the caller; path_filter_free */
NODISCARD int path_filter_read(struct path_filter **out, struct path_reader *r);
void path_filter_free(struct path_filter *f); /* NULL is fine */

/*
 * Does the condition hold for item?
 *
 * @param find  the values a path finds as a list (of one for a definite path), owned by the caller;
 *              NULL when out of memory
 */
typedef cJSON *path_find_fn(void *arg, const struct path *p, const cJSON *item);
bool path_filter_holds(const struct path_filter *f, const cJSON *item, path_find_fn *find,
		       void *arg);

#endif
