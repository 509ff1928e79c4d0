#include "aws/skew.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { SLOW_ANSWER_MS = 15 * 60 * 1000, SKEW_MIN_MS = 4 * 60 * 1000 };

/* The month of "Nov", 1 to 12; 0 if it is none. */
static int month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++) {
		if (strncmp(names + (ptrdiff_t)3 * i, name, 3) == 0)
			return i + 1;
	}
	return 0;
}

/* Only the one form that may still be sent (RFC 9110, IMF-fixdate): "Sun, 06 Nov 1994 08:49:37 GMT" */
int http_date_parse(int64_t *out_wall_ms, const char *text)
{
	char iso[ISO8601_SIZE];
	if (strlen(text) != 29 || text[3] != ',' || text[4] != ' ' || text[7] != ' ' ||
	    text[11] != ' ' || text[16] != ' ' || strcmp(text + 25, " GMT") != 0)
		return -ERR_INVALID;
	int month = month_of(text + 8);
	if (month == 0)
		return -ERR_INVALID;
	(void)snprintf(iso, sizeof(iso), "%.4s-%02d-%.2sT%.8sZ", text + 12, month, text + 5,
		       text + 17);
	return iso8601_parse(out_wall_ms, bytes_str(iso));
}

bool skew_learn(struct skew *s, const struct http_header *headers, size_t n, int64_t sent_ms,
		int64_t received_ms)
{
	const char *date = http_header_get(headers, n, "date");
	int64_t took = received_ms - sent_ms, server;
	if (!date || http_header_get(headers, n, "age") || took < 0 || took > SLOW_ANSWER_MS ||
	    http_date_parse(&server, date) < 0)
		return false;
	s->ms = server - (sent_ms + took / 2);
	return true;
}

bool skew_explains(const struct skew *s, bool learnt, const char *code)
{
	static const char *const always[] = { "RequestExpired", "RequestInTheFuture", NULL };
	static const char *const when_far_off[] = {
		"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
		"RequestTimeTooSkewed",      "AccessDeniedException", NULL
	};
	for (const char *const *c = always; *c; c++) {
		if (learnt && strcmp(*c, code) == 0)
			return true;
	}
	bool far_off = s->ms > SKEW_MIN_MS || s->ms < -SKEW_MIN_MS;
	for (const char *const *c = when_far_off; *c; c++) {
		if (learnt && far_off && strcmp(*c, code) == 0)
			return true;
	}
	return false;
}
