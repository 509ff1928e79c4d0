/* webhook_auth_read.c - what every family of the table reads: headers, times, digits. */
#include <stdio.h>
#include <strings.h>

#include "base/base64.h"
#include "base/percent.h"
#include "trigger/webhook_auth_row.h"

enum { SECONDS_DIGITS = 12, BASE64_TEXT_MAX = 128 };

const char *auth_header(const struct http_received *req, const char *name, const char **why)
{
	const char *value = NULL;
	for (size_t i = 0; i < req->n_headers; i++) {
		if (strcasecmp(req->headers[i].name, name) != 0)
			continue;
		if (value) {
			*why = "a header of the signature is there more than once";
			return "";
		}
		value = req->headers[i].value;
	}
	if (!value)
		*why = "the signature header is missing";
	return value ? value : "";
}

bool auth_seconds(struct bytes text, int64_t *ms)
{
	int64_t seconds = 0;
	if (text.n == 0 || text.n > SECONDS_DIGITS)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		seconds = seconds * 10 + (text.p[i] - '0');
	}
	*ms = seconds * 1000;
	return true;
}

bool auth_is_late(const struct webhook_auth *a, int64_t signed_ms, int64_t now_ms)
{
	return signed_ms < now_ms - a->tolerance_ms || signed_ms > now_ms + a->tolerance_ms;
}

bool auth_hex(uint8_t *out, size_t n, struct bytes text)
{
	bool good = text.n == 2 * n;
	for (size_t i = 0; good && i < n; i++) {
		int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
		good = high >= 0 && low >= 0;
		out[i] = good ? (uint8_t)(high * 16 + low) : 0;
	}
	if (!good)
		memset(out, 0, n);
	return good;
}

bool auth_base64(uint8_t *out, size_t n, struct bytes text)
{
	struct buf b = BUF_INIT(BASE64_TEXT_MAX);
	bool good = text.n <= BASE64_TEXT_MAX && base64_decode(&b, text) == 0 && b.n == n;
	if (good)
		memcpy(out, b.p, n);
	else
		memset(out, 0, n);
	buf_clear(&b);
	return good;
}

void auth_prove_secret(struct webhook_proof *out, size_t i)
{
	(void)snprintf(out->identity, sizeof(out->identity), "secret %zu", i + 1);
}
