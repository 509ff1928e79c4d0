/* webhook_auth_row.h - a row of the table, and a hook's values for it; for webhook_auth*.c and sns*.c. */
#ifndef TRIGGER_WEBHOOK_AUTH_ROW_H
#define TRIGGER_WEBHOOK_AUTH_ROW_H

#include "base/crypto.h"
#include "trigger/webhook_auth.h"

enum auth_takes { /* keys that a row has a use for */
		  TAKES_SECRETS = 1u << 0,
		  TAKES_HEADER = 1u << 1,
		  TAKES_PREFIX = 1u << 2,
		  TAKES_ENCODING = 1u << 3,
		  TAKES_SCHEME = 1u << 4,
		  TAKES_TOLERANCE = 1u << 5,
		  TAKES_TOPICS = 1u << 6,
		  NEEDS_CLIENTS = 1u << 7,
};

enum auth_scheme { SCHEME_KEY, SCHEME_BASIC, SCHEME_BEARER };

struct webhook_secret {
	char *p; /* decoded; n bytes, wiped in the end */
	size_t n;
	bool is_public; /* an Ed25519 public key */
};

struct webhook_auth_row {
	const char *name;
	const char *header; /* that usually carries the signature, or what its headers begin with */
	const char *prefix; /* of the signature: must be there; may be, where the row takes one */
	const char *id_header, *id_member;
	int64_t tolerance_ms;
	/* NULL: a secret is used as it is. false: it cannot be one of these */
	bool (*decode)(struct webhook_secret *s, struct bytes text);
	const char *secret_form; /* for the message */
	void (*check)(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		      struct webhook_proof *out); /* NULL: sns_check does it */
	unsigned takes;                           /* bits of enum auth_takes */
	enum hmac_digest digest;
	bool id_needed;
};

struct webhook_auth {
	const struct webhook_auth_row *row;
	char *header, *prefix, *id_header, *id_member, *clients, *topics, *sns_url_prefix;
	bool base64, envelope, id_needed;
	bool decoy; /* never proven */
	enum auth_scheme scheme;
	int64_t tolerance_ms;
	/* what was given; then of chance, of both kinds: webhook_decoy.h */
	struct webhook_secret secrets[2 * WEBHOOK_SECRETS_MAX];
	size_t n_secrets;
};

/* webhook_auth_read.c: how headers are read. */

/* The header's value, "" where it is missing or there more than once; *why is set then. */
const char *auth_header(const struct http_received *req, const char *name, const char **why);

/* Seconds since the epoch in digits, to milliseconds. False: it is anything else. */
bool auth_seconds(struct bytes text, int64_t *ms);

/* Is the time further from now than is tolerated? */
bool auth_is_late(const struct webhook_auth *a, int64_t signed_ms, int64_t now_ms);

/* A signature as hexadecimal digits or base64 of exactly n bytes. False, and zeros: it is none. */
bool auth_hex(uint8_t *out, size_t n, struct bytes text);
bool auth_base64(uint8_t *out, size_t n, struct bytes text);

/* A secret was found by its place; from 0. */
void auth_prove_secret(struct webhook_proof *out, size_t i);

/* A copy that is owned by the caller, NULL of NULL. *ok becomes false where there is no memory. */
char *auth_copy(const char *text, bool *ok);

/* Copy what identifies a delivery. False: it cannot be that, and out is as it was. */
bool auth_take_id(char out[WEBHOOK_ID_SIZE], const char *text);

/* The end of every check: what is asked of all rows. */
void webhook_auth_close(const struct webhook_auth *a, const struct http_received *req,
			struct webhook_proof *p);

/* webhook_auth_hmac.c */
void auth_check_hmac(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		     struct webhook_proof *out);
void auth_check_slack(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		      struct webhook_proof *out);
void auth_check_stripe(const struct webhook_auth *a, const struct http_received *req,
		       int64_t now_ms, struct webhook_proof *out);

/* webhook_auth_standard.c */
bool auth_decode_standard(struct webhook_secret *s, struct bytes text);
void auth_check_standard(const struct webhook_auth *a, const struct http_received *req,
			 int64_t now_ms, struct webhook_proof *out);

/* webhook_auth_token.c */
bool auth_decode_basic(struct webhook_secret *s, struct bytes text);
void auth_check_token(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		      struct webhook_proof *out);
void auth_check_mtls(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		     struct webhook_proof *out);
/* The first name of the certificate that a->clients allows, or NULL. */
const char *auth_client(const struct webhook_auth *a, const struct http_received *req);

#endif
