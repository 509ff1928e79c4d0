/* fault.h - an AWS error as struct err: its code in name, its text in message, HTTP 400. */
#ifndef LOCAL_FAULT_H
#define LOCAL_FAULT_H

#include "base/err.h"

void fault_fill(struct err *err, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Fill *err; the value is -ERR_REMOTE. A macro, so that readers of one file (analyzers too) see it. */
#define fault(...) (fault_fill(__VA_ARGS__), -ERR_REMOTE)

#endif
