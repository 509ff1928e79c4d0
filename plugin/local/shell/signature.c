#include "local/shell/signature.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"

#include "local/shell/wire.h"

enum { HEADERS_MAX = 100, SKEW_MS = 5 * 60 * 1000, TEXT_MAX = 256 * 1024 };

struct signature {
	struct sigv4_signer *signer;
	char *id, *secret;
};

/* What the client says it did. */
struct claim {
	struct bytes id, headers, signature;
	const char *date;
	int64_t date_ms;
};

int signature_new(struct signature **out, const char *keys, struct err *err)
{
	const char *colon = strchr(keys, ':');
	if (!colon || colon == keys || !colon[1])
		return err_set(err, ERR_INVALID,
			       "the keys to check signatures with must be ACCESS_KEY_ID:SECRET");
	struct signature *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	int rc = sigv4_signer_new(&s->signer, err);
	if (!rc) {
		s->id = strndup(keys, (size_t)(colon - keys));
		s->secret = strdup(colon + 1);
		if (!s->id || !s->secret)
			rc = err_set(err, ERR_NOMEM, "out of memory");
	}
	if (rc)
		signature_free(s);
	else
		*out = s;
	return rc;
}

void signature_free(struct signature *s)
{
	if (!s)
		return;
	sigv4_signer_free(s->signer);
	if (s->secret)
		wipe(s->secret, strlen(s->secret));
	free(s->secret);
	free(s->id);
	free(s);
}

/* The value behind "Name=", up to the next separator. */
static struct bytes part(const char *authorization, const char *name)
{
	const char *at = strstr(authorization, name);
	at = at ? at + strlen(name) : "";
	return (struct bytes){ at, strcspn(at, ", ") };
}

/* "20260829T123600Z". False: it is something else. */
static bool read_date(const char *text, int64_t *out)
{
	char iso[] = "0000-00-00T00:00:00Z";
	static const int places[] = { 0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19 };
	if (!text || strlen(text) != sizeof(places) / sizeof(places[0]))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		iso[places[i]] = text[i];
	return iso8601_parse(out, bytes_str(iso)) == 0;
}

static int read_claim(struct claim *c, const struct http_received *req, struct err *err)
{
	const char *text = http_header_get(req->headers, req->n_headers, "authorization");
	struct bytes credential = part(text, "Credential=");
	const char *slash = memchr(credential.p, '/', credential.n);
	c->id =
	    (struct bytes){ credential.p, slash ? (size_t)(slash - credential.p) : credential.n };
	c->headers = part(text, "SignedHeaders=");
	c->signature = part(text, "Signature=");
	c->date = http_header_get(req->headers, req->n_headers, "x-amz-date");
	if (!read_date(c->date, &c->date_ms))
		return wire_error(err, "IncompleteSignatureException", 400,
				  "Date must be in ISO-8601 'basic format'. Got '%.80s'. "
				  "See http://en.wikipedia.org/wiki/ISO_8601",
				  c->date ? c->date : "");
	return 0;
}

static bool names(struct bytes list, const char *name)
{
	size_t n = strlen(name);
	for (size_t at = 0; at + n <= list.n; at++) {
		bool begins = at == 0 || list.p[at - 1] == ';';
		bool ends = at + n == list.n || list.p[at + n] == ';';
		if (begins && ends && strncasecmp(list.p + at, name, n) == 0)
			return true;
	}
	return false;
}

static int check_headers(const struct claim *c, struct err *err)
{
	static const char *const needed[] = { "host", "x-amz-date" };
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!names(c->headers, needed[i]))
			return wire_error(err, "InvalidSignatureException", 400,
					  "'%s' must be a 'SignedHeader' in the AWS Authorization.",
					  i == 0 ? "Host" : "X-Amz-Date");
	}
	return 0;
}

static int check_date(const struct claim *c, int64_t now_ms, struct err *err)
{
	char now[SIGV4_DATE_SIZE], limit[SIGV4_DATE_SIZE];
	bool late = c->date_ms < now_ms - SKEW_MS;
	if (!late && c->date_ms <= now_ms + SKEW_MS)
		return 0;
	sigv4_date(now, now_ms);
	sigv4_date(limit, late ? now_ms - SKEW_MS : now_ms + SKEW_MS);
	return wire_error(
	    err, "InvalidSignatureException", 400,
	    late ? "Signature expired: %s is now earlier than %s (%s - 5 min.)"
		 : "Signature not yet current: %s is still later than %s (%s + 5 min.)",
	    c->date, limit, now);
}

