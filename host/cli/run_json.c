#include "cli/run_json.h"

#include <string.h>

static void add_bytes(cJSON *o, const char *name, struct bytes text)
{
	struct buf copy = BUF_INIT(text.n + 1);
	buf_add(&copy, text.p, text.n);
	if (text.n > 0)
		(void)cJSON_AddStringToObject(o, name, buf_cstr(&copy));
	buf_clear(&copy);
}

static void add_unknown(cJSON *list, const struct run_unknown *u)
{
	cJSON *o = cJSON_CreateObject();
	if (!o)
		return;
	(void)cJSON_AddStringToObject(o, "operation", u->operation);
	(void)cJSON_AddStringToObject(o, "args", u->args);
	(void)cJSON_AddStringToObject(o, "resource", u->resource);
	(void)cJSON_AddStringToObject(o, "token", u->token);
	(void)cJSON_AddStringToObject(o, "tell", u->tell);
	if (!cJSON_AddItemToArray(list, o))
		cJSON_Delete(o);
}

cJSON *run_end_to_json(const struct run_end *end)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *list = o ? cJSON_AddArrayToObject(o, "unknown") : NULL;
	if (!list) {
		cJSON_Delete(o);
		return NULL;
	}
	(void)cJSON_AddStringToObject(o, "run", end->id);
	(void)cJSON_AddStringToObject(o, "outcome", run_outcome_name(end->outcome));
	add_bytes(o, "result", end->result);
	(void)cJSON_AddStringToObject(o, "message", end->message);
	(void)cJSON_AddStringToObject(o, "traceback", end->traceback);
	for (size_t i = 0; i < end->n_unknown && i < RUN_JSON_UNKNOWN_MAX; i++)
		add_unknown(list, &end->unknown[i]);
	return o;
}

static const char *text_of(const cJSON *o, const char *name)
{
	const char *s = json_get_str(o, name);
	return s ? s : "";
}

void run_end_from_json(struct run_end *end, struct run_unknown unknown[RUN_JSON_UNKNOWN_MAX],
		       const cJSON *v)
{
	const char *result = json_get_str(v, "result");
	const cJSON *u;
	*end = (struct run_end){ .id = text_of(v, "run"),
				 .outcome = run_outcome_of(text_of(v, "outcome")),
				 .message = text_of(v, "message"),
				 .traceback = text_of(v, "traceback"),
				 .unknown = unknown };
	if (result)
		end->result = bytes_str(result);
	cJSON_ArrayForEach(u, json_get(v, "unknown"))
	{
		if (end->n_unknown == RUN_JSON_UNKNOWN_MAX)
			return;
		unknown[end->n_unknown++] =
		    (struct run_unknown){ .operation = text_of(u, "operation"),
					  .args = text_of(u, "args"),
					  .resource = text_of(u, "resource"),
					  .token = text_of(u, "token"),
					  .tell = text_of(u, "tell") };
	}
}
