/*
 * rates.h - before a call is made it waits for its turn at the service's token bucket.
 *
 * Which bucket a call draws from, and how fast that fills, says its operation (struct
 * operation.bucket) or the configuration, [rate], whose word counts. All calls of one bucket share a
 * fair queue (fair_queue.h). A call waits before its intent is recorded, so that an intent always says
 * that a call leaves now, and before its own deadline begins; the time-out of its run goes on. A
 * wait is no step: a process that takes over begins it anew, with a full bucket.
 *
 * For the loop's thread.
 */
#ifndef SCRIPT_RATES_H
#define SCRIPT_RATES_H

#include "plugin_api.h"
#include "script/fair_queue.h"

struct loop;
struct rates;
struct rate_queue;
struct registered_op;

/* What the configuration says of an operation. */
struct rate {
	const char *operation; /* "sfn.describe_map_run" */
	bool off;              /* its calls never wait */
	struct fair_rate at;   /* unless off */
};

/* A call's place: embedded in the call. Zeros: it has none. */
struct rate_turn {
	/* Set by the caller. Its turn has come: from the loop, never from inside rates_enter. */
	void (*go)(void *arg);
	void *arg;
	/* Private. */
	struct fair_entry entry;
	struct rate_queue *queue;
};

/* @param[out] out owned by the caller; rates_free */
NODISCARD int rates_new(struct rates **out, struct loop *loop, struct err *err);
void rates_free(struct rates *r); /* nothing may have a place any more; NULL is fine */

/* What the configuration says from now on, of what waits already, too; copied. -ERR_NOMEM: nothing has
 * changed. */
NODISCARD int rates_set(struct rates *r, const struct rate *v, size_t n, struct err *err);

/*
 * A call of run is to be made.
 *
 * @param args as in struct operation.start
 * @return true: now. false: it waits, and go runs once, unless rates_leave comes before
 */
bool rates_enter(struct rates *r, struct rate_turn *t, const struct registered_op *op,
		 struct bytes args, uint64_t run);

/* How long it has been waiting; 0: it does not. */
int64_t rates_waited_ms(const struct rate_turn *t);

/* The name of the bucket where it has its place; "": it has none. */
const char *rates_bucket(const struct rate_turn *t);

/* It waits no longer, or is over after so many requests (0: it was not sent). Any number of times. */
void rates_leave(struct rate_turn *t, int requests);

/* A request of it was refused for coming too fast. */
void rates_throttled(struct rate_turn *t);

/* Each bucket that is in use: its name, how many calls wait, for how long the oldest does. */
void rates_each(const struct rates *r,
		void (*fn)(void *arg, const char *name, size_t waiting, int64_t oldest_ms),
		void *arg);

#endif
