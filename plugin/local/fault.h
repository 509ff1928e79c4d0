/* fault.h - an AWS error as struct err: its code in name, its text in message, HTTP 400. */
#ifndef LOCAL_FAULT_H
#define LOCAL_FAULT_H

#include "base/err.h"

/* Fill *err and return -ERR_REMOTE. */
int fault(struct err *err, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
