/*
 * call.h - one API call, from arguments to its end: ask for endpoint and credentials, sign, send,
 * judge the answer, perhaps back off and go round again.
 *
 * Life: call_start -> host_api.call_done, exactly once, from the loop and never from inside
 * call_start. call_stop instead of waiting: when it returns nothing is pending and the call is
 * gone. All of the world is the host_api, so that tests drive every completion by hand.
 *
 * A changing call is in doubt once an attempt may have been carried out without a definite answer:
 * the connection failed after some byte may have left, it timed out, the service answered 5xx, or
 * 2xx with a broken body. A later success settles the doubt; any other end is "OutcomeUnknown",
 * also when the last attempt itself was refused. A connection refused on every attempt is no doubt.
 */
#ifndef SFN_CALL_H
#define SFN_CALL_H

#include "sfn/client.h"

struct call;

/* Calls under way, so that closing the plugin can stop them. */
struct call_list {
	struct call *first;
};

struct call_spec { /* borrowed until the end */
	struct client *client;
	const struct operation *op;
	struct call_list *list;

	/* Who is told of the end; NULL: the host, by call_done. Then, and also when the call is
	 * stopped, gone says that it does not need anything of arg any more. */
	void (*done)(void *arg, const struct call_result *result);
	void (*gone)(void *arg);
	void *arg;
};

/* Begin host_call with spec. Sets host_call->plugin. Cannot fail: an error is the end of the call. */
void call_start(const struct call_spec *spec, struct host_call *host_call);

/* May the call of host_call have taken effect, as things stand? */
bool call_in_doubt(const struct host_call *host_call);

/* Forget the call of host_call; call_done will not run. NULL in host_call->plugin is fine. */
void call_stop(struct host_call *host_call);

void call_list_stop(struct call_list *list);

#endif
