/*
 * operations.h - is a name given to --deny or to a fault one that a request can have? Pure.
 */
#ifndef LOCAL_OPERATIONS_H
#define LOCAL_OPERATIONS_H

#include "base/buf.h"
#include "base/err.h"

/* -ERR_INVALID: err->message says so after `what`, with the operation that may be meant. */
NODISCARD int operation_check(struct bytes name, const char *what, struct err *err);

#endif
