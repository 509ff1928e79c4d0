/*
 * engine_buckets.h - what the engine wants of buckets: lists of items, results, and Task states that
 * call S3 (s3_task.h).
 *
 * For the loop's thread.
 */
#ifndef LOCAL_ENGINE_BUCKETS_H
#define LOCAL_ENGINE_BUCKETS_H

#include "local/core/engine.h"
#include "local/shell/buckets.h"
#include "local/shell/handlers.h"

struct engine_buckets;

/* As engine_object_done wants it. Everything is borrowed for the call. */
typedef void engine_buckets_done_fn(void *arg, void *owner, uint64_t id, struct bytes body,
				    const char *error);

struct engine_buckets_spec {
	const struct host_api *api; /* borrowed */
	const char *folder;         /* NULL: */
	const char *endpoint;       /* NULL: what the environment says in AWS_ENDPOINT_URL_S3 */
	engine_buckets_done_fn *object_done;
	handlers_done_fn *task_done;
	void *arg;
};

/* @param[out] out NULL when there are no buckets; else owned by the caller; engine_buckets_close
 * @return 0; -ERR_INVALID when folder or URL is wrong, or both are given */
NODISCARD int engine_buckets_open(struct engine_buckets **out,
				  const struct engine_buckets_spec *spec, struct err *err);
void engine_buckets_close(struct engine_buckets *b); /* NULL is fine, here and below */
void engine_buckets_drop(struct engine_buckets *b);  /* see buckets_drop */
bool engine_buckets_busy(const struct engine_buckets *b);

/* Begin; the end comes through the spec's functions with this owner. */
void engine_buckets_object(struct engine_buckets *b, void *owner, const char *region,
			   const struct engine_object *o);
/* @return false: it is no task for S3, or there are no buckets */
bool engine_buckets_task(struct engine_buckets *b, void *owner, const char *region,
			 const struct engine_task *task);

#endif
