/* webhook_auth_standard.c - Standard Webhooks 1.0: several signatures over id.time.body, of secrets that
 * are shared (v1) or of an Ed25519 key whose public half we have (v1a). */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/ed25519.h"
#include "trigger/webhook_auth_row.h"

enum { SIGNATURES_MAX = 4, NO_SECRET = -1, NAME_SIZE = 64, SHARED_MIN = 16 };

struct given {
	uint8_t code[SIGNATURES_MAX][SHA256_LEN];
	size_t n;
	uint8_t signature[SIGNATURES_MAX][ED25519_SIGNATURE_LEN];
	size_t n_signatures;
};

static bool begins(struct bytes text, const char *prefix)
{
	size_t n = strlen(prefix);
	return text.n >= n && memcmp(text.p, prefix, n) == 0;
}

bool auth_decode_standard(struct webhook_secret *s, struct bytes text)
{
	static const char shared[] = "whsec_", public_half[] = "whpk_";
	struct buf b = BUF_INIT(WEBHOOK_SECRET_MAX);
	size_t skip = 0;
	s->is_public = begins(text, public_half);
	if (s->is_public)
		skip = sizeof(public_half) - 1;
	else if (begins(text, shared))
		skip = sizeof(shared) - 1;
	bool good = base64_decode(&b, (struct bytes){ text.p + skip, text.n - skip }) == 0 &&
		    (s->is_public ? b.n == ED25519_KEY_LEN : b.n >= SHARED_MIN);
	s->p = good ? malloc(b.n) : NULL;
	if (s->p) {
		memcpy(s->p, b.p, b.n);
		s->n = b.n;
	}
	if (b.p)
		wipe(b.p, b.n);
	buf_clear(&b);
	return s->p != NULL;
}

/* One "VERSION,BASE64"; versions that we do not know are for others. */
static bool take(struct bytes item, struct given *given)
{
	if (begins(item, "v1,"))
		return given->n < SIGNATURES_MAX &&
		       auth_base64(given->code[given->n++], SHA256_LEN,
				   (struct bytes){ item.p + 3, item.n - 3 });
	if (begins(item, "v1a,"))
		return given->n_signatures < SIGNATURES_MAX &&
		       auth_base64(given->signature[given->n_signatures++], ED25519_SIGNATURE_LEN,
				   (struct bytes){ item.p + 4, item.n - 4 });
	return true;
}

static bool read_signatures(const char *at, struct given *given)
{
	bool formed = true;
	while (*at) {
		size_t n = strcspn(at, " ");
		formed = take((struct bytes){ at, n }, given) && formed;
		at += n + (at[n] == ' ');
	}
	return formed && given->n + given->n_signatures > 0;
}

static bool shared_matches(const struct webhook_secret *s, struct bytes text,
			   const struct given *given)
{
	uint8_t want[HMAC_MAX];
	bool found = false;
	if (hmac_parts(want, HMAC_WITH_SHA256, (struct bytes){ s->p, s->n }, &text, 1) < 0)
		return false;
	for (size_t k = 0; k < given->n; k++)
		found |=
		    bytes_eq_secret((struct bytes){ (const char *)want, SHA256_LEN },
				    (struct bytes){ (const char *)given->code[k], SHA256_LEN });
	wipe(want, sizeof(want));
	return found;
}

/* One signature of zeros is checked where none was given. */
static bool public_matches(const struct webhook_secret *s, struct bytes text,
			   const struct given *given)
{
	static const uint8_t none[ED25519_SIGNATURE_LEN];
	const uint8_t *key = (const uint8_t *)s->p;
	bool found = false;
	for (size_t k = 0; k < given->n_signatures; k++)
		found |= ed25519_signed(key, text, given->signature[k]);
	if (given->n_signatures == 0)
		(void)ed25519_signed(key, text, none);
	return found;
}

static int signed_by(const struct webhook_auth *a, struct bytes text, const struct given *given)
{
	int found = NO_SECRET;
	for (size_t i = 0; i < a->n_secrets; i++) {
		const struct webhook_secret *s = &a->secrets[i];
		bool same =
		    s->is_public ? public_matches(s, text, given) : shared_matches(s, text, given);
		if (same)
			found = (int)i;
	}
	return found;
}

static const char *header_of(const struct webhook_auth *a, const struct http_received *req,
			     const char *what, const char **why)
{
	char name[NAME_SIZE];
	(void)snprintf(name, sizeof(name), "%s%s", a->row->header, what);
	return auth_header(req, name, why);
}

void auth_check_standard(const struct webhook_auth *a, const struct http_received *req,
			 int64_t now_ms, struct webhook_proof *out)
{
	struct given given = { .n = 0 };
	const char *why = NULL;
	int64_t signed_ms = 0;
	const char *id = header_of(a, req, "id", &why);
	const char *time = header_of(a, req, "timestamp", &why);
	bool formed = read_signatures(header_of(a, req, "signature", &why), &given);
	formed = auth_seconds(bytes_str(time), &signed_ms) && id[0] && formed;

	struct buf text = BUF_INIT(SIZE_MAX);
	buf_adds(&text, id);
	buf_adds(&text, ".");
	buf_adds(&text, time);
	buf_adds(&text, ".");
	buf_add(&text, req->body.p, req->body.n);
	int secret = text.err ? NO_SECRET : signed_by(a, buf_bytes(&text), &given);
	buf_clear(&text);

	if (why)
		out->why = why;
	else if (!formed)
		out->why = "the signature is malformed";
	else if (secret == NO_SECRET)
		out->why = "the signature is wrong";
	else if (auth_is_late(a, signed_ms, now_ms))
		out->why = "the signed time is further from now than the tolerance";
	else
		auth_prove_secret(out, (size_t)secret);
	out->signed_ms = out->why ? 0 : signed_ms;
}
