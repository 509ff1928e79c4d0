#include "cli/turns.h"

#include "script/run.h"

static void add_bucket(void *arg, const char *name, size_t waiting, int64_t oldest_ms)
{
	cJSON *o = waiting > 0 ? cJSON_CreateObject() : NULL;
	if (!o)
		return;
	(void)cJSON_AddStringToObject(o, "bucket", name);
	json_set_int(o, "waiting", (int64_t)waiting);
	json_set_int(o, "oldestMs", oldest_ms);
	if (!cJSON_AddItemToArray(arg, o))
		cJSON_Delete(o);
}

void turns_add_status(cJSON *o, const struct runs *runs)
{
	cJSON *list = cJSON_AddArrayToObject(o, "turns");
	if (list)
		runs_each_bucket(runs, add_bucket, list);
}

static void add_step(void *arg, const struct run_waiting *w)
{
	cJSON *o = cJSON_CreateObject();
	if (!o)
		return;
	(void)cJSON_AddStringToObject(o, "path", w->step);
	(void)cJSON_AddStringToObject(o, "kind", "call");
	(void)cJSON_AddStringToObject(o, "operation", w->operation);
	(void)cJSON_AddStringToObject(o, "waitsFor", w->bucket);
	json_set_int(o, "waitedMs", w->waited_ms);
	if (!cJSON_AddItemToArray(arg, o))
		cJSON_Delete(o);
}

void turns_add_run(cJSON *run, const struct runs *runs)
{
	cJSON *steps = cJSON_GetObjectItemCaseSensitive(run, "steps");
	const char *id = json_get_str(run, "id");
	if (steps && id)
		run_each_waiting(runs, id, add_step, steps);
}
