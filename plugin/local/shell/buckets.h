/*
 * buckets.h - where the engine's buckets are: folders, or an S3 endpoint; one door to both.
 *
 * Folders are worked on by the host's worker thread, one request after the other, so that nothing
 * blocks the loop and a read sees the write before it. Requests to an endpoint run at once, side by
 * side. For the loop's thread.
 */
#ifndef LOCAL_BUCKETS_H
#define LOCAL_BUCKETS_H

#include "local/shell/bucket.h"
#include "plugin_api.h"

struct buckets;

/* A request has ended; both are borrowed for the call. From the loop, never inside buckets_start. */
typedef void buckets_done_fn(void *arg, const struct bucket_request *q,
			     const struct bucket_answer *a);

struct buckets_spec {
	const struct host_api *api; /* borrowed */
	const char *folder;         /* wins over the endpoint when both are given */
	const char *endpoint;       /* URL */
	buckets_done_fn *done;
	void *arg;
};

/* @param[out] out owned by the caller; buckets_close. -ERR_INVALID: the folder or the URL is wrong */
NODISCARD int buckets_open(struct buckets **out, const struct buckets_spec *spec, struct err *err);

/* Waits for the file operation under way; nothing else is done or told any more. NULL is fine. */
void buckets_close(struct buckets *b);

/* Forget everything: done is not called for what was started before. A file operation under way still
 * happens. */
void buckets_drop(struct buckets *b);
bool buckets_busy(const struct buckets *b); /* something is under way and not dropped */

/* Begin; q is copied. */
void buckets_start(struct buckets *b, const struct bucket_request *q);

#endif
