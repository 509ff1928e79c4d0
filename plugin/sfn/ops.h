/*
 * ops.h - the Step Functions operations as rows of one table.
 *
 * The client (members, required, limits, token) and the local engine (which operation is this)
 * read the same rows, so they cannot drift. Source of every row: the Step Functions API model,
 * version 2016-11-23. size and the functions are filled in by sfn.c at registration.
 */
#ifndef SFN_OPS_H
#define SFN_OPS_H

#include "plugin_api.h"

extern const struct operation sfn_ops[]; /* ends with a row whose name is NULL */

/* The row of a wire name ("RedriveExecution"), or NULL. */
const struct operation *sfn_op_by_wire_name(const char *wire_name);

#endif
