/*
 * webhook_decoy.h - what a refusal costs is the same whichever hook was asked for, or none.
 *
 * Hooks prove themselves in different ways, which take different times. So where a delivery is refused,
 * the work of every other way that some hook has is done as well, against secrets of chance; and hooks of
 * one way have equally many secrets, of chance those that are missing. A delivery that is proven pays
 * nothing of this. Pure.
 *
 * What still differs: who knows the ARN of a topic that a hook of SNS takes can tell that hook.
 */
#ifndef TRIGGER_WEBHOOK_DECOY_H
#define TRIGGER_WEBHOOK_DECOY_H

#include "trigger/webhook_auth.h"

struct webhook_decoys;

/*
 * @param hooks  get the secrets of chance that they lack; borrowed for the call
 * @param[out] out owned by the caller; webhook_decoys_free
 */
NODISCARD int webhook_decoys_new(struct webhook_decoys **out, struct webhook_auth *const *hooks,
				 size_t n, struct err *err);
void webhook_decoys_free(struct webhook_decoys *d); /* NULL is fine */

/* Do the work of all ways but own's (NULL: of all). Not that of SNS. */
void webhook_decoys_spend(const struct webhook_decoys *d, const struct webhook_auth *own,
			  const struct http_received *req, int64_t now_ms);

/* For sns_check; NULL: no hook is of SNS. */
const struct webhook_auth *webhook_decoys_sns(const struct webhook_decoys *d);

#endif
