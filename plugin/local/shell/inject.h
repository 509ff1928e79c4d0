/*
 * inject.h - lets requests meet the faults that were ordered (fault_plan.h). Private to server.c.
 *
 *	request -> inject_request -> served ... -> inject_answer -> answered
 *	                |    later: serve()              |    later: reply()
 *	                v                                v
 *	         refused or dropped               another answer, or dropped
 *
 * For the loop's thread.
 */
#ifndef LOCAL_INJECT_H
#define LOCAL_INJECT_H

#include "local/shell/fault_plan.h"
#include "local/shell/wire.h"
#include "plugin_api.h"

struct met; /* a request that has met a fault */

struct injector {
	const struct host_api *api; /* borrowed */
	struct fault_plan *plan;    /* borrowed; NULL: no faults */
	const char *account;        /* for the words of a denial; borrowed */
	/* Serve a request that was held up. It may be taken over, else it is cleared afterwards. */
	void (*serve)(void *arg, struct http_exchange *x, struct wire_request *r);
	/* Answer, without asking inject_answer again. */
	void (*reply)(void *arg, struct http_exchange *x, int status, struct bytes body);
	void *arg;
	struct met *first;
};

/* True: the request is dealt with, now or later; *r is empty. False: serve it. */
bool inject_request(struct injector *in, struct http_exchange *x, struct wire_request *r);

/* True: the answer is dealt with, now or later. False: send it. */
bool inject_answer(struct injector *in, struct http_exchange *x, int status, struct bytes body);

void inject_gone(struct injector *in, const struct http_exchange *x); /* the client has left */
void inject_stop(struct injector *in); /* forget whoever is held up; they are never answered */

#endif
