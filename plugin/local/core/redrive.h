/* redrive.h - RedriveExecution: who may be redriven, the tokens, and doing it. */
#ifndef LOCAL_REDRIVE_H
#define LOCAL_REDRIVE_H

#include <stdint.h>

#include "local/core/execution.h"

/* Why the execution cannot be redriven at now_ms, in the service's words; NULL: it can. */
const char *redrive_refusal(const struct execution *x, int64_t now_ms);

/* redriveStatus, redriveStatusReason. */
void redrive_write_status(struct jsonw *w, const struct execution *x, int64_t now_ms);

/* The redriveDate of a remembered token, or -1. */
int64_t redrive_token_date(const struct execution *x, const char *token, int64_t now_ms);
/* Remember a token that has just redriven the execution. */
void redrive_token_add(struct execution *x, const char *token, int64_t now_ms);

#endif
