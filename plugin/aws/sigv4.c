#include "aws/sigv4.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "aws/canonical.h"
#include "base/clock.h"
#include "base/crypto.h"

enum { TEXT_MAX = 1 << 20, DAY_LEN = 8 };

/* OpenSSL looks an algorithm up at every one-shot call, which costs more than the hashing. */
struct sigv4_signer {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac;
	bool has_key;
	uint8_t key_of[SHA256_LEN]; /* digest of what the key was derived from */
	uint8_t key[SHA256_LEN];
};

void sigv4_signer_free(struct sigv4_signer *s)
{
	if (!s)
		return;
	EVP_MAC_CTX_free(s->mac);
	EVP_MAC_free(s->hmac);
	EVP_MD_CTX_free(s->digest);
	EVP_MD_free(s->sha256);
	wipe(s, sizeof(*s));
	free(s);
}

int sigv4_signer_new(struct sigv4_signer **out, struct err *err)
{
	char name[] = "SHA256";
	const OSSL_PARAM use_sha256[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	struct sigv4_signer *s = calloc(1, sizeof(*s));
	bool ok = s && (s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) &&
		  (s->digest = EVP_MD_CTX_new()) && (s->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL)) &&
		  (s->mac = EVP_MAC_CTX_new(s->hmac)) &&
		  EVP_MAC_CTX_set_params(s->mac, use_sha256) == 1;
	if (!ok) {
		sigv4_signer_free(s);
		return err_set(err, ERR_NOMEM, "cannot set up SHA-256 and HMAC for signing");
	}
	*out = s;
	return 0;
}

/* ---- digests ---- */

static int digest(struct sigv4_signer *s, uint8_t out[SHA256_LEN], struct bytes data)
{
	bool ok = EVP_DigestInit_ex(s->digest, s->sha256, NULL) == 1 &&
		  EVP_DigestUpdate(s->digest, data.p, data.n) == 1 &&
		  EVP_DigestFinal_ex(s->digest, out, NULL) == 1;
	return ok ? 0 : -ERR_NOMEM;
}

static int digest_hex(struct sigv4_signer *s, char hex[SHA256_HEX + 1], struct bytes data)
{
	uint8_t md[SHA256_LEN];
	int rc = digest(s, md, data);
	if (rc == 0)
		hex_lower(hex, md, sizeof(md));
	return rc;
}

static int hmac(struct sigv4_signer *s, uint8_t out[SHA256_LEN], struct bytes key,
		struct bytes data)
{
	size_t len = 0;
	bool ok = EVP_MAC_init(s->mac, (const uint8_t *)key.p, key.n, NULL) == 1 &&
		  EVP_MAC_update(s->mac, (const uint8_t *)data.p, data.n) == 1 &&
		  EVP_MAC_final(s->mac, out, &len, SHA256_LEN) == 1 && len == SHA256_LEN;
	return ok ? 0 : -ERR_NOMEM;
}

/* ---- the signing key ---- */

/* k = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request") */
static int derive_key(struct sigv4_signer *s, const struct sigv4_request *r)
{
	char seed[4 + SIGV4_SECRET_MAX] = "AWS4";
	size_t secret = strlen(r->secret_access_key);
	memcpy(seed + 4, r->secret_access_key, secret);

	const struct bytes steps[] = { { r->date, DAY_LEN },
				       bytes_str(r->region),
				       bytes_str(r->service),
				       BYTES_LIT("aws4_request") };
	struct bytes k = { seed, 4 + secret };
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint8_t next[SHA256_LEN];
		rc = hmac(s, next, k, steps[i]);
		memcpy(s->key, next, sizeof(next));
		wipe(next, sizeof(next));
		k = (struct bytes){ (const char *)s->key, SHA256_LEN };
	}
	wipe(seed, sizeof(seed));
	return rc;
}

/* A digest of all the key depends on tells whether the one we have still fits; no secret is kept. */
static int key_source(struct sigv4_signer *s, uint8_t out[SHA256_LEN],
		      const struct sigv4_request *r)
{
	bool ok =
	    EVP_DigestInit_ex(s->digest, s->sha256, NULL) == 1 &&
	    EVP_DigestUpdate(s->digest, r->date, DAY_LEN) == 1 &&
	    EVP_DigestUpdate(s->digest, r->region, strlen(r->region) + 1) == 1 &&
	    EVP_DigestUpdate(s->digest, r->service, strlen(r->service) + 1) == 1 &&
	    EVP_DigestUpdate(s->digest, r->secret_access_key, strlen(r->secret_access_key)) == 1 &&
	    EVP_DigestFinal_ex(s->digest, out, NULL) == 1;
	return ok ? 0 : -ERR_NOMEM;
}

