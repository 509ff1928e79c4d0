/*
 * status_feed.h - EventBridge events of the local engine: each change of an execution's status is
 * posted to a URL as an API destination would get it.
 *
 *	noted -> durable -> posted, one by one in order -> 2xx
 *	                       | 401, 407, 409, 429, 5xx, no answer: again, up to FEED_ATTEMPTS times
 *	                       | any other status: dropped
 *
 * An event waits until what it tells is on disk. Nothing waits for an event: when FEED_QUEUE_MAX of
 * them queue up, further ones are dropped. Everything dropped is logged. Events that were not
 * posted when the process ends are lost, as delivery is best effort in the service, too.
 *
 * For the loop's thread.
 */
#ifndef LOCAL_STATUS_FEED_H
#define LOCAL_STATUS_FEED_H

#include "local/core/engine.h"
#include "plugin_api.h"

enum { FEED_QUEUE_MAX = 10000, FEED_ATTEMPTS = 6, FEED_FIRST_PAUSE_MS = 200 };

struct status_feed;

struct status_feed_spec {
	const struct host_api *api; /* borrowed */
	const char *url;            /* copied */
	const char *account;        /* borrowed */
};

/*
 * @param[out] out owned by the caller; status_feed_close
 * @return 0; -ERR_INVALID: not a URL, or not on this machine although RUNBOOK_LOOPBACK_ONLY=1
 */
NODISCARD int status_feed_open(struct status_feed **out, const struct status_feed_spec *spec,
			       struct err *err);
void status_feed_close(struct status_feed *f); /* NULL is fine */

/* Note a change; it is posted after status_feed_release. Copied. */
void status_feed_add(struct status_feed *f, const char *region,
		     const struct engine_status_change *change);

/* What was noted since the last call becomes durable with this ticket (see store.h). */
void status_feed_ticket(struct status_feed *f, uint64_t ticket);
/* Everything up to this ticket is durable. */
void status_feed_release(struct status_feed *f, uint64_t ticket);

void status_feed_drop(struct status_feed *f); /* forget everything, also what is being posted */

/* "2026-09-24T00:07:18Z": the event's time, in whole seconds, rounded (recorded). */
enum { STATUS_FEED_TIME_SIZE = 40 };
void status_feed_time(char out[STATUS_FEED_TIME_SIZE], int64_t ms);

#endif
