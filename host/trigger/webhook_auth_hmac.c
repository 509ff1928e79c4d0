/* webhook_auth_hmac.c - a code over the raw body, with or without a time before it. */
#include "trigger/webhook_auth_row.h"

enum { SIGNATURES_MAX = 8, NO_SECRET = -1 };
static const char is_malformed[] = "the signature is malformed";
static const char is_wrong[] = "the signature is wrong";
static const char is_late[] = "the signed time is further from now than the tolerance";

/* What a sender gave: up to SIGNATURES_MAX codes, each as long as the digest of the row. */
struct given {
	uint8_t code[SIGNATURES_MAX][HMAC_MAX];
	size_t n;
};

/* Every secret is tried with every code, whatever was found before. */
static int signed_by(const struct webhook_auth *a, const struct bytes *parts, size_t n_parts,
		     const struct given *given)
{
	int found = NO_SECRET;
	size_t len = hmac_len(a->row->digest);
	for (size_t i = 0; i < a->n_secrets; i++) {
		uint8_t want[HMAC_MAX];
		const struct bytes key = { a->secrets[i].p, a->secrets[i].n };
		if (hmac_parts(want, a->row->digest, key, parts, n_parts) < 0)
			continue;
		for (size_t k = 0; k < given->n; k++) {
			if (bytes_eq_secret((struct bytes){ (const char *)want, len },
					    (struct bytes){ (const char *)given->code[k], len }))
				found = (int)i;
		}
		wipe(want, sizeof(want));
	}
	return found;
}

/* What comes behind the prefix of the signature. */
static struct bytes behind_prefix(const struct webhook_auth *a, const char *value, bool *formed)
{
	const char *prefix = a->prefix ? a->prefix : a->row->prefix;
	bool needed = a->prefix || !(a->row->takes & TAKES_PREFIX);
	size_t n = strlen(prefix);
	bool there = strncmp(value, prefix, n) == 0;
	*formed = there || !needed;
	return bytes_str(there ? value + n : value);
}

static void judge(struct webhook_proof *out, const char *why, bool formed, int secret)
{
	if (why)
		out->why = why;
	else if (!formed)
		out->why = is_malformed;
	else if (secret == NO_SECRET)
		out->why = is_wrong;
	else
		auth_prove_secret(out, (size_t)secret);
}

static void judge_time(const struct webhook_auth *a, struct webhook_proof *out, int64_t signed_ms,
		       int64_t now_ms)
{
	if (out->why)
		return;
	out->signed_ms = signed_ms;
	if (auth_is_late(a, signed_ms, now_ms))
		out->why = is_late;
}

void auth_check_hmac(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		     struct webhook_proof *out)
{
	struct given given = { .n = 1 };
	const char *why = NULL;
	size_t len = hmac_len(a->row->digest);
	bool has_prefix;
	struct bytes text = behind_prefix(a, auth_header(req, a->header, &why), &has_prefix);
	bool formed =
	    a->base64 ? auth_base64(given.code[0], len, text) : auth_hex(given.code[0], len, text);
	int secret = signed_by(a, &req->body, 1, &given);
	(void)now_ms;
	judge(out, why, formed && has_prefix, secret);
}

/* "v0=<hex>" over "v0:TIME:BODY". */
void auth_check_slack(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		      struct webhook_proof *out)
{
	struct given given = { .n = 1 };
	const char *why = NULL;
	int64_t signed_ms = 0;
	bool has_prefix;
	struct bytes time = bytes_str(auth_header(req, "X-Slack-Request-Timestamp", &why));
	struct bytes text = behind_prefix(a, auth_header(req, a->header, &why), &has_prefix);
	bool formed = auth_hex(given.code[0], SHA256_LEN, text);
	formed = auth_seconds(time, &signed_ms) && formed && has_prefix;
	const struct bytes parts[] = { BYTES_LIT("v0:"), time, BYTES_LIT(":"), req->body };
	int secret = signed_by(a, parts, sizeof(parts) / sizeof(parts[0]), &given);
	judge(out, why, formed, secret);
	judge_time(a, out, signed_ms, now_ms);
}

/* One "NAME=VALUE" of Stripe's header; names that we do not know are for others. */
static bool take_stripe(struct bytes item, struct given *given, struct bytes *time)
{
	if (item.n >= 2 && memcmp(item.p, "t=", 2) == 0) {
		bool first = time->n == 0;
		*time = (struct bytes){ item.p + 2, item.n - 2 };
		return first;
	}
	if (item.n < 3 || memcmp(item.p, "v1=", 3) != 0)
		return true;
	return given->n < SIGNATURES_MAX && auth_hex(given->code[given->n++], SHA256_LEN,
						     (struct bytes){ item.p + 3, item.n - 3 });
}

/* "t=TIME,v1=<hex>,v1=<hex>" over "TIME.BODY". */
void auth_check_stripe(const struct webhook_auth *a, const struct http_received *req,
		       int64_t now_ms, struct webhook_proof *out)
{
	struct given given = { .n = 0 };
	const char *why = NULL;
	struct bytes time = { "", 0 };
	int64_t signed_ms = 0;
	bool formed = true;
	for (const char *at = auth_header(req, a->header, &why); *at;) {
		size_t n = strcspn(at, ",");
		formed = take_stripe((struct bytes){ at, n }, &given, &time) && formed;
		at += n + (at[n] == ',');
	}
	formed = formed && given.n > 0 && auth_seconds(time, &signed_ms);
	const struct bytes parts[] = { time, BYTES_LIT("."), req->body };
	int secret = signed_by(a, parts, sizeof(parts) / sizeof(parts[0]), &given);
	judge(out, why, formed, secret);
	judge_time(a, out, signed_ms, now_ms);
}
