#include "aws/retry.h"

#include <stddef.h>
#include <string.h>

enum {
	COST_TRANSIENT = 14,
	COST_THROTTLING = 5,
	BASE_TRANSIENT_MS = 50,
	BASE_THROTTLING_MS = 1000,
	DELAY_MAX_MS = 20000,
	HINT_ABOVE_MS = 5000,
};

static const char *const throttling_codes[] = {
	"Throttling",
	"ThrottlingException",
	"ThrottledException",
	"RequestThrottledException",
	"TooManyRequestsException",
	"ProvisionedThroughputExceededException",
	"TransactionInProgressException",
	"RequestLimitExceeded",
	"BandwidthLimitExceeded",
	"LimitExceededException",
	"RequestThrottled",
	"SlowDown",
	"PriorRequestNotComplete",
	"EC2ThrottledException",
	NULL,
};

/* IDPCommunicationError is STS's. */
static const char *const transient_codes[] = { "RequestTimeout", "RequestTimeoutException",
					       "IDPCommunicationError", NULL };

static bool listed(const char *const *list, const char *code)
{
	for (; *list; list++) {
		if (strcmp(*list, code) == 0)
			return true;
	}
	return false;
}

enum retry_class retry_classify(const char *code, int status)
{
	if (listed(throttling_codes, code) || status == 429)
		return RETRY_THROTTLING;
	if (listed(transient_codes, code) || status == 500 || status == 502 || status == 503 ||
	    status == 504)
		return RETRY_TRANSIENT;
	return RETRY_NO;
}

int64_t retry_delay_ms(enum retry_class why, int failed, double random, int64_t hint_ms)
{
	int64_t ceiling = why == RETRY_THROTTLING ? BASE_THROTTLING_MS : BASE_TRANSIENT_MS;
	for (int i = 1; i < failed && ceiling < DELAY_MAX_MS; i++)
		ceiling *= 2;
	if (ceiling > DELAY_MAX_MS)
		ceiling = DELAY_MAX_MS;
	int64_t delay = (int64_t)(random * (double)ceiling);
	if (hint_ms <= delay)
		return delay;
	return hint_ms < delay + HINT_ABOVE_MS ? hint_ms : delay + HINT_ABOVE_MS;
}

int retry_take(struct retry_quota *q, enum retry_class why)
{
	int cost = why == RETRY_THROTTLING ? COST_THROTTLING : COST_TRANSIENT;
	if (q->left < cost)
		return 0;
	q->left -= cost;
	return cost;
}

void retry_succeeded(struct retry_quota *q, int last_cost)
{
	q->left += last_cost > 0 ? last_cost : 1;
	if (q->left > RETRY_QUOTA)
		q->left = RETRY_QUOTA;
}
