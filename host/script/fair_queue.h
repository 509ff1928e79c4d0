/*
 * fair_queue.h - calls that wait in front of a service's token bucket, and whose turn it is.
 *
 * Pure: time is a parameter, nothing is allocated for who waits. The queue keeps a bucket like the
 * service's own: `burst` tokens at most, `per_s` more a second, one a request. Runs are served in turn,
 * a run's own calls in their order, so that a run with a hundred calls delays another run's one call by
 * one call. (Each operation of AWS has a bucket of its own: changes and reads never meet in one.) What the service
 * refuses for coming too fast (fair_queue_throttled) says that it has less than was thought, since
 * others draw from it too: the bucket is empty then, and fills at half its speed, which grows back by
 * one part in 30 a second. So many hosts find their shares without knowing of each other.
 *
 * At most FAIR_UNDER_WAY calls are under way at once: a bucket that is not as full as was thought
 * costs no more refusals than that.
 *
 * Times are milliseconds of one clock that never goes back.
 */
#ifndef SCRIPT_FAIR_QUEUE_H
#define SCRIPT_FAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAIR_UNDER_WAY = 64, FAIR_BINS = 256 };

struct fair_rate {
	double burst; /* 1 or more */
	double per_s; /* more than 0 */
};

/* A call that waits: embedded in it by the caller, who sets the first. Zeros: it does not wait. */
struct fair_entry {
	uint64_t run;
	/* Private. */
	bool waits;
	int64_t since_ms;
	struct fair_entry *prev, *next;         /* of its run */
	struct fair_entry *last;                /* of the first of its run: the last one */
	struct fair_entry *prev_run, *next_run; /* likewise: the first ones of other runs */
	struct fair_entry *next_in_bin;         /* likewise */
};

struct fair_queue { /* all private */
	struct fair_rate rate;
	double tokens; /* below 0: what was sent without one */
	double share;  /* of per_s that it fills at: 1, less after a refusal */
	int64_t now_ms, cut_ms;
	size_t n_waiting, n_under_way;
	struct fair_entry *first, *last;    /* the runs in turn, each by the first of its calls */
	struct fair_entry *bins[FAIR_BINS]; /* the same, by run */
};

/* The bucket is full. */
void fair_queue_init(struct fair_queue *q, const struct fair_rate *rate, int64_t now_ms);

/* From now on. */
void fair_queue_set_rate(struct fair_queue *q, const struct fair_rate *rate, int64_t now_ms);

/* It waits from now on; borrowed until it is taken or removed. */
void fair_queue_add(struct fair_queue *q, struct fair_entry *e, int64_t now_ms);
void fair_queue_remove(struct fair_queue *q, struct fair_entry *e); /* fine if it does not wait */

/* Whose turn has come, NULL: nobody's. It has its token and is under way until fair_queue_ended. */
struct fair_entry *fair_queue_take(struct fair_queue *q, int64_t now_ms);

/* One that was taken is over, with so many requests: each but the first takes a token now. 0: it was
 * not sent, and gives its token back. */
void fair_queue_ended(struct fair_queue *q, int requests, int64_t now_ms);

/* The service has refused a request for coming too fast. */
void fair_queue_throttled(struct fair_queue *q, int64_t now_ms);

/* In how many milliseconds somebody's turn may come, a second at most while the bucket's speed grows
 * back; -1: not before something is added or ends. */
int64_t fair_queue_wait_ms(struct fair_queue *q, int64_t now_ms);

/* Nobody waits, nothing is under way and the bucket is full: it knows nothing that a new one does not. */
bool fair_queue_is_fresh(struct fair_queue *q, int64_t now_ms);

/* For how long the one that came first has been waiting; 0: nobody waits. */
int64_t fair_queue_oldest_ms(const struct fair_queue *q, int64_t now_ms);

#endif
