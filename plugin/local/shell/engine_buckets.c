#include "local/shell/engine_buckets.h"

#include <stdlib.h>

#include "local/shell/s3_task.h"

struct engine_buckets {
	struct engine_buckets_spec spec;
	struct buckets *buckets;
};

static void object_ended(struct engine_buckets *b, const struct bucket_request *q,
			 const struct bucket_answer *a)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	bool listed = !a->code[0] && q->op == BUCKET_LIST;
	if (a->code[0])
		bucket_answer_cause(&text, a);
	else if (listed)
		bucket_answer_items(&text, a);
	INVARIANT(!text.err);
	b->spec.object_done(b->spec.arg, q->owner, q->id,
			    listed ? buf_bytes(&text) : buf_bytes(&a->body),
			    a->code[0] ? buf_cstr(&text) : NULL);
	buf_clear(&text);
}

static void on_done(void *arg, const struct bucket_request *q, const struct bucket_answer *a)
{
	struct engine_buckets *b = arg;
	struct s3_task_end end;
	if (!q->for_task) {
		object_ended(b, q, a);
		return;
	}
	s3_task_end(&end, q, a);
	b->spec.task_done(b->spec.arg, q->owner, q->id, buf_bytes(&end.output), end.error,
			  end.error ? buf_cstr(&end.cause) : NULL);
	s3_task_end_clear(&end);
}

int engine_buckets_open(struct engine_buckets **out, const struct engine_buckets_spec *spec,
			struct err *err)
{
	const char *url = spec->endpoint;
	if (spec->folder && url)
		return err_set(err, ERR_INVALID,
			       "buckets are either folders or those of an S3 endpoint, not both");
	if (!spec->folder && !url)
		url = spec->api->env(spec->api->host, "AWS_ENDPOINT_URL_S3");
	*out = NULL;
	if (!spec->folder && (!url || !*url))
		return 0;
	struct engine_buckets *b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ERR_NOMEM, "out of memory");
	b->spec = *spec;
	const struct buckets_spec buckets = {
		.api = spec->api, .folder = spec->folder, .endpoint = url, .done = on_done, .arg = b
	};
	int rc = buckets_open(&b->buckets, &buckets, err);
	if (rc)
		free(b);
	else
		*out = b;
	return rc;
}

void engine_buckets_close(struct engine_buckets *b)
{
	if (b)
		buckets_close(b->buckets);
	free(b);
}

void engine_buckets_drop(struct engine_buckets *b)
{
	if (b)
		buckets_drop(b->buckets);
}

bool engine_buckets_busy(const struct engine_buckets *b)
{
	return b && buckets_busy(b->buckets);
}

void engine_buckets_object(struct engine_buckets *b, void *owner, const char *region,
			   const struct engine_object *o)
{
	static const enum bucket_op ops[] = { [ENGINE_OBJECT_GET] = BUCKET_GET,
					      [ENGINE_OBJECT_PUT] = BUCKET_PUT,
					      [ENGINE_OBJECT_LIST] = BUCKET_LIST };
	bool put = o->what == ENGINE_OBJECT_PUT;
	const struct bucket_request q = { .op = ops[o->what],
					  .region = region,
					  .bucket = o->bucket,
					  .key = o->key,
					  .version = o->version,
					  .content_type = put ? "application/json" : NULL,
					  .body = o->body,
					  .owner = owner,
					  .id = o->id };
	buckets_start(b->buckets, &q);
}

bool engine_buckets_task(struct engine_buckets *b, void *owner, const char *region,
			 const struct engine_task *task)
{
	bool ours = b && s3_task_is(task->resource);
	if (ours)
		s3_task_start(b->buckets, owner, region, task);
	return ours;
}
