#include "script/replayed.h"

#include <math.h>

#include "base/clock.h"

/* A timestamp of an answer: seconds since the epoch, or text. */
static bool date_of(int64_t *out_ms, const cJSON *object, const char *name)
{
	const cJSON *v = json_get(object, name);
	if (cJSON_IsString(v))
		return iso8601_parse(out_ms, bytes_str(v->valuestring)) == 0;
	if (!cJSON_IsNumber(v) || fabs(v->valuedouble) > 1e12)
		return false;
	*out_ms = llround(v->valuedouble * 1000);
	return true;
}

bool replayed(const cJSON *answer, const char *answer_date, const cJSON *baseline,
	      int64_t intent_ms)
{
	int64_t date, before;
	if (!answer_date || !date_of(&date, answer, answer_date))
		return false;
	if (baseline)
		return date_of(&before, baseline, answer_date) && date <= before;
	return date < intent_ms - REPLAYED_SKEW_MS;
}
