/*
 * s3_task.h - Task states that call S3 through the SDK integration: arn:aws:states:::aws-sdk:s3:ACTION.
 *
 * getObject, headObject, putObject and listObjectsV2 over the engine's own buckets. Arguments and
 * results carry the names of the API in upper camel case, a Body is text, times are ISO 8601. Arguments
 * that would change the result and are not known here (Range, Delimiter, VersionId, ...) are refused
 * as States.Runtime. Errors are named as recorded: S3.NoSuchKeyException, ...
 */
#ifndef LOCAL_S3_TASK_H
#define LOCAL_S3_TASK_H

#include "local/core/engine.h"
#include "local/shell/bucket.h"

struct buckets;

bool s3_task_is(const char *resource);

/* Begin; its end comes through the done of the buckets, with owner, task->id and for_task. */
void s3_task_start(struct buckets *b, void *owner, const char *region,
		   const struct engine_task *task);

struct s3_task_end {
	const char *error; /* NULL: output holds the result, JSON */
	struct buf output, cause;
	char name[80];
};

void s3_task_end(struct s3_task_end *out, const struct bucket_request *q,
		 const struct bucket_answer *a);
void s3_task_end_clear(struct s3_task_end *e);

#endif
