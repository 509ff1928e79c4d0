/*
 * bucket_s3.h - buckets of an S3 endpoint: GetObject, HeadObject, PutObject, ListObjectsV2.
 *
 * Path-style requests (ENDPOINT/BUCKET/KEY), signed with Signature Version 4 for the service s3: the
 * hash of the body in x-amz-content-sha256, the path encoded once. A listing is read page after page.
 * What may go better in a moment (no connection, 500, 503, "SlowDown") is tried again as SDKs do
 * (aws/retry.h), each page of a listing for itself; all requests share one quota. What went wrong is
 * told with S3's code and text, without an answer as code "SdkClient".
 *
 * Keys and endpoints: upstream.h. For the loop's thread.
 */
#ifndef LOCAL_BUCKET_S3_H
#define LOCAL_BUCKET_S3_H

#include "local/shell/bucket.h"
#include "local/shell/upstream.h"

struct bucket_s3;

/* @param[out] out owned by the caller; bucket_s3_close. -ERR_INVALID: not an endpoint to use */
NODISCARD int bucket_s3_open(struct bucket_s3 **out, const struct host_api *api, const char *url,
			     struct err *err);
void bucket_s3_close(struct bucket_s3 *s); /* after every request has ended or was stopped */

/* Exactly once, from the loop, never from inside the start. */
typedef void bucket_s3_done_fn(void *arg);

/* One request under way; embedded in the asker's own. */
struct bucket_s3_call {
	struct bucket_s3 *s3;
	const struct bucket_request *q;
	struct bucket_answer *a;
	bucket_s3_done_fn *done;
	void *arg;
	struct http_transfer *transfer;
	struct buf token;            /* continuation of a listing */
	struct upstream_tries tries; /* of this request, or of this page */
	struct timer *timer; /* the next attempt; or to tell a failure that was known at once */
};

/* q and a are borrowed until done or stop. */
void bucket_s3_start(struct bucket_s3_call *c, struct bucket_s3 *s, const struct bucket_request *q,
		     struct bucket_answer *a);
void bucket_s3_stop(struct bucket_s3_call *c); /* done will not run */

#endif
