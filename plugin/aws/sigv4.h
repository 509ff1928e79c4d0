/*
 * sigv4.h - AWS Signature Version 4 for a request held in memory.
 *
 * No clock, no environment, no I/O: same input, same signature, which is what lets the unit test
 * hold it against AWS's published vectors. A signer keeps only what makes the next signature cheap:
 * the fetched digests and the last derived key (which depends on secret, date, region and service).
 *
 * Not done on purpose: query-string (presigned) authentication, chunked bodies, unsigned payloads,
 * SigV4a. Step Functions and STS need none of them.
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include "base/buf.h"
#include "base/http.h"

enum { SIGV4_DATE_SIZE = 17, SIGV4_SECRET_MAX = 512 };

enum {
	SIGV4_RAW_PATH = 1u << 0, /* do not resolve dots and double slashes: S3's way */
};

/* Everything is borrowed for the length of the call. Headers are all those which will be sent, in
 * that order, x-amz-date and x-amz-security-token included; canonical.h says which are signed. */
struct sigv4_request {
	const char *method;
	struct bytes path;  /* as sent, without the query */
	struct bytes query; /* as sent, without '?' */
	const struct http_header *headers;
	size_t n_headers;
	struct bytes body; /* hashed, unless an x-amz-content-sha256 header says what to use */
	const char *date;  /* "20150830T123600Z", the text of the x-amz-date header */
	const char *region;
	const char *service;
	const char *access_key_id;
	const char *secret_access_key;
	unsigned flags;
};

struct sigv4_signer;

/* @param[out] out owned by the caller; sigv4_signer_free */
NODISCARD int sigv4_signer_new(struct sigv4_signer **out, struct err *err);
void sigv4_signer_free(struct sigv4_signer *s); /* wipes the derived key */

/*
 * Append the value of the Authorization header.
 *
 * @return 0; -ERR_LIMIT for too many headers or too long a secret; -ERR_NOMEM.
 *         On failure *out may hold a part: clear it.
 */
NODISCARD int sigv4_sign(struct sigv4_signer *s, struct buf *out, const struct sigv4_request *r,
			 struct err *err);

/* The two texts on the way, which AWS documents; exposed for tests. */
NODISCARD int sigv4_canonical_request(struct sigv4_signer *s, struct buf *out, struct buf *names,
				      const struct sigv4_request *r, struct err *err);
NODISCARD int sigv4_string_to_sign(struct sigv4_signer *s, struct buf *out,
				   struct bytes canonical_request, const struct sigv4_request *r);

/* A time as the x-amz-date header wants it. */
void sigv4_date(char out[SIGV4_DATE_SIZE], int64_t wall_ms);

#endif
