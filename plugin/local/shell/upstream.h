/*
 * upstream.h - a service of AWS that the engine itself asks: Lambda, S3, IAM, or servers in their place.
 *
 * An upstream has an endpoint, a signer and the quota of retries that its requests share. The keys
 * come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without the first two it is
 * "local" for both, which servers for tests take. With RUNBOOK_LOOPBACK_ONLY=1 an endpoint that is not
 * on this machine is refused. For the loop's thread.
 */
#ifndef LOCAL_UPSTREAM_H
#define LOCAL_UPSTREAM_H

#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "plugin_api.h"

struct upstream {
	const struct host_api *api; /* borrowed */
	const char *service;        /* of the signature: "s3"; borrowed */
	struct endpoint endpoint;
	struct sigv4_signer *signer;
	struct retry_quota quota;
};

/*
 * @param url     base of the service; copied
 * @param service a text that lives as long as u
 * @return 0; -ERR_INVALID: not an endpoint to use; close it then, too
 */
NODISCARD int upstream_open(struct upstream *u, const struct host_api *api, const char *service,
			    const char *url, struct err *err);
void upstream_close(struct upstream *u); /* one of zeroes is fine */

/* ---- the head of a request ---- */

enum { UPSTREAM_HEADERS_MAX = 8 };

struct upstream_head {
	struct http_header v[UPSTREAM_HEADERS_MAX];
	size_t n;
	char date[SIGV4_DATE_SIZE];
	struct buf authorization;
};

/* With the headers Host, X-Amz-Date and, where there is one, X-Amz-Security-Token. It points into
 * itself and to u: it is not to be moved. upstream_head_clear. */
void upstream_head_init(struct upstream_head *h, const struct upstream *u);
void upstream_head_clear(struct upstream_head *h);

/* name and value are borrowed. */
void upstream_head_add(struct upstream_head *h, const char *name, const char *value);

/*
 * Append the header Authorization, over all there are.
 *
 * @param request method, path, query, body, region and flags; the rest is filled in
 * @return 0; as sigv4_sign
 */
NODISCARD int upstream_sign(struct upstream *u, struct upstream_head *h,
			    const struct sigv4_request *request, struct err *err);

/* ---- its retries: as SDKs do, aws/retry.h ---- */

/* Of one request. */
struct upstream_tries {
	int attempts;
	int cost; /* what the last retry took from the quota */
};

/* Whether an answer of a service that tells its errors in XML may be better in a moment. */
enum retry_class upstream_judge(const struct http_answer *a);

/* @return the pause before the next attempt in ms; -1: there is none */
int64_t upstream_pause(struct upstream *u, struct upstream_tries *t, enum retry_class why);

#endif
