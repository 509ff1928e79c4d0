#include "trigger/deliveries.h"

#include <stdlib.h>
#include <string.h>

#include "trigger/delivery_ids.h"

struct deliveries {
	struct delivery_limits limits;
	struct delivery_ids *ids;
	int64_t *starts; /* a ring of the last limits.rate_n, oldest at `oldest` */
	struct delivery_limits next_limits;
	int64_t *next_starts; /* for them; NULL: none are prepared */
	size_t n_starts, oldest;
	struct delivery_waiting *first, **last;
	size_t n, bytes;
};

int deliveries_new(struct deliveries **out, const struct delivery_limits *limits, struct err *err)
{
	struct deliveries *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, ERR_NOMEM, "no memory for deliveries");
	INVARIANT(limits->rate_n <= DELIVERIES_RATE_MAX);
	d->limits = *limits;
	d->last = &d->first;
	d->starts = calloc(limits->rate_n + 1, sizeof(*d->starts));
	d->ids = delivery_ids_new(DELIVERIES_KEPT);
	if (!d->starts || !d->ids) {
		deliveries_free(d);
		return err_set(err, ERR_NOMEM, "no memory for deliveries");
	}
	*out = d;
	return 0;
}

static void free_waiting(struct delivery_waiting *w)
{
	free(w->key);
	free(w->input);
	free(w->actor);
	free(w);
}

void deliveries_free(struct deliveries *d)
{
	if (!d)
		return;
	while (d->first)
		deliveries_leave(d, d->first);
	delivery_ids_free(d->ids);
	free(d->next_starts);
	free(d->starts);
	free(d);
}

int deliveries_prepare(struct deliveries *d, const struct delivery_limits *limits)
{
	INVARIANT(limits->rate_n <= DELIVERIES_RATE_MAX);
	free(d->next_starts);
	d->next_limits = *limits;
	d->next_starts = calloc(limits->rate_n + 1, sizeof(*d->next_starts));
	return d->next_starts ? 0 : -ERR_NOMEM;
}

/* Of the last starts as many are kept as count. */
void deliveries_change(struct deliveries *d)
{
	INVARIANT(d->next_starts);
	size_t most = d->next_limits.rate_n, n = d->n_starts < most ? d->n_starts : most;
	for (size_t i = 0; i < n; i++)
		d->next_starts[i] = d->starts[(d->oldest + d->n_starts - n + i) % d->limits.rate_n];
	free(d->starts);
	d->starts = d->next_starts;
	d->next_starts = NULL;
	d->limits = d->next_limits;
	d->n_starts = n;
	d->oldest = 0;
}

/* ---- ids ---- */

const char *deliveries_find(const struct deliveries *d, const char *id)
{
	return delivery_ids_find(d->ids, id);
}

int deliveries_remember(struct deliveries *d, const char *id, const char *run, int64_t at_ms)
{
	return delivery_ids_add(d->ids, id, run, at_ms);
}

void deliveries_unlearn(struct deliveries *d)
{
	delivery_ids_drop_newest(d->ids);
}

void deliveries_forget(struct deliveries *d, int64_t before_ms)
{
	for (const struct delivery_waiting *w = d->first; w; w = w->next) {
		if (w->at_ms < before_ms)
			before_ms = w->at_ms;
	}
	delivery_ids_forget(d->ids, before_ms);
}

/* ---- judging ---- */

/* How long until one more may be started. What lies in the future was counted by another clock. */
static int64_t rate_wait(const struct deliveries *d, int64_t now_ms)
{
	size_t n = 0;
	int64_t wait = 0;
	for (size_t i = 0; i < d->n_starts; i++) {
		int64_t age = now_ms - d->starts[(d->oldest + i) % d->limits.rate_n];
		if (age < 0 || age >= d->limits.rate_ms)
			continue;
		if (n++ == 0)
			wait = d->limits.rate_ms - age;
	}
	return d->limits.rate_n > 0 && n >= d->limits.rate_n ? wait : 0;
}

static struct delivery_waiting *window_of(const struct deliveries *d, const char *key)
{
	struct delivery_waiting *w = d->first;
	while (w && (!w->key || strcmp(w->key, key) != 0))
		w = w->next;
	return w;
}

static bool is_place(const struct deliveries *d, size_t running)
{
	return d->limits.concurrency == 0 || running < d->limits.concurrency;
}

static int64_t window_end(const struct deliveries *d, int64_t begun_ms, int64_t now_ms)
{
	int64_t end = now_ms + d->limits.debounce_ms, most = begun_ms + d->limits.debounce_max_ms;
	return end < most ? end : most;
}

