/*
 * sns.h - is a delivery of Amazon SNS, of a topic that is allowed?
 *
 *	READING ──► FETCHING ──► CONFIRMING ──► DONE
 *	    │           ├──────────────────────►
 *	    └───────────┴──────────────────────►
 *
 * READING    the envelope (sns_message.h) is read: the topic must be one of the hook's, and the
 *            certificate must be at the address that this topic's region has for it
 * FETCHING   the certificate, unless it is kept from before: over TLS from that host and no other,
 *            without redirects. That host vouches for it: SNS hands out no chain. It must be for SNS in
 *            that region and good today; then the signature is checked, and the time
 * CONFIRMING of a SubscriptionConfirmation alone: its SubscribeURL is asked for, at that host
 *
 * Up to 8 certificates are kept. One that could not be had is not asked for again for 30 s; 8 addresses
 * are asked at once at most. What waits longer is told to come again.
 *
 * A topic's name is not secret, so strangers can make us ask that host for certificates that it does not
 * have. They cannot make us ask anybody else.
 */
#ifndef TRIGGER_SNS_H
#define TRIGGER_SNS_H

#include "trigger/sns_message.h"
#include "trigger/webhook_auth.h"

struct http_client;
struct loop;
struct sns; /* the certificates, and who waits for them */
struct sns_check;

struct sns_verdict {
	struct webhook_proof *proof;
	/* It could not be told, for a reason that may pass: the sender is to come again. proof->why says
	 * which. */
	bool later;
	const struct sns_message *message; /* NULL: it could not be read */
};

/* The verdict is borrowed for the call; the check is gone: do not stop it then. */
typedef void sns_done_fn(void *arg, const struct sns_verdict *v);

/* @param[out] out owned by the caller; sns_free */
NODISCARD int sns_new(struct sns **out, struct loop *loop, struct http_client *http,
		      struct err *err);
/* Every check must have ended or been stopped. NULL is fine. */
void sns_free(struct sns *s);

/*
 * Out of memory for a check ends the process.
 *
 * @param a, req borrowed until done was called or the check was stopped
 * @param now_ms wall clock
 */
struct sns_check *sns_check(struct sns *s, const struct webhook_auth *a,
			    const struct http_received *req, int64_t now_ms, sns_done_fn *done,
			    void *arg);
/* Nothing is pending then, and done will not run. NULL is fine. */
void sns_check_stop(struct sns_check *c);

#endif
