#include "local/shell/services.h"

#include <stdlib.h>

#include "local/shell/lambda.h"

struct services {
	struct handlers *handlers;
	struct lambda *lambda;          /* NULL: no endpoint */
	struct engine_buckets *buckets; /* NULL: there are none */
	struct iam *iam;                /* NULL: every role may do everything */
};

static int open_functions(struct services *s, const struct services_spec *spec, struct err *err)
{
	const struct host_api *api = spec->api;
	const char *endpoint = spec->lambda;
	const struct handlers_spec handlers = {
		.api = api, .path = spec->handlers, .done = spec->task_done, .arg = spec->arg
	};
	int rc = handlers_open(&s->handlers, &handlers, err);
	if (!endpoint)
		endpoint = api->env(api->host, "AWS_ENDPOINT_URL_LAMBDA");
	if (rc || !endpoint || !*endpoint)
		return rc;
	const struct lambda_spec lambda = {
		.api = api, .endpoint = endpoint, .done = spec->task_done, .arg = spec->arg
	};
	return lambda_open(&s->lambda, &lambda, err);
}

static int open_iam(struct services *s, const struct services_spec *spec, struct err *err)
{
	const struct host_api *api = spec->api;
	const char *endpoint = spec->iam ? spec->iam : api->env(api->host, "AWS_ENDPOINT_URL_IAM");
	if (!endpoint || !*endpoint)
		return 0;
	const struct iam_spec iam = { .api = api,
				      .endpoint = endpoint,
				      .strict = spec->iam_strict,
				      .done = spec->role_done,
				      .arg = spec->arg };
	return iam_open(&s->iam, &iam, err);
}

int services_open(struct services **out, const struct services_spec *spec, struct err *err)
{
	struct services *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	const struct engine_buckets_spec buckets = { .api = spec->api,
						     .folder = spec->buckets,
						     .endpoint = spec->s3,
						     .object_done = spec->object_done,
						     .task_done = spec->task_done,
						     .arg = spec->arg };
	int rc = open_functions(s, spec, err);
	if (!rc)
		rc = engine_buckets_open(&s->buckets, &buckets, err);
	if (!rc)
		rc = open_iam(s, spec, err);
	if (rc)
		services_close(s);
	else
		*out = s;
	return rc;
}

void services_close(struct services *s)
{
	if (!s)
		return;
	lambda_close(s->lambda);
	handlers_close(s->handlers);
	engine_buckets_close(s->buckets);
	iam_close(s->iam);
	free(s);
}

void services_drop(struct services *s)
{
	handlers_drop(s->handlers);
	engine_buckets_drop(s->buckets);
	if (s->lambda)
		lambda_drop(s->lambda);
	if (s->iam)
		iam_drop(s->iam);
}

bool services_busy(const struct services *s)
{
	return handlers_busy(s->handlers) || engine_buckets_busy(s->buckets) ||
	       (s->lambda && lambda_busy(s->lambda)) || (s->iam && iam_busy(s->iam));
}

bool services_have_buckets(const struct services *s)
{
	return s->buckets != NULL;
}

bool services_have_iam(const struct services *s)
{
	return s->iam != NULL;
}

void services_start_task(struct services *s, void *owner, const char *region,
			 const struct engine_task *task)
{
	if (engine_buckets_task(s->buckets, owner, region, task))
		return;
	if (s->lambda && task->function && !handlers_has(s->handlers, task->function))
		lambda_start(s->lambda, owner, region, task);
	else
		handlers_start(s->handlers, owner, task);
}

void services_stop_task(struct services *s, void *owner, uint64_t id)
{
	handlers_stop(s->handlers, owner, id);
	if (s->lambda)
		lambda_stop(s->lambda, owner, id);
}

void services_start_object(struct services *s, void *owner, const char *region,
			   const struct engine_object *o)
{
	engine_buckets_object(s->buckets, owner, region, o);
}

void services_start_role(struct services *s, void *owner, uint64_t id, const char *role_arn)
{
	iam_start(s->iam, owner, id, role_arn);
}
