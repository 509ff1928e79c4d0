#include "sfn/bucket.h"

#include <string.h>

struct figures {
	const char *wire_name;
	struct {
		double burst, per_s;
	} large, others; /* regions */
};

static const struct figures quotas[] = {
	{ "DescribeExecution", { 300, 15 }, { 250, 10 } },
	{ "DescribeMapRun", { 200, 1 }, { 200, 1 } },
	{ "ListExecutions", { 200, 5 }, { 100, 2 } },
	{ "ListMapRuns", { 100, 1 }, { 100, 1 } },
	{ "RedriveExecution", { 1300, 300 }, { 800, 150 } },
	{ "StartExecution", { 1300, 300 }, { 800, 150 } },
	{ "StopExecution", { 1000, 200 }, { 500, 25 } },
	{ "UpdateMapRun", { 100, 1 }, { 100, 1 } },
};

static bool is_large(const char *region)
{
	static const char *const large[] = { "us-east-1", "us-west-2", "eu-west-1" };
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		if (strcmp(region, large[i]) == 0)
			return true;
	}
	return false;
}

void bucket_figures(struct op_bucket *out, const char *wire_name, const char *region)
{
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
		const struct figures *q = &quotas[i];
		if (strcmp(q->wire_name, wire_name) != 0)
			continue;
		out->burst = is_large(region) ? q->large.burst : q->others.burst;
		out->per_s = is_large(region) ? q->large.per_s : q->others.per_s;
	}
}
