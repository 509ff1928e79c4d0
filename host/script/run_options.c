/* run_options.c - the options of a run as they are stored in its row. */
#include <stdlib.h>

#include "base/json.h"
#include "script/json_lua.h"
#include "script/run_private.h"

static void set(cJSON *to, const char *name, int64_t n)
{
	if (n > 0)
		json_set_int(to, name, n);
}

char *run_options_write(const struct run_spec *spec)
{
	struct buf text = BUF_INIT(JSON_TEXT_MAX);
	cJSON *v = cJSON_CreateObject(), *rules = NULL;
	if (spec->dry_run)
		(void)cJSON_AddTrueToObject(v, "dryRun");
	set(v, "timeoutMs", spec->timeout_ms);
	set(v, "callTimeoutMs", spec->call_timeout_ms);
	set(v, "memoryMax", (int64_t)spec->memory_max);
	set(v, "cpuMs", spec->cpu_ms);
	set(v, "logMax", (int64_t)spec->log_max);
	set(v, "resultMax", (int64_t)spec->result_max);
	set(v, "stepsMax", (int64_t)spec->steps_max);
	set(v, "parallelMax", (int64_t)spec->parallel_max);
	if (spec->n_rules > 0)
		rules = cJSON_AddObjectToObject(v, "rules");
	for (size_t i = 0; i < spec->n_rules; i++)
		json_set_int(rules, spec->rules[i].operation, spec->rules[i].max_calls);
	json_write(&text, v);
	cJSON_Delete(v);
	if (!text.err)
		return text.p;
	buf_clear(&text);
	return NULL;
}

static int read_rules(struct run_spec *out, struct run_options *kept)
{
	const cJSON *rules = json_get(kept->tree, "rules");
	size_t n = rules ? (size_t)cJSON_GetArraySize(rules) : 0;
	if (n == 0)
		return 0;
	kept->rules = calloc(n, sizeof(*kept->rules));
	if (!kept->rules)
		return -ERR_NOMEM;
	for (const cJSON *c = rules->child; c; c = c->next)
		kept->rules[out->n_rules++] =
		    (struct run_rule){ .operation = c->string,
				       .max_calls = (int)json_get_int(rules, c->string, 0) };
	out->rules = kept->rules;
	return 0;
}

void run_options_clear(struct run_options *kept)
{
	cJSON_Delete(kept->tree);
	free(kept->rules);
	*kept = (struct run_options){ 0 };
}

int run_options_read(struct run_spec *out, struct run_options *kept, const char *options,
		     struct err *err)
{
	cJSON *v = json_parse(bytes_str(options), err);
	*kept = (struct run_options){ .tree = v };
	if (!v)
		return -ERR_INVALID;
	out->dry_run = json_get_bool(v, "dryRun", false);
	out->timeout_ms = json_get_int(v, "timeoutMs", 0);
	out->call_timeout_ms = json_get_int(v, "callTimeoutMs", 0);
	out->memory_max = (size_t)json_get_int(v, "memoryMax", 0);
	out->cpu_ms = json_get_int(v, "cpuMs", 0);
	out->log_max = (size_t)json_get_int(v, "logMax", 0);
	out->result_max = (size_t)json_get_int(v, "resultMax", 0);
	out->steps_max = (uint64_t)json_get_int(v, "stepsMax", 0);
	out->parallel_max = (unsigned)json_get_int(v, "parallelMax", 0);
	if (read_rules(out, kept) == 0)
		return 0;
	run_options_clear(kept);
	return err_set(err, ERR_NOMEM, "no memory for a run");
}
