/*
 * ending.h - how a call's last attempt becomes the result the host is given.
 */
#ifndef SFN_ENDING_H
#define SFN_ENDING_H

#include "aws/answer.h"
#include "plugin_api.h"

/* Everything is borrowed for the call. */
struct ending {
	const struct operation *op;
	struct bytes args;
	const struct aws_answer *last; /* of the last attempt */
	struct bytes body;             /* of a good answer */
	int attempts;
	bool retryable;
	bool unknown;         /* a changing call whose effect is in doubt */
	const char *doubt;    /* what put it in doubt: "attempt 1 of 3: ConnectionError: ..." */
	const char *identity; /* access key id; NULL when there was none */
};

/* Give the result to done, which must not keep it. */
void ending_deliver(const struct ending *e, void (*done)(void *arg, const struct call_result *r),
		    void *arg);

#endif
