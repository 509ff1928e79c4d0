/*
 * inquiry.h - a read that the plugin makes on behalf of a changing call: before it (prepare) and, if
 * its end was not heard, long after it (reconcile).
 *
 * An inquiry is an ordinary call of call.h with a request of its own; its end becomes that of the
 * host's call. call_stop on the host's call stops it.
 */
#ifndef SFN_INQUIRY_H
#define SFN_INQUIRY_H

#include "sfn/call.h"
#include "sfn/judge.h"

struct inquiry_spec { /* borrowed until the end */
	struct client *client;
	struct call_list *list;
	const struct subject *subject;
};

/* The baseline: ends host_call with the members of the answer that the subject keeps. Any failure of
 * the read is that of host_call. */
void inquiry_prepare(const struct inquiry_spec *spec, struct host_call *host_call);

/* The verdict: ends host_call as plugin_api.h says of reconcile. The context has the identity and
 * "evidence": what was found, the baseline and the window. */
void inquiry_reconcile(const struct inquiry_spec *spec, struct host_call *host_call);

#endif