static void judge_window(const struct deliveries *d, int64_t now_ms, const char *key,
			 struct delivery_ruling *out)
{
	out->with = window_of(d, key);
	out->begun_ms = out->with && out->with->begun_ms <= now_ms ? out->with->begun_ms : now_ms;
	out->due_ms = window_end(d, out->begun_ms, now_ms);
}

void deliveries_judge(const struct deliveries *d, int64_t now_ms, size_t running, bool free_place,
		      const char *key, struct delivery_ruling *out)
{
	*out = (struct delivery_ruling){ .verdict = DELIVERY_MAY_WAIT };
	if (d->limits.debounce_ms)
		judge_window(d, now_ms, key, out);
	if (!out->with)
		out->retry_ms = rate_wait(d, now_ms);
	if (out->with)
		out->verdict = DELIVERY_MAY_JOIN;
	else if (out->retry_ms > 0)
		out->verdict = DELIVERY_TOO_FAST;
	else if (!d->limits.debounce_ms && free_place && d->n == 0 && is_place(d, running))
		out->verdict = DELIVERY_MAY_START;
	else if (d->n >= d->limits.queue)
		out->verdict = DELIVERY_FULL;
}

void deliveries_count(struct deliveries *d, int64_t at_ms)
{
	size_t most = d->limits.rate_n;
	if (most == 0)
		return;
	if (d->n_starts < most) {
		d->starts[(d->oldest + d->n_starts++) % most] = at_ms;
		return;
	}
	d->starts[d->oldest] = at_ms;
	d->oldest = (d->oldest + 1) % most;
}

/* ---- waiting ---- */

static size_t bytes_of(const struct delivery_waiting *w)
{
	return strlen(w->input) + strlen(w->actor);
}

int deliveries_wait(struct deliveries *d, const struct delivery_waiting *w)
{
	struct delivery_waiting *new = calloc(1, sizeof(*new));
	if (!new)
		return -ERR_NOMEM;
	*new = *w;
	new->next = NULL;
	new->key = w->key ? strdup(w->key) : NULL;
	new->input = strdup(w->input);
	new->actor = strdup(w->actor);
	if (!new->input || !new->actor || (w->key && !new->key)) {
		free_waiting(new);
		return -ERR_NOMEM;
	}
	d->n++;
	d->bytes += bytes_of(new);
	*d->last = new;
	d->last = &new->next;
	return 0;
}

int deliveries_join(struct deliveries *d, struct delivery_waiting *w, const char *input,
		    const char *actor, const struct delivery_ruling *r, int64_t at_ms)
{
	char *in = strdup(input), *who = strdup(actor);
	if (!in || !who) {
		free(in);
		free(who);
		return -ERR_NOMEM;
	}
	d->bytes -= bytes_of(w);
	free(w->input);
	free(w->actor);
	w->input = in;
	w->actor = who;
	w->at_ms = at_ms;
	w->due_ms = r->due_ms;
	w->begun_ms = r->begun_ms;
	d->bytes += bytes_of(w);
	return 0;
}

/* A window that would end later than any can has been opened by another clock. */
static bool is_due(const struct deliveries *d, const struct delivery_waiting *w, int64_t now_ms)
{
	return w->due_ms <= now_ms || w->due_ms > now_ms + d->limits.debounce_max_ms;
}

struct delivery_waiting *deliveries_ripe(const struct deliveries *d, int64_t now_ms, size_t running)
{
	struct delivery_waiting *w = is_place(d, running) ? d->first : NULL;
	while (w && !is_due(d, w, now_ms))
		w = w->next;
	return w;
}

struct delivery_waiting *deliveries_find_waiting(const struct deliveries *d, const char *run)
{
	struct delivery_waiting *w = d->first;
	while (w && strcmp(w->run, run) != 0)
		w = w->next;
	return w;
}

void deliveries_leave(struct deliveries *d, struct delivery_waiting *w)
{
	struct delivery_waiting **at = &d->first;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (!*at)
		d->last = at;
	d->n--;
	d->bytes -= bytes_of(w);
	free_waiting(w);
}

size_t deliveries_waiting(const struct deliveries *d)
{
	return d->n;
}

size_t deliveries_waiting_bytes(const struct deliveries *d)
{
	return d->bytes;
}

int64_t deliveries_due(const struct deliveries *d, int64_t now_ms)
{
	int64_t due = INT64_MAX;
	for (const struct delivery_waiting *w = d->first; w; w = w->next) {
		if (!is_due(d, w, now_ms) && w->due_ms < due)
			due = w->due_ms;
	}
	return due;
}
