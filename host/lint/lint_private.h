/* lint_private.h - for lint.c and arguments.c only. */
#ifndef LINT_LINT_PRIVATE_H
#define LINT_LINT_PRIVATE_H

#include "lint/lint.h"
#include "lint/tree.h"

/* near: what may have been meant, NULL: nothing. */
void lint_report(struct lint *l, const struct expr *at, const char *near, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* arguments.c: a literal table against the members of an operation. */
void lint_arguments(struct lint *l, const struct operation *op, const char *full_name,
		    const struct expr *call, const struct expr *args);

#endif
