#include "local/core/retry.h"

#include <math.h>
#include <string.h>

#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"

/* States.Runtime is the execution's end in any case; States.DataLimitExceeded can be named, but
 * States.ALL does not cover it. */
static bool matches(const struct frame *f, const cJSON *names, const char *error)
{
	bool is_runtime = strcmp(error, "States.Runtime") == 0;
	bool is_limit = strcmp(error, "States.DataLimitExceeded") == 0;
	bool is_timeout = strcmp(error, "States.Timeout") == 0;
	for (const cJSON *n = json_get(names, "ErrorEquals")->child; n && !is_runtime;
	     n = n->next) {
		const char *name = cJSON_IsString(n) ? n->valuestring : "";
		if (strcmp(name, error) == 0 || (strcmp(name, "States.ALL") == 0 && !is_limit) ||
		    (strcmp(name, "States.TaskFailed") == 0 && !is_timeout && !is_limit) ||
		    (strcmp(name, "States.HeartbeatTimeout") == 0 && f->beat_missed))
			return true;
	}
	return false;
}

static double number(const cJSON *def, const char *name, double fallback)
{
	const cJSON *v = json_get(def, name);
	return cJSON_IsNumber(v) ? v->valuedouble : fallback;
}

static int64_t interval_ms(struct engine *e, const cJSON *retrier, int64_t attempt)
{
	double seconds = number(retrier, "IntervalSeconds", 1) *
			 pow(number(retrier, "BackoffRate", 2), (double)attempt);
	double most = number(retrier, "MaxDelaySeconds", 31622400);
	if (seconds > most)
		seconds = most;
	const char *jitter = json_get_str(retrier, "JitterStrategy");
	if (jitter && strcmp(jitter, "FULL") == 0) {
		uint32_t bits;
		e->world.random(e->world.arg, &bits, sizeof(bits));
		seconds *= (double)bits / 4294967296.0;
	}
	return (int64_t)(seconds * 1000);
}

bool retry_pick(struct frame *f, const char *error, int64_t *wait_ms)
{
	const cJSON *retriers = json_get(f->state->def, "Retry");
	size_t i = 0;
	const cJSON *r = retriers ? retriers->child : NULL;
	while (r && !matches(f, r, error ? error : "")) {
		r = r->next;
		i++;
	}
	if (!r)
		return false;
	if (!f->attempts)
		f->attempts = mem_zero((size_t)cJSON_GetArraySize(retriers) * sizeof(int64_t));
	if (f->attempts[i] >= json_get_int(r, "MaxAttempts", 3))
		return false;
	*wait_ms = interval_ms(f->x->e, r, f->attempts[i]++);
	return true;
}

int64_t frame_retry_count(const struct frame *f)
{
	int64_t total = 0;
	int n = f->attempts ? cJSON_GetArraySize(json_get(f->state->def, "Retry")) : 0;
	for (int i = 0; i < n; i++)
		total += f->attempts[i];
	return total;
}

bool catch_pick(const struct frame *f, const char *error, struct catcher *out)
{
	const cJSON *catchers = json_get(f->state->def, "Catch");
	for (const cJSON *c = catchers ? catchers->child : NULL; c; c = c->next) {
		const cJSON *path = json_get(c, "ResultPath");
		if (!matches(f, c, error ? error : ""))
			continue;
		out->next = flow_state(f->flow, json_get_str(c, "Next"));
		out->result_path =
		    (struct path_field){ cJSON_IsNull(path),
					 cJSON_IsString(path) ? path->valuestring : NULL };
		return true;
	}
	return false;
}
