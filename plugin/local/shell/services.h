/*
 * services.h - what the tasks and Map Runs of the engines reach: functions, buckets and IAM.
 *
 * A task for S3 goes to the buckets, one for a function to the handlers file, else to the Lambda
 * endpoint when there is one; what a role may do is read from the IAM endpoint. For the loop's thread.
 */
#ifndef LOCAL_SERVICES_H
#define LOCAL_SERVICES_H

#include "local/core/engine.h"
#include "local/shell/engine_buckets.h"
#include "local/shell/handlers.h"
#include "local/shell/iam.h"

struct services;

struct services_spec {
	const struct host_api *api; /* borrowed */
	const char *handlers;       /* Lua file; NULL: none */
	const char *lambda;         /* URL; NULL: what the environment says, or none */
	const char *buckets;        /* folder of buckets; NULL: see s3 */
	const char *s3;             /* URL; NULL: what the environment says, or none */
	const char *iam;            /* the same */
	bool iam_strict;            /* see iam.h */
	handlers_done_fn *task_done;
	engine_buckets_done_fn *object_done;
	iam_done_fn *role_done;
	void *arg;
};

/* @param[out] out owned by the caller; services_close
 * @return 0; -ERR_INVALID when the file, the folder or a URL cannot be used */
NODISCARD int services_open(struct services **out, const struct services_spec *spec,
			    struct err *err);
void services_close(struct services *s); /* nothing is told any more; NULL is fine */
void services_drop(struct services *s);  /* forget everything that was started */
bool services_busy(const struct services *s);
bool services_have_buckets(const struct services *s);
bool services_have_iam(const struct services *s);

/* Begin, and the end is told with this owner; or its end is not wanted any more. */
void services_start_task(struct services *s, void *owner, const char *region,
			 const struct engine_task *task);
void services_stop_task(struct services *s, void *owner, uint64_t id);
void services_start_object(struct services *s, void *owner, const char *region,
			   const struct engine_object *o);
void services_start_role(struct services *s, void *owner, uint64_t id, const char *role_arn);

#endif
