/*
 * webhook_auth.h - the ways in which a delivery proves who sent it.
 *
 * One row of a table each (webhook_auth.c):
 *
 *	auth              what is proven                               delivery id
 *	hmac-sha256, hmac-sha1, hmac-sha512
 *	                  HMAC of the body, in any header              delivery_header
 *	github            X-Hub-Signature-256                          X-GitHub-Delivery
 *	slack             X-Slack-Signature over v0:time:body          body: event_id, if it is there
 *	stripe            Stripe-Signature over time.body              body: id
 *	standard-webhooks webhook-signature over id.time.body, HMAC    webhook-id
 *	                  (v1, whsec_) or Ed25519 (v1a, whpk_)
 *	svix              the same with svix- before the names         svix-id
 *	key               a header whose value is a secret             none
 *	basic, bearer     Authorization                                none
 *	eventbridge       as key, basic or bearer (scheme)             body: id
 *	mtls              the client's certificate                     none
 *	sns               see sns.h: a certificate may have to be      body: MessageId
 *	                  fetched first
 *
 * A check works on the raw body and parses nothing of it (but sns: what it signs is in the body). All
 * secrets are tried, and a digest is computed and compared also where a header is missing, so the time
 * tells nothing of the secrets nor of which of them was right. A header that is there twice is
 * refused. A signed time may differ from ours by `tolerance`, in both directions.
 *
 * Pure: the time is a parameter.
 */
#ifndef TRIGGER_WEBHOOK_AUTH_H
#define TRIGGER_WEBHOOK_AUTH_H

#include "base/compiler.h"
#include "base/http.h"
#include "base/json.h"

enum {
	WEBHOOK_SECRETS_MAX = 8,
	WEBHOOK_SECRET_MAX = 4096,
	WEBHOOK_IDENTITY_SIZE = 256,
	WEBHOOK_ID_SIZE = 201, /* printable ASCII */
};

/* How the deliveries of one hook prove themselves. NULL, 0: as the row of auth has it. What its row has
 * no use for is refused. Borrowed. */
struct webhook_auth_spec {
	const char *auth;            /* NULL: "hmac-sha256" */
	const struct bytes *secrets; /* each of them is good */
	size_t n_secrets;
	const char *header;   /* that carries the signature or the key */
	const char *prefix;   /* of the signature: "sha256=" */
	const char *encoding; /* of the signature: "hex", "base64" */
	const char *scheme;   /* eventbridge: "key", "basic", "bearer" */
	int64_t tolerance_ms;
	const char *clients; /* patterns (base/glob.h) of names as in struct http_client_cert,
	                              * parted by blanks; with every row but mtls one thing more that is
	                              * asked */
	const char *topics;  /* sns: ARNs, parted by blanks */
	const char
	    *sns_url_prefix;  /* sns: certificates and confirmations are believed from there too */
	const char *envelope; /* sns: "true": the input is the whole envelope, not its Message */
	const char *delivery_header; /* that identifies a delivery */
	const char *delivery_member; /* or a member of the body that does */
};

/* What came out. */
struct webhook_proof {
	const char *why; /* NULL: it is proven; else why not, for the audit log */
	/* "secret 2", a user, a topic, a name in a certificate; "" unless it is proven */
	char identity[WEBHOOK_IDENTITY_SIZE];
	/* As the sender gave it; "" where there is none, or, unless it is proven, it is not to be had. */
	char id[WEBHOOK_ID_SIZE];
	int64_t signed_ms; /* the time that was signed, wall clock; 0: none */
};

struct webhook_auth;

/*
 * Everything but the secrets: can it work?
 *
 * @return 0; -ERR_INVALID: the message names the key
 */
NODISCARD int webhook_auth_judge(const struct webhook_auth_spec *spec, struct err *err);

/* Does the row of that name (NULL as above) work with secrets? */
bool webhook_auth_has_secrets(const char *auth);

/* @param[out] out owned by the caller; webhook_auth_free, which wipes the secrets */
NODISCARD int webhook_auth_new(struct webhook_auth **out, const struct webhook_auth_spec *spec,
			       struct err *err);
/* One that takes as long to check as like, and is never proven (webhook_decoy.c). */
NODISCARD int webhook_auth_decoy(struct webhook_auth **out, const struct webhook_auth *like,
				 struct err *err);
void webhook_auth_free(struct webhook_auth *a); /* NULL is fine */

const char *webhook_auth_name(const struct webhook_auth *a);

/* Is it sns? Then sns_check (sns.h) does what webhook_auth_check does for the others. */
bool webhook_auth_waits(const struct webhook_auth *a);

/* Of sns: is the whole envelope the input of a run, and not the message in it? */
bool webhook_auth_envelope(const struct webhook_auth *a);

/* @param now_ms wall clock */
void webhook_auth_check(const struct webhook_auth *a, const struct http_received *req,
			int64_t now_ms, struct webhook_proof *out);

/*
 * Of what is proven: the delivery's id.
 *
 * @param body the parsed body
 * @return NULL; else what is wrong with it: where a row or the spec says that there is one, it must be
 *         there, once, and be printable ASCII of up to 200 characters
 */
const char *webhook_auth_identify(const struct webhook_auth *a, const struct http_received *req,
				  const cJSON *body, struct webhook_proof *p);

/* Slack asks once whether the address is ours: the text that it wants back, or NULL. */
const char *webhook_auth_challenge(const struct webhook_auth *a, const cJSON *body);

#endif
