/*
 * iam.h - what a machine's role may do, read from an IAM endpoint.
 *
 * iam_inquiry.h says what is asked; here it is sent: POST with a form, signed with Signature Version 4
 * for the service iam in us-east-1 (where it is on AWS, for all regions), one request after the other.
 * What may go better in a moment is tried again as SDKs do (aws/retry.h). Nothing is remembered between
 * two readings. Keys and endpoints: upstream.h. For the loop's thread.
 */
#ifndef LOCAL_IAM_H
#define LOCAL_IAM_H

#include "local/core/engine.h"
#include "plugin_api.h"

struct iam;

/* A reading has ended; role is borrowed for the call. From the loop, never inside iam_start. */
typedef void iam_done_fn(void *arg, void *owner, uint64_t id, const struct engine_role *role);

struct iam_spec {
	const struct host_api *api; /* borrowed */
	const char *endpoint;       /* URL */
	bool strict; /* a role that is not there is missing; otherwise it may do everything */
	iam_done_fn *done;
	void *arg;
};

/* @param[out] out owned by the caller; iam_close. -ERR_INVALID: not an endpoint to use */
NODISCARD int iam_open(struct iam **out, const struct iam_spec *spec, struct err *err);
void iam_close(struct iam *m); /* done will not run any more; NULL is fine */
void iam_drop(struct iam *m);  /* forget everything that was started */
bool iam_busy(const struct iam *m);

void iam_start(struct iam *m, void *owner, uint64_t id, const char *role_arn);

#endif
