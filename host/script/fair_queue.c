#include "script/fair_queue.h"

#include "base/err.h"

enum { CUT_PAUSE_MS = 1000, LEAST_PART = 8, BACK_S = 30, LOOK_MS = 1000 };

static const double FULL_TOKEN = 1 - 1e-6; /* of what sums of fractions leave of one */

/* ---- the bucket ---- */

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void refill(struct fair_queue *q, int64_t now_ms)
{
	if (now_ms <= q->now_ms)
		return;
	double s = (double)(now_ms - q->now_ms) / 1000;
	double share = least(q->share + s / BACK_S, 1);
	q->tokens = least(q->tokens + s * q->rate.per_s * (q->share + share) / 2, q->rate.burst);
	q->share = share;
	q->now_ms = now_ms;
}

void fair_queue_init(struct fair_queue *q, const struct fair_rate *rate, int64_t now_ms)
{
	*q = (struct fair_queue){ .rate = *rate,
				  .tokens = rate->burst,
				  .share = 1,
				  .now_ms = now_ms,
				  .cut_ms = now_ms - CUT_PAUSE_MS };
}

void fair_queue_set_rate(struct fair_queue *q, const struct fair_rate *rate, int64_t now_ms)
{
	refill(q, now_ms);
	q->rate = *rate;
	q->tokens = least(q->tokens, rate->burst);
}

void fair_queue_throttled(struct fair_queue *q, int64_t now_ms)
{
	refill(q, now_ms);
	q->tokens = least(q->tokens, 0);
	/* What was sent before the first refusal was known says nothing new. */
	if (now_ms - q->cut_ms < CUT_PAUSE_MS)
		return;
	q->cut_ms = now_ms;
	q->share = q->share / 2 > 1.0 / LEAST_PART ? q->share / 2 : 1.0 / LEAST_PART;
}

/* ---- who waits ---- */

static struct fair_entry **bin_of(struct fair_queue *q, uint64_t run)
{
	return &q->bins[run % FAIR_BINS];
}

static struct fair_entry *first_of(struct fair_queue *q, uint64_t run)
{
	struct fair_entry *e = *bin_of(q, run);
	while (e && e->run != run)
		e = e->next_in_bin;
	return e;
}

/* It is the first of its run, behind all other runs. */
static void add_run(struct fair_queue *q, struct fair_entry *e)
{
	struct fair_entry **bin = bin_of(q, e->run);
	e->next_in_bin = *bin;
	*bin = e;
	e->prev_run = q->last;
	e->next_run = NULL;
	*(q->last ? &q->last->next_run : &q->first) = e;
	q->last = e;
}

static void remove_run(struct fair_queue *q, struct fair_entry *e)
{
	struct fair_entry **at = bin_of(q, e->run);
	while (*at != e)
		at = &(*at)->next_in_bin;
	*at = e->next_in_bin;
	*(e->prev_run ? &e->prev_run->next_run : &q->first) = e->next_run;
	*(e->next_run ? &e->next_run->prev_run : &q->last) = e->prev_run;
}

void fair_queue_add(struct fair_queue *q, struct fair_entry *e, int64_t now_ms)
{
	struct fair_entry *first = first_of(q, e->run);
	INVARIANT(!e->waits);
	e->waits = true;
	e->since_ms = now_ms;
	e->next = NULL;
	e->prev = first ? first->last : NULL;
	q->n_waiting++;
	if (!first) {
		e->last = e;
		add_run(q, e);
		return;
	}
	first->last->next = e;
	first->last = e;
}

/* The first of its run leaves: the next one is the first, where it stood or behind all others. */
static void remove_first(struct fair_queue *q, struct fair_entry *e)
{
	struct fair_entry *next = e->next;
	remove_run(q, e);
	if (!next)
		return;
	next->prev = NULL;
	next->last = e->last;
	add_run(q, next);
}

void fair_queue_remove(struct fair_queue *q, struct fair_entry *e)
{
	if (!e->waits)
		return;
	e->waits = false;
	q->n_waiting--;
	if (!e->prev) {
		remove_first(q, e);
		return;
	}
	e->prev->next = e->next;
	struct fair_entry *first = first_of(q, e->run);
	INVARIANT(first != NULL);
	if (e->next)
		e->next->prev = e->prev;
	else
		first->last = e->prev;
}

/* ---- turns ---- */

struct fair_entry *fair_queue_take(struct fair_queue *q, int64_t now_ms)
{
	struct fair_entry *e = q->first;
	refill(q, now_ms);
	if (!e || q->tokens < FULL_TOKEN || q->n_under_way >= FAIR_UNDER_WAY)
		return NULL;
	fair_queue_remove(q, e);
	q->tokens -= 1;
	q->n_under_way++;
	return e;
}

void fair_queue_ended(struct fair_queue *q, int requests, int64_t now_ms)
{
	INVARIANT(q->n_under_way > 0);
	refill(q, now_ms);
	q->n_under_way--;
	q->tokens = least(q->tokens - (requests - 1), q->rate.burst);
}

int64_t fair_queue_wait_ms(struct fair_queue *q, int64_t now_ms)
{
	refill(q, now_ms);
	if (q->n_waiting == 0 || q->n_under_way >= FAIR_UNDER_WAY)
		return -1;
	if (q->tokens >= FULL_TOKEN)
		return 0;
	double wait_ms = (1 - q->tokens) / (q->rate.per_s * q->share) * 1000;
	/* Below its full speed it grows faster while one waits: look again before that. */
	return (int64_t)(q->share < 1 ? least(wait_ms, LOOK_MS) : wait_ms) + 1;
}

bool fair_queue_is_fresh(struct fair_queue *q, int64_t now_ms)
{
	refill(q, now_ms);
	return q->n_waiting == 0 && q->n_under_way == 0 && q->share >= 1 &&
	       q->tokens >= q->rate.burst;
}

/* The calls of a run came in their order: its first is its oldest. */
int64_t fair_queue_oldest_ms(const struct fair_queue *q, int64_t now_ms)
{
	int64_t since_ms = now_ms;
	for (const struct fair_entry *e = q->first; e; e = e->next_run)
		since_ms = e->since_ms < since_ms ? e->since_ms : since_ms;
	return now_ms - since_ms;
}
