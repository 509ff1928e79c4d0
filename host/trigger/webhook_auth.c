#include "trigger/webhook_auth.h"

#include <string.h>

#include "base/crypto.h"
#include "base/percent.h"

static bool read_digest(uint8_t out[SHA256_LEN], const char *hex)
{
	bool good = strlen(hex) == SHA256_HEX;
	for (size_t i = 0; good && i < SHA256_LEN; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		good = high >= 0 && low >= 0;
		out[i] = good ? (uint8_t)(high * 16 + low) : 0;
	}
	return good;
}

/* "sha256=<hex>" as GitHub sends it, or the hex digits alone. The digest is computed and compared
 * also where the header is missing or malformed. */
static const char *check_hmac_sha256(const struct http_received *req, const char *header,
				     struct bytes secret)
{
	static const char prefix[] = "sha256=";
	uint8_t given[SHA256_LEN] = { 0 }, want[SHA256_LEN];
	const char *value = http_header_get(req->headers, req->n_headers, header);
	const char *hex = value ? value : "";
	if (strncmp(hex, prefix, sizeof(prefix) - 1) == 0)
		hex += sizeof(prefix) - 1;
	bool formed = read_digest(given, hex);
	if (hmac_sha256(want, secret, req->body) < 0)
		return "no memory to check the signature";
	bool same = bytes_eq_secret((struct bytes){ (const char *)given, sizeof(given) },
				    (struct bytes){ (const char *)want, sizeof(want) });
	wipe(want, sizeof(want));
	if (!value)
		return "the signature header is missing";
	if (!formed)
		return "the signature is not sha256=<64 hex digits>";
	return same ? NULL : "the signature is wrong";
}

static const struct webhook_auth rows[] = {
	{ "hmac-sha256", "X-Hub-Signature-256", check_hmac_sha256 },
};

const char webhook_auth_names[] = "hmac-sha256";

const struct webhook_auth *webhook_auth_find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}
