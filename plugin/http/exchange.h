/*
 * exchange.h - one call of http.request: build, ask the rules, send once, judge.
 *
 * Life: exchange_start -> host_api.call_done, exactly once, from the loop and never from inside
 * exchange_start. exchange_stop instead of waiting. One attempt: what to do about a failure is the
 * script's to say.
 *
 * Every whole answer is a success, whatever its status. Without one a change is "unknown" if a byte of
 * it may have left; not with resend = true, for whoever says so does not mind that it comes twice: it
 * is a failure like a read's.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/request.h"

struct exchange;

struct exchange_list { /* those under way */
	struct exchange *first;
};

void exchange_start(struct exchange_list *list, const struct request_spec *spec,
		    struct host_call *call);
void exchange_stop(struct host_call *call);
bool exchange_in_doubt(const struct host_call *call);
void exchange_stop_all(struct exchange_list *list);

#endif