/* The request as it was signed. False: more headers than anybody signs. */
static bool as_signed(struct sigv4_request *out, struct http_header headers[HEADERS_MAX],
		      const struct http_received *req, const struct claim *c)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		if (!names(c->headers, req->headers[i].name))
			continue;
		if (out->n_headers == HEADERS_MAX)
			return false;
		headers[out->n_headers++] = req->headers[i];
	}
	out->headers = headers;
	out->method = req->method;
	out->path = bytes_str(req->path);
	out->query = bytes_str(req->query);
	out->body = req->body;
	out->date = c->date;
	out->service = "states";
	return true;
}

/* A digest that the client states is signed in place of the body: then it must be the body's. */
static bool states_body(const struct http_received *req)
{
	const char *stated = http_header_get(req->headers, req->n_headers, "x-amz-content-sha256");
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	if (!stated)
		return true;
	if (sha256(digest, req->body) != 0)
		return false;
	hex_lower(hex, digest, sizeof(digest));
	return strcmp(hex, stated) == 0;
}

/* The service's message shows its own work, longer than an error can hold. */
static int mismatch(struct signature *s, const struct sigv4_request *r, struct buf *extra,
		    struct err *err)
{
	struct buf canonical = BUF_INIT(TEXT_MAX), signed_names = BUF_INIT(TEXT_MAX);
	struct buf to_sign = BUF_INIT(TEXT_MAX), message = BUF_INIT(TEXT_MAX);
	int rc = sigv4_canonical_request(s->signer, &canonical, &signed_names, r, NULL);
	if (!rc)
		rc = sigv4_string_to_sign(s->signer, &to_sign, buf_bytes(&canonical), r);
	if (!rc) {
		buf_adds(&message, "The request signature we calculated does not match the "
				   "signature you provided. Check your AWS Secret Access Key and "
				   "signing method. Consult the service documentation for "
				   "details.\n\nThe Canonical String for this request should "
				   "have been\n'");
		buf_add(&message, canonical.p, canonical.n);
		buf_adds(&message, "'\n\nThe String-to-Sign should have been\n'");
		buf_add(&message, to_sign.p, to_sign.n);
		buf_adds(&message, "'\n");
		buf_adds(extra, "{\"message\":");
		json_write_string(extra, buf_bytes(&message));
		buf_adds(extra, "}");
	}
	buf_clear(&canonical);
	buf_clear(&signed_names);
	buf_clear(&to_sign);
	buf_clear(&message);
	return wire_error(err, "InvalidSignatureException", 400,
			  "The request signature we calculated does not match the signature you "
			  "provided. Check your AWS Secret Access Key and signing method. Consult "
			  "the service documentation for details.");
}

int signature_check(struct signature *s, const struct http_received *req, const char *region,
		    int64_t now_ms, struct buf *extra, struct err *err)
{
	struct claim c = { .date_ms = 0 };
	struct http_header headers[HEADERS_MAX];
	struct sigv4_request r = { .region = region,
				   .access_key_id = s->id,
				   .secret_access_key = s->secret };
	struct buf ours = BUF_INIT(TEXT_MAX);
	int rc = read_claim(&c, req, err);
	if (!rc && !bytes_eq(c.id, bytes_str(s->id)))
		rc = wire_error(err, "UnrecognizedClientException", 400,
				"The security token included in the request is invalid.");
	if (!rc)
		rc = check_headers(&c, err);
	if (!rc)
		rc = check_date(&c, now_ms, err);
	if (rc)
		return rc;
	if (!as_signed(&r, headers, req, &c) || sigv4_sign(s->signer, &ours, &r, NULL) != 0)
		rc = wire_error(err, "InvalidSignatureException", 400,
				"the request has more headers or text than can be signed");
	else if (!states_body(req) ||
		 !bytes_eq_secret(part(buf_cstr(&ours), "Signature="), c.signature))
		rc = mismatch(s, &r, extra, err);
	buf_clear(&ours);
	return rc;
}
