#include "script/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/registry.h"

enum {
	QUEUES_KEPT = 64, /* more are looked through for such as nobody needs */
	NAME_MAX_BYTES = 128,
};

/* Of what need not wait any more. */
static const struct fair_rate unlimited = { 1e6, 1e6 };

struct rate_queue {
	struct rate_queue *next;
	struct rates *rates;
	const char *operation; /* the registry's */
	char *name;
	struct fair_rate own; /* what the operation says of it; burst 0: nothing */
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

/* What it fills at: what the configuration says, else the operation. False: calls need not wait. */
static bool rate_of(const struct rates *r, const char *operation, const struct fair_rate *own,
		    struct fair_rate *out)
{
	const struct known_rate *set = find_set(r, operation);
	*out = set ? set->at : *own;
	return !(set && set->off) && out->burst >= 1 && out->per_s > 0;
}

/* NULL: no memory; then nobody waits. */
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

static struct rate_queue *find_queue(const struct rates *r, const char *name)
{
	struct rate_queue *q = r->queues;
	while (q && strcmp(q->name, name) != 0)
		q = q->next;
	return q;
}

/* The bucket of a call; NULL: it need not wait. */
static struct rate_queue *bucket_of(struct rates *r, const struct registered_op *op,
				    struct bytes args)
{
	struct op_bucket bucket = { 0 };
	struct fair_rate rate;
	char name[sizeof(bucket.name) + NAME_MAX_BYTES];
	if (op->op->bucket && !op->op->bucket(op->state, args, &bucket))
		bucket = (struct op_bucket){ 0 };
	const struct fair_rate own = { bucket.burst, bucket.per_s };
	if (!rate_of(r, op->full_name, &own, &rate))
		return NULL;
	bucket.name[sizeof(bucket.name) - 1] = '\0';
	(void)snprintf(name, sizeof(name), "%.*s%s%s", NAME_MAX_BYTES - 2, op->full_name,
		       bucket.name[0] ? " " : "", bucket.name);
	struct rate_queue *q = find_queue(r, name);
	if (!q)
		q = new_queue(r, name, &rate);
	else if (q->fair.rate.burst != rate.burst || q->fair.rate.per_s != rate.per_s)
		fair_queue_set_rate(&q->fair, &rate, clock_mono_ms());
	if (q) {
		q->operation = op->full_name;
		q->own = own;
	}
	return q;
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
	t->entry = (struct fair_entry){ .run = run };
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

/* ---- another configuration ---- */

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
	for (struct rate_queue *q = r->queues; q; q = q->next) {
		struct fair_rate rate;
		bool waits = rate_of(r, q->operation, &q->own, &rate);
		fair_queue_set_rate(&q->fair, waits ? &rate : &unlimited, clock_mono_ms());
		arm(q);
	}
	return 0;
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
