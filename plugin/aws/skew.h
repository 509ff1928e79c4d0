/*
 * skew.h - how far this machine's clock is from the service's, learnt from the answers' Date.
 *
 * A signature is good for about five minutes around the service's time, so a machine with a wrong
 * clock is refused for ever unless the client corrects itself. Source: the cross-SDK rules of 2026.
 * The offset is for signing only; nothing else may use it.
 */
#ifndef AWS_SKEW_H
#define AWS_SKEW_H

#include "base/http.h"

struct skew {
	int64_t ms; /* the service's clock minus ours; added to the time a request is signed with */
};

/*
 * Learn from an answer, good or bad. Left alone when it may be an old one from a cache (Age), when
 * its Date cannot be read, or when it took more than a quarter of an hour.
 *
 * @param sent_ms, received_ms  our wall clock when the request went out and the answer came
 * @return whether the answer had something to teach
 */
bool skew_learn(struct skew *s, const struct http_header *headers, size_t n, int64_t sent_ms,
		int64_t received_ms);

/* Was this error due to the clock, so that the next attempt may succeed? Ask after skew_learn. */
bool skew_explains(const struct skew *s, bool learnt, const char *code);

/* Read "Sun, 06 Nov 1994 08:49:37 GMT". @return 0; -ERR_INVALID */
NODISCARD int http_date_parse(int64_t *out_wall_ms, const char *text);

#endif
