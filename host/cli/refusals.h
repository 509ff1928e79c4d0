/*
 * refusals.h - the deliveries that were refused last, and why: for people who look for theirs.
 *
 * In memory, and bounded: the newest REFUSALS_KEPT of strangers, and as many of those who had proven who
 * they are, which strangers cannot push out. The audit log has the durable ones. For the loop's thread.
 */
#ifndef CLI_REFUSALS_H
#define CLI_REFUSALS_H

#include "base/json.h"
#include "trigger/webhook.h"

enum { REFUSALS_KEPT = 50 };

struct refusals;

/* NULL: no memory. */
struct refusals *refusals_new(void);
void refusals_free(struct refusals *r); /* NULL is fine */

/* Copied, and cut where it is long. r NULL: nobody keeps them. */
void refusals_add(struct refusals *r, const struct webhook_delivery *d, const char *why,
		  int64_t now_ms);

/* [{hook, path, at, peer, id, identity, why}, ...], newest first; what is not known is left out. Owned by
 * the caller; NULL: no memory */
cJSON *refusals_list(const struct refusals *r);

#endif
