/*
 * lambda.h - task functions behind the Lambda Invoke API: any server of it, local or real.
 *
 *	POST BASE/2015-03-31/functions/NAME/invocations     X-Amz-Invocation-Type: RequestResponse
 *
 * What an answer becomes:
 *
 *	200                                 the output
 *	200 with X-Amz-Function-Error       error: errorType of the payload, cause: the payload; without
 *	                                    an errorType Lambda.Unknown
 *	another status                      Lambda.CODE, of X-Amzn-ErrorType or the body's Type or code
 *	no whole answer                     Lambda.SdkClientException
 *
 * Keys and endpoints: upstream.h; local servers read at most the region from a signature.
 * Functions run side by side, up to LAMBDA_RUNNING_MAX; the others wait for their turn. For the
 * loop's thread.
 */
#ifndef LOCAL_LAMBDA_H
#define LOCAL_LAMBDA_H

#include "local/shell/handlers.h"

enum { LAMBDA_RUNNING_MAX = 64 };

struct lambda;

struct lambda_spec {
	const struct host_api *api; /* borrowed */
	const char *endpoint;       /* base URL; copied */
	handlers_done_fn *done;     /* as for handlers */
	void *arg;
};

/*
 * @param[out] out owned by the caller; lambda_close
 * @return 0; -ERR_INVALID: not a URL, or not on this machine although RUNBOOK_LOOPBACK_ONLY=1
 */
NODISCARD int lambda_open(struct lambda **out, const struct lambda_spec *spec, struct err *err);
void lambda_close(struct lambda *l); /* what runs is forgotten; NULL is fine */

/* @param region  of the engine; borrowed for the call */
void lambda_start(struct lambda *l, void *owner, const char *region,
		  const struct engine_task *task);
void lambda_stop(struct lambda *l, void *owner, uint64_t id); /* unknown ones are fine */
bool lambda_busy(const struct lambda *l);
void lambda_drop(struct lambda *l); /* stop everything */

#endif
