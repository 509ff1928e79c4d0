/*
 * webhook_auth.h - the ways in which a delivery proves who sent it.
 *
 * One row of a table each. Every check works on the raw body, takes the same time whatever the
 * signature is, and knows no hooks. Pure.
 */
#ifndef TRIGGER_WEBHOOK_AUTH_H
#define TRIGGER_WEBHOOK_AUTH_H

#include "base/http.h"

struct webhook_auth {
	const char *name;
	const char *header; /* that usually carries the signature */
	/* header: where this hook expects it. NULL: right; else why not, for the audit log */
	const char *(*check)(const struct http_received *req, const char *header,
			     struct bytes secret);
};

/* The row of that name, or NULL. */
const struct webhook_auth *webhook_auth_find(const char *name);

extern const char webhook_auth_names[]; /* "hmac-sha256, ...", for messages */

#endif
