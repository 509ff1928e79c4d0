#include "script/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/registry.h"

enum { QUEUES_KEPT = 64 }; /* more are looked through for such as nobody needs */

struct rate_queue {
	struct rate_queue *next;
	struct rates *rates;
	char *name;
	struct timer *timer;
	struct fair_queue fair;
};

/* A struct rate, copied. */
struct known_rate {
	char *operation;
	bool off;
	struct fair_rate at;
};

struct rates {
	struct loop *loop;
	struct known_rate *set;
	size_t n_set, n_queues;
	struct rate_queue *queues;
};

/* ---- the configuration ---- */

static void free_set(struct known_rate *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		free(v[i].operation);
	free(v);
}

int rates_set(struct rates *r, const struct rate *v, size_t n, struct err *err)
{
	struct known_rate *set = calloc(n + 1, sizeof(*set));
	bool ok = set != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		set[i] = (struct known_rate){ strdup(v[i].operation), v[i].off, v[i].at };
		ok = set[i].operation != NULL;
	}
	if (!ok) {
		free_set(set, n);
		return err_set(err, ERR_NOMEM, "no memory for the rates");
	}
	free_set(r->set, r->n_set);
	r->set = set;
	r->n_set = n;
	return 0;
}

static const struct known_rate *find_set(const struct rates *r, const char *operation)
{
	for (size_t i = 0; i < r->n_set; i++) {
		if (strcmp(r->set[i].operation, operation) == 0)
			return &r->set[i];
	}
	return NULL;
}

/* ---- buckets ---- */

static void free_queue(struct rate_queue *q)
{
	timer_stop(q->timer);
	free(q->name);
	free(q);
}

/* Names come from arguments: what nobody needs any more must not stay. */
static void forget_fresh(struct rates *r, int64_t now_ms)
{
	for (struct rate_queue **at = &r->queues; *at;) {
		struct rate_queue *q = *at;
		if (!fair_queue_is_fresh(&q->fair, now_ms)) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		r->n_queues--;
		free_queue(q);
	}
}

static struct rate_queue *new_queue(struct rates *r, const char *name, const struct fair_rate *rate)
{
	struct rate_queue *q = calloc(1, sizeof(*q));
	int64_t now_ms = clock_mono_ms();
	if (r->n_queues >= QUEUES_KEPT)
		forget_fresh(r, now_ms);
	if (q)
		q->name = strdup(name);
	if (!q || !q->name) {
		free(q);
		return NULL;
	}
	q->rates = r;
	fair_queue_init(&q->fair, rate, now_ms);
	q->next = r->queues;
	r->queues = q;
	r->n_queues++;
	return q;
}

/* The figures may have changed since it was made. NULL: no memory; then nobody waits. */
static struct rate_queue *queue_of(struct rates *r, const char *name, const struct fair_rate *rate)
{
	struct rate_queue *q = r->queues;
	while (q && strcmp(q->name, name) != 0)
		q = q->next;
	if (!q)
		return new_queue(r, name, rate);
	if (q->fair.rate.burst != rate->burst || q->fair.rate.per_s != rate->per_s)
		fair_queue_set_rate(&q->fair, rate, clock_mono_ms());
	return q;
}

/* The bucket of a call; NULL: it need not wait. */
static struct rate_queue *bucket_of(struct rates *r, const struct registered_op *op,
				    struct bytes args)
{
	const struct known_rate *set = find_set(r, op->full_name);
	struct op_bucket bucket = { 0 };
	if (set && set->off)
		return NULL;
	bool known = op->op->bucket && op->op->bucket(op->state, args, &bucket);
	if (!set && (!known || bucket.burst < 1 || !(bucket.per_s > 0)))
		return NULL;
	bucket.name[sizeof(bucket.name) - 1] = '\0';
	const struct fair_rate rate = { bucket.burst, bucket.per_s };
	char name[sizeof(bucket.name) + 128];
	(void)snprintf(name, sizeof(name), "%.120s%s%s", op->full_name, known ? " " : "",
		       bucket.name);
	return queue_of(r, name, set ? &set->at : &rate);
}

/* ---- turns ---- */

static void arm(struct rate_queue *q);

static void on_timer(void *arg)
{
	struct rate_queue *q = arg;
	struct fair_entry *e;
	q->timer = NULL;
	while ((e = fair_queue_take(&q->fair, clock_mono_ms()))) {
		struct rate_turn *t = CONTAINER_OF(e, struct rate_turn, entry);
		t->go(t->arg);
	}
	arm(q);
}

/* Look again when somebody's turn may have come. */
static void arm(struct rate_queue *q)
{
	int64_t wait_ms = fair_queue_wait_ms(&q->fair, clock_mono_ms());
	timer_stop(q->timer);
	q->timer = wait_ms < 0 ? NULL : timer_start(q->rates->loop, wait_ms, on_timer, q);
}

bool rates_enter(struct rates *r, struct rate_turn *t, const struct registered_op *op,
		 struct bytes args, uint64_t run)
{
	struct rate_queue *q = bucket_of(r, op, args);
	int64_t now_ms = clock_mono_ms();
	INVARIANT(!t->queue);
	if (!q)
		return true;
	t->queue = q;
	t->entry = (struct fair_entry){ .run = run, .changes = op->op->flags & OP_CHANGES };
	bool alone = q->fair.n_waiting == 0;
	fair_queue_add(&q->fair, &t->entry, now_ms);
	if (alone && fair_queue_take(&q->fair, now_ms))
		return true;
	if (!q->timer)
		arm(q);
	return false;
}

const char *rates_bucket(const struct rate_turn *t)
{
	return t->queue ? t->queue->name : "";
}

int64_t rates_waited_ms(const struct rate_turn *t)
{
	return t->entry.waits ? clock_mono_ms() - t->entry.since_ms : 0;
}

void rates_leave(struct rate_turn *t, int requests)
{
	struct rate_queue *q = t->queue;
	if (!q)
		return;
	t->queue = NULL;
	if (t->entry.waits)
		fair_queue_remove(&q->fair, &t->entry);
	else
		fair_queue_ended(&q->fair, requests, clock_mono_ms());
	arm(q);
}

void rates_throttled(struct rate_turn *t)
{
	if (!t->queue || t->entry.waits)
		return;
	fair_queue_throttled(&t->queue->fair, clock_mono_ms());
	arm(t->queue);
}

/* ---- life ---- */

void rates_each(const struct rates *r,
		void (*fn)(void *arg, const char *name, size_t waiting, int64_t oldest_ms),
		void *arg)
{
	int64_t now_ms = clock_mono_ms();
	for (const struct rate_queue *q = r->queues; q; q = q->next)
		fn(arg, q->name, q->fair.n_waiting, fair_queue_oldest_ms(&q->fair, now_ms));
}

int rates_new(struct rates **out, struct loop *loop, struct err *err)
{
	struct rates *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for the rates");
	r->loop = loop;
	*out = r;
	return 0;
}

void rates_free(struct rates *r)
{
	if (!r)
		return;
	while (r->queues) {
		struct rate_queue *q = r->queues;
		r->queues = q->next;
		free_queue(q);
	}
	free_set(r->set, r->n_set);
	free(r);
}
