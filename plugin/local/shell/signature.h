/*
 * signature.h - is a request signed by the one key pair this engine knows? Errors in the service's
 * words:
 *
 *	another access key id       UnrecognizedClientException
 *	more than 5 minutes off     InvalidSignatureException, "Signature expired: ..." or "Signature
 *	                            not yet current: ..."
 *	host or x-amz-date not      InvalidSignatureException
 *	among the signed headers
 *	another signature           InvalidSignatureException with the canonical request and the string
 *	                            to sign, so that the client's author can compare
 *
 * The wall clock counts, not the engine's: clients have no other.
 */
#ifndef LOCAL_SIGNATURE_H
#define LOCAL_SIGNATURE_H

#include "base/buf.h"
#include "base/http.h"

struct signature;

/*
 * @param[out] out  owned by the caller; signature_free
 * @param keys      "ACCESS_KEY_ID:SECRET"; copied
 */
NODISCARD int signature_new(struct signature **out, const char *keys, struct err *err);
void signature_free(struct signature *s); /* wipes the secret; NULL is fine */

/*
 * Check a request whose Authorization header wire_read has found to be whole.
 *
 * @param[out] extra  gets the member `message` when it is longer than err->message can be
 * @return 0; -ERR_REMOTE
 */
NODISCARD int signature_check(struct signature *s, const struct http_received *req,
			      const char *region, int64_t now_ms, struct buf *extra,
			      struct err *err);

#endif