static int signing_key(struct sigv4_signer *s, const struct sigv4_request *r)
{
	uint8_t source[SHA256_LEN];
	int rc = key_source(s, source, r);
	if (rc < 0)
		return rc;
	if (s->has_key && memcmp(source, s->key_of, sizeof(source)) == 0)
		return 0;
	rc = derive_key(s, r);
	s->has_key = rc == 0;
	memcpy(s->key_of, source, sizeof(source));
	return rc;
}

/* ---- the texts ---- */

int sigv4_canonical_request(struct sigv4_signer *s, struct buf *out, struct buf *names,
			    const struct sigv4_request *r, struct err *err)
{
	char body_hash[SHA256_HEX + 1];
	const char *payload = http_header_get(r->headers, r->n_headers, "x-amz-content-sha256");
	int rc = 0;
	if (!payload) {
		rc = digest_hex(s, body_hash, r->body);
		payload = body_hash;
	}
	if (rc < 0)
		return err_set(err, ERR_NOMEM, "cannot hash the body");

	buf_addf(out, "%s\n", r->method);
	canonical_path(out, r->path, !(r->flags & SIGV4_RAW_PATH));
	buf_adds(out, "\n");
	if ((rc = canonical_query(out, r->query, err)) < 0)
		return rc;
	buf_adds(out, "\n");
	if ((rc = canonical_headers(out, names, r->headers, r->n_headers, err)) < 0)
		return rc;
	buf_addf(out, "\n%s\n%s", buf_cstr(names), payload);
	rc = out->err ? out->err : names->err;
	return rc == 0 ? 0 : err_set(err, err_code_of(rc), "request too large to sign");
}

static void add_scope(struct buf *out, const struct sigv4_request *r)
{
	buf_add(out, r->date, DAY_LEN);
	buf_addf(out, "/%s/%s/aws4_request", r->region, r->service);
}

int sigv4_string_to_sign(struct sigv4_signer *s, struct buf *out, struct bytes canonical_request,
			 const struct sigv4_request *r)
{
	char hash[SHA256_HEX + 1];
	int rc = digest_hex(s, hash, canonical_request);
	if (rc < 0)
		return rc;
	buf_addf(out, "AWS4-HMAC-SHA256\n%s\n", r->date);
	add_scope(out, r);
	buf_addf(out, "\n%s", hash);
	return out->err;
}

static int signature(struct sigv4_signer *s, char hex[SHA256_HEX + 1], struct bytes canonical,
		     const struct sigv4_request *r)
{
	uint8_t mac[SHA256_LEN];
	struct buf text = BUF_INIT(TEXT_MAX);
	int rc = sigv4_string_to_sign(s, &text, canonical, r);
	if (rc == 0)
		rc = signing_key(s, r);
	if (rc == 0)
		rc = hmac(s, mac, (struct bytes){ (const char *)s->key, SHA256_LEN },
			  buf_bytes(&text));
	if (rc == 0)
		hex_lower(hex, mac, sizeof(mac));
	buf_clear(&text);
	return rc;
}

int sigv4_sign(struct sigv4_signer *s, struct buf *out, const struct sigv4_request *r,
	       struct err *err)
{
	INVARIANT(strlen(r->date) == SIGV4_DATE_SIZE - 1);
	if (strlen(r->secret_access_key) > SIGV4_SECRET_MAX)
		return err_set(err, ERR_LIMIT, "secret access key longer than %d bytes",
			       SIGV4_SECRET_MAX);
	char hex[SHA256_HEX + 1];
	struct buf canonical = BUF_INIT(TEXT_MAX), names = BUF_INIT(TEXT_MAX);
	int rc = sigv4_canonical_request(s, &canonical, &names, r, err);
	if (rc == 0) {
		rc = signature(s, hex, buf_bytes(&canonical), r);
		if (rc == 0) {
			buf_addf(out, "AWS4-HMAC-SHA256 Credential=%s/", r->access_key_id);
			add_scope(out, r);
			buf_addf(out, ", SignedHeaders=%s, Signature=%s", buf_cstr(&names), hex);
			rc = out->err;
		}
		if (rc < 0)
			(void)err_set(err, err_code_of(rc), "cannot sign the request");
	}
	buf_clear(&names);
	buf_clear(&canonical);
	return rc;
}

void sigv4_date(char out[SIGV4_DATE_SIZE], int64_t wall_ms)
{
	char iso[ISO8601_SIZE]; /* "2015-08-30T12:36:00.000Z" */
	iso8601_format(iso, wall_ms);
	size_t n = 0;
	for (const char *p = iso; *p && *p != '.' && n < SIGV4_DATE_SIZE - 2; p++) {
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	}
	out[n++] = 'Z';
	out[n] = '\0';
}
