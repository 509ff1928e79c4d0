/*
 * parked.h - requests whose answer is not there yet: GetActivityTask without a task,
 * StartSyncExecution. Private to server.c.
 *
 * A list in the order of arrival; whoever came first is asked first. How a request waits is said by
 * the engine: see engine_request.
 */
#ifndef LOCAL_PARKED_H
#define LOCAL_PARKED_H

#include "base/buf.h"

#include "local/shell/wire.h"

struct http_exchange;

struct parked {
	struct parked *next;
	struct http_exchange *exchange;
	struct wire_request request; /* what to ask next */
	char *key;                   /* what it waits for */
	struct buf otherwise;        /* the answer when the time is over */
	int64_t until_ms;            /* monotonic */
	bool ready;                  /* what it waits for has come: ask */
};

struct parked_list {
	struct parked *first, **last;
};

void parked_init(struct parked_list *l);
void parked_clear(struct parked_list *l);

/*
 * Park a request.
 *
 * @param r     taken over: *r is empty afterwards
 * @param wait  what engine_request appended to the answer with -ERR_TIMEOUT
 */
void parked_add(struct parked_list *l, struct http_exchange *x, struct wire_request *r,
		struct bytes wait, int64_t now_ms);
/* It was asked and waits on; its time goes on. */
void parked_again(struct parked *p, struct bytes wait);
void parked_remove(struct parked_list *l, struct parked *p);
struct parked *parked_find(const struct parked_list *l, const struct http_exchange *x);

/* Mark those that wait for key. Was there one? */
bool parked_mark(struct parked_list *l, const char *key);

/* When the first time is over; INT64_MAX: nobody waits. */
int64_t parked_next(const struct parked_list *l);

#endif
