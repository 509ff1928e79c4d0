/*
 * retry.h - whether and when a failed attempt is made again: the "standard" mode every AWS SDK has
 * had since November 2026.
 *
 * Pure arithmetic: the random number is a parameter, the quota a struct that one client shares
 * between its calls. Source: the cross-SDK retry rules (base 50 ms for transient failures and 1 s
 * for throttling, doubled each time, capped at 20 s, full jitter; a quota of 500 of which a retry
 * takes 14, or 5 when throttled; x-amz-retry-after honoured within 5 s above the computed delay).
 */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum { RETRY_MAX_ATTEMPTS = 3, RETRY_QUOTA = 500 };

enum retry_class {
	RETRY_NO,
	RETRY_TRANSIENT,  /* the same request may work in a moment */
	RETRY_THROTTLING, /* it will work when we are slower */
};

/* By error code and HTTP status. A failure of the transport (status 0) is the caller's to judge. */
enum retry_class retry_classify(const char *code, int status);

/*
 * How long to wait before the next attempt.
 *
 * @param failed   how many attempts have failed so far, 1 at least
 * @param random   uniform on [0, 1)
 * @param hint_ms  what the service asked for, negative: nothing
 */
int64_t retry_delay_ms(enum retry_class why, int failed, double random, int64_t hint_ms);

/* What keeps a client from retrying against a service that is down: one for all calls of a client.
 * Starts at RETRY_QUOTA. */
struct retry_quota {
	int left;
};

/* Pay for one retry. @return what it cost, 0 when the quota cannot pay: do not retry. */
int retry_take(struct retry_quota *q, enum retry_class why);

/* A call succeeded: give back what its last retry cost, or 1 when it needed none (cost 0). */
void retry_succeeded(struct retry_quota *q, int last_cost);

#endif
