/*
 * webhook_routes.h - the hooks of the moment: paths, names, proofs, and what their refusals cost. For
 * webhook*.c only.
 *
 * Counted and never changed: a delivery whose proof takes time keeps those that it came to.
 */
#ifndef TRIGGER_WEBHOOK_ROUTES_H
#define TRIGGER_WEBHOOK_ROUTES_H

#include "trigger/webhook.h"
#include "trigger/webhook_decoy.h"

struct route {
	char *name, *path;
	struct webhook_auth *auth;
};

struct routes {
	unsigned holders;
	struct webhook_decoys *decoys;
	struct route *v;
	size_t n;
};

/* @param[out] out held once by the caller; routes_unref. -ERR_INVALID as webhooks_start has it */
NODISCARD int routes_new(struct routes **out, const struct webhook *hooks, size_t n,
			 struct err *err);
struct routes *routes_ref(struct routes *r);
void routes_unref(struct routes *r); /* NULL is fine */

const struct route *routes_find(const struct routes *r, const struct http_received *req);

#endif
