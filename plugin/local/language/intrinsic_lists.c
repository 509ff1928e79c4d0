/* intrinsic_lists.c - the functions on lists and numbers. */
#include <math.h>

#include "local/language/intrinsic.h"

enum { RANGE_MAX = 1000 };

/* Integers everywhere: a number with a fraction is rounded, as the service does. */
bool intrinsic_integer(struct intrinsic_call *call, int n, const char *what, int64_t *out)
{
	const cJSON *v = cJSON_GetArrayItem(call->args, n);
	if (json_int(v, out))
		return true;
	if (cJSON_IsNumber(v) && fabs(v->valuedouble) < 9007199254740992.0) {
		*out = llround(v->valuedouble);
		return true;
	}
	(void)intrinsic_failed(call, "%s must be a number", what);
	return false;
}

cJSON *intrinsic_list(struct intrinsic_call *call, int n, const char *what)
{
	cJSON *v = cJSON_GetArrayItem(call->args, n);
	return cJSON_IsArray(v) ? v : intrinsic_failed(call, "%s must be an array", what);
}

static cJSON *run_array(struct intrinsic_call *call)
{
	cJSON *list = call->args;
	call->args = NULL;
	return list;
}

static cJSON *run_partition(struct intrinsic_call *call)
{
	int64_t size, i = 0;
	cJSON *list = intrinsic_list(call, 0, "the first argument"), *part = NULL;
	if (!list || !intrinsic_integer(call, 1, "the chunk size", &size))
		return NULL;
	if (size < 1)
		return intrinsic_failed(call, "the chunk size must be a positive integer");
	cJSON *parts = cJSON_CreateArray();
	for (const cJSON *c = list->child; c && parts; c = c->next, i++) {
		if (i % size == 0) {
			part = cJSON_CreateArray();
			(void)cJSON_AddItemToArray(parts, part);
		}
		(void)cJSON_AddItemToArray(part, cJSON_Duplicate(c, true));
	}
	return parts;
}

static bool has(const cJSON *list, const cJSON *v)
{
	for (const cJSON *c = list->child; c; c = c->next) {
		if (json_equal(c, v))
			return true;
	}
	return false;
}

static cJSON *run_contains(struct intrinsic_call *call)
{
	const cJSON *list = intrinsic_list(call, 0, "the first argument");
	return list ? cJSON_CreateBool(has(list, cJSON_GetArrayItem(call->args, 1))) : NULL;
}

/* How many elements, RANGE_MAX + 1 for any more. */
static int64_t range_length(int64_t first, int64_t last, int64_t step)
{
	uint64_t way =
	    step > 0 ? (uint64_t)last - (uint64_t)first : (uint64_t)first - (uint64_t)last;
	uint64_t steps = way / (step > 0 ? (uint64_t)step : 0 - (uint64_t)step);
	if (step > 0 ? last < first : last > first)
		return 0;
	return steps < RANGE_MAX ? (int64_t)steps + 1 : RANGE_MAX + 1;
}

static cJSON *run_range(struct intrinsic_call *call)
{
	int64_t first, last, step;
	if (!intrinsic_integer(call, 0, "the first element", &first) ||
	    !intrinsic_integer(call, 1, "the last element", &last) ||
	    !intrinsic_integer(call, 2, "the increment", &step))
		return NULL;
	if (step == 0)
		return intrinsic_failed(call, "the increment must not be zero");
	int64_t count = range_length(first, last, step);
	if (count > RANGE_MAX)
		return intrinsic_failed(call, "the array must not have more than %d elements",
					RANGE_MAX);
	cJSON *list = cJSON_CreateArray();
	for (int64_t i = 0; list && i < count; i++)
		(void)cJSON_AddItemToArray(list, json_new_int(first + i * step));
	return list;
}

static cJSON *run_item(struct intrinsic_call *call)
{
	int64_t n;
	cJSON *list = intrinsic_list(call, 0, "the first argument");
	if (!list || !intrinsic_integer(call, 1, "the index", &n))
		return NULL;
	if (n < 0 || n >= cJSON_GetArraySize(list))
		return intrinsic_failed(call, "the index %lld is out of the bounds of the array",
					(long long)n);
	return cJSON_DetachItemFromArray(list, (int)n);
}

static cJSON *run_length(struct intrinsic_call *call)
{
	const cJSON *list = intrinsic_list(call, 0, "the argument");
	return list ? json_new_int(cJSON_GetArraySize(list)) : NULL;
}

static cJSON *run_unique(struct intrinsic_call *call)
{
	cJSON *list = intrinsic_list(call, 0, "the argument");
	cJSON *unique = list ? cJSON_CreateArray() : NULL;
	while (unique && list->child) {
		cJSON *c = cJSON_DetachItemViaPointer(list, list->child);
		if (has(unique, c))
			cJSON_Delete(c);
		else
			(void)cJSON_AddItemToArray(unique, c);
	}
	return unique;
}

static cJSON *run_add(struct intrinsic_call *call)
{
	int64_t a, b, sum;
	if (!intrinsic_integer(call, 0, "the first argument", &a) ||
	    !intrinsic_integer(call, 1, "the second argument", &b))
		return NULL;
	if (__builtin_add_overflow(a, b, &sum))
		return intrinsic_failed(call, "the sum is out of range");
	return json_new_int(sum);
}

/* Vigna's splitmix64: the same seed gives the same number. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* From start (inclusive) to end (exclusive). */
static cJSON *run_random(struct intrinsic_call *call)
{
	int64_t start, end, seed;
	uint64_t bits;
	if (!intrinsic_integer(call, 0, "the start number", &start) ||
	    !intrinsic_integer(call, 1, "the end number", &end))
		return NULL;
	if (start >= end)
		return intrinsic_failed(call, "the start number must be less than the end number");
	if (cJSON_GetArraySize(call->args) < 3)
		call->env->random(call->env->arg, &bits, sizeof(bits));
	else if (intrinsic_integer(call, 2, "the seed", &seed))
		bits = mix((uint64_t)seed);
	else
		return NULL;
	uint64_t width = (uint64_t)end - (uint64_t)start;
	return json_new_int((int64_t)((uint64_t)start + bits % width));
}

const struct intrinsic intrinsic_lists[] = {
	{ "States.Array", 0, -1, false, run_array },
	{ "States.ArrayContains", 2, 2, false, run_contains },
	{ "States.ArrayGetItem", 2, 2, false, run_item },
	{ "States.ArrayLength", 1, 1, false, run_length },
	{ "States.ArrayPartition", 2, 2, false, run_partition },
	{ "States.ArrayRange", 3, 3, false, run_range },
	{ "States.ArrayUnique", 1, 1, false, run_unique },
	{ "States.MathAdd", 2, 2, false, run_add },
	{ "States.MathRandom", 2, 3, false, run_random },
	{ 0 },
};
