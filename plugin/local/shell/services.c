#include "local/shell/services.h"

#include <stdlib.h>

#include "local/shell/lambda.h"

struct services {
	struct handlers *handlers;
	struct lambda *lambda;          /* NULL: no endpoint */
	struct engine_buckets *buckets; /* NULL: there are none */
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
	free(s);
}

void services_drop(struct services *s)
{
	handlers_drop(s->handlers);
	engine_buckets_drop(s->buckets);
	if (s->lambda)
		lambda_drop(s->lambda);
}

bool services_busy(const struct services *s)
{
	return handlers_busy(s->handlers) || engine_buckets_busy(s->buckets) ||
	       (s->lambda && lambda_busy(s->lambda));
}

bool services_have_buckets(const struct services *s)
{
	return s->buckets != NULL;
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
