/* retry.h - Retry and Catch: which errors they match, and what they say. */
#ifndef LOCAL_RETRY_H
#define LOCAL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "local/core/definition.h"

struct frame;

struct catcher {
	const struct state *next;
	struct path_field result_path;
};

/* Shall the failed state be tried again? Then the attempt is counted, and *wait_ms is how long to
 * wait first (IntervalSeconds, BackoffRate, MaxDelaySeconds, JitterStrategy). */
bool retry_pick(struct frame *f, const char *error, int64_t *wait_ms);

/* The first Catch of the state that matches. */
bool catch_pick(const struct frame *f, const char *error, struct catcher *out);

#endif
