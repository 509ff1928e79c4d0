#include "script/run_wake.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"

enum {
	WAKING_MAX = 64,     /* being read, or read and not yet begun */
	AWAKE_MAX = 10000,   /* more are not woken */
	LOOK_MS = 60 * 1000, /* the wall clock may be set: look at least so often */
	FIRST_ROOM = 64,
};

struct kept_vote {
	struct kept_vote *next;
	struct vote_row row;
	char *path, *voter, *by, *comment; /* its strings */
};

struct sleeper {
	struct run_key key;
	unsigned flags;
	bool reading;
	size_t at; /* in the heap */
	int64_t wake_ms;
	struct run_listener listener;
	char *cancel; /* why it is to end, or NULL */
	struct kept_vote *votes;
};

/* A sleeper that is being read, or is read and waits for its turn to begin. */
struct reading {
	struct reading *next, *next_read;
	struct sleepers *sleepers;
	struct sleeper *sleeper;
	char id[RUN_ID_SIZE];
	struct run_record *record;
	struct err err;
};

struct sleepers {
	struct runs *runs;
	struct worker *worker;
	struct store_reader *background; /* the worker's */
	struct store_reader *reader;     /* the loop's */
	struct sleeper **heap;
	size_t n, room, n_all;
	struct timer *timer;
	struct reading *readings;
	size_t n_reading;
	struct reading *first_read, **last_read; /* in the order of their wake times */
	struct timer *begin;                     /* the first of them, in a turn of its own */
	bool stopped;
};

static struct sleeper *sleeper_of(struct run_key *k)
{
	INVARIANT(k->asleep);
	return CONTAINER_OF(k, struct sleeper, key);
}

/* ---- the heap ---- */

static bool before(const struct sleeper *a, const struct sleeper *b)
{
	if (a->wake_ms != b->wake_ms)
		return a->wake_ms < b->wake_ms;
	return a->key.number < b->key.number;
}

static void put(struct sleepers *s, size_t at, struct sleeper *one)
{
	s->heap[at] = one;
	one->at = at;
}

static void rise(struct sleepers *s, size_t at)
{
	struct sleeper *one = s->heap[at];
	for (; at > 0 && before(one, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(s, at, s->heap[(at - 1) / 2]);
	put(s, at, one);
}

static void sink(struct sleepers *s, size_t at)
{
	struct sleeper *one = s->heap[at];
	for (size_t child; (child = 2 * at + 1) < s->n; at = child) {
		if (child + 1 < s->n && before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s->heap[child], one))
			break;
		put(s, at, s->heap[child]);
	}
	put(s, at, one);
}

static void push(struct sleepers *s, struct sleeper *one)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : FIRST_ROOM;
		struct sleeper **heap = realloc((void *)s->heap, room * sizeof(struct sleeper *));
		INVARIANT(heap != NULL);
		s->heap = heap;
		s->room = room;
	}
	put(s, s->n++, one);
	rise(s, one->at);
}

static struct sleeper *pop(struct sleepers *s)
{
	struct sleeper *first = s->heap[0];
	struct sleeper *last = s->heap[--s->n];
	if (s->n > 0) {
		put(s, 0, last);
		sink(s, 0);
	}
	return first;
}

/* ---- sleepers ---- */

static void free_vote(struct kept_vote *v)
{
	free(v->path);
	free(v->voter);
	free(v->by);
	free(v->comment);
	free(v);
}

static void free_votes(struct sleeper *one)
{
	for (struct kept_vote *v = one->votes, *next; v; v = next) {
		next = v->next;
		free_vote(v);
	}
}

static void free_sleeper(struct sleepers *s, struct sleeper *one)
{
	run_index_remove(&s->runs->index, &one->key);
	s->n_all--;
	free_votes(one);
	free(one->cancel);
	free(one);
}

/* ---- waking ---- */

static void look(struct sleepers *s);

/* On the worker's thread. */
static void read_it(void *arg)
{
	struct reading *r = arg;
	struct sleepers *s = r->sleepers;
	int rc = 0;
	if (!s->background)
		rc = store_reader_open(&s->background, s->runs->store_path, &r->err);
	if (rc == 0)
		rc = run_record_read(&r->record, s->background, r->id, RUN_RECORD_REPLAY, &r->err);
	INVARIANT((rc < 0) == (r->err.code != 0));
}

static void take_votes(const struct sleeper *one, struct run_record *record)
{
	for (const struct kept_vote *v = one->votes; v; v = v->next)
		for (struct approval *a = record->approvals; a; a = a->next)
			if (strcmp(a->path, v->row.path) == 0)
				INVARIANT(approval_vote(a, &v->row));
}

static void tell_lost(const struct run_listener *l, const char *id, const struct err *err)
{
	l->on_end(l->arg,
		  &(struct run_end){
		      .id = id, .outcome = RUN_FAILED, .message = err->message, .traceback = "" });
}

/* The run of a sleeper that was read. Frees the sleeper. */
static void come_back(struct sleepers *s, struct sleeper *one, struct reading *reading)
{
	struct runs *runs = s->runs;
	struct run_listener listener = one->listener;
	char *cancel = one->cancel;
	struct run *r = NULL;
	enum carry_how how = one->flags & SLEEP_OF_OTHERS ? CARRY_ON : CARRY_WOKEN;
	one->cancel = NULL;
	if (reading->record)
		take_votes(one, reading->record);
	free_sleeper(s, one);
	if (reading->record &&
	    run_carry(&r, runs, reading->record, &listener, how, &reading->err) < 0)
		r = NULL;
	reading->record = NULL;
	if (!r)
		tell_lost(&listener, reading->id, &reading->err);
	else if (cancel)
		run_end_with(r, RUN_CANCELLED, cancel);
	else
		run_begin_now(r); /* may free r */
	free(cancel);
}

static void forget_reading(struct sleepers *s, struct reading *r)
{
	struct reading **at = &s->readings;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	s->n_reading--;
}

/* One a turn: timers of 0 ms keep no order, and a replay may take a slice. */
static void on_begin(void *arg)
{
	struct sleepers *s = arg;
	struct reading *r = s->first_read;
	s->first_read = r->next_read;
	if (!s->first_read)
		s->last_read = &s->first_read;
	s->begin = s->first_read ? timer_start(s->runs->loop, 0, on_begin, s) : NULL;
	forget_reading(s, r);
	come_back(s, r->sleeper, r);
	run_record_free(r->record);
	free(r);
	look(s);
}

static void on_read(void *arg)
{
	struct reading *r = arg;
	struct sleepers *s = r->sleepers;
	if (s->stopped)
		return; /* sleepers_free has it */
	*s->last_read = r;
	s->last_read = &r->next_read;
	if (!s->begin)
		s->begin = timer_start(s->runs->loop, 0, on_begin, s);
}

static void start_reading(struct sleepers *s, struct sleeper *one)
{
	struct reading *r = calloc(1, sizeof(*r));
	INVARIANT(r != NULL);
	one->reading = true;
	*r = (struct reading){ .next = s->readings, .sleepers = s, .sleeper = one };
	memcpy(r->id, one->key.id, sizeof(r->id));
	s->readings = r;
	s->n_reading++;
	worker_submit(s->worker, read_it, on_read, r);
}

static void on_timer(void *arg)
{
	struct sleepers *s = arg;
	s->timer = NULL;
	look(s);
}

/* Look when the first is due. */
static void look_in_time(struct sleepers *s)
{
	int64_t left = s->heap[0]->wake_ms - clock_wall_ms();
	timer_stop(s->timer);
	s->timer = NULL;
	if (s->stopped || s->heap[0]->wake_ms == INT64_MAX)
		return;
	if (left < 0)
		left = 0;
	s->timer = timer_start(s->runs->loop, left < LOOK_MS ? left : LOOK_MS, on_timer, s);
}

/* Wake who is due, as far as there is room, and see that the timer comes for the next. */
static void look(struct sleepers *s)
{
	int64_t now = clock_wall_ms();
	timer_stop(s->timer);
	s->timer = NULL;
	if (s->stopped)
		return;
	while (s->n > 0 && s->heap[0]->wake_ms <= now && s->n_reading < WAKING_MAX &&
	       s->runs->n_awake + s->n_reading < AWAKE_MAX)
		start_reading(s, pop(s));
	if (s->n > 0 && s->heap[0]->wake_ms > now)
		look_in_time(s); /* else no room: runs_made_room looks again */
}

void runs_made_room(struct runs *runs)
{
	if (runs->sleepers && runs->sleepers->n > 0 && !runs->sleepers->timer)
		look(runs->sleepers);
}

/* ---- the interface ---- */

void sleepers_add(struct sleepers *s, const char *id, int64_t wake_ms,
		  const struct run_listener *listener, unsigned flags)
{
	struct sleeper *one = calloc(1, sizeof(*one));
	INVARIANT(one && strlen(id) < RUN_ID_SIZE);
	*one = (struct sleeper){ .flags = flags, .wake_ms = wake_ms, .listener = *listener };
	memcpy(one->key.id, id, strlen(id) + 1);
	one->key.asleep = true;
	one->key.number = ++s->runs->last_number;
	run_index_add(&s->runs->index, &one->key);
	s->n_all++;
	push(s, one);
	if (s->heap[0] == one)
		look_in_time(s); /* not now: who is found after it may be due before it */
}

void sleeper_wake(struct sleepers *s, struct run_key *k)
{
	struct sleeper *one = sleeper_of(k);
	if (one->reading)
		return;
	one->wake_ms = 0;
	rise(s, one->at);
	look(s);
}

void sleeper_cancel(struct sleepers *s, struct run_key *k, const char *why)
{
	struct sleeper *one = sleeper_of(k);
	if (!one->cancel)
		one->cancel = strdup(why);
	INVARIANT(one->cancel != NULL);
	sleeper_wake(s, k);
}

bool sleeper_vote(struct sleepers *s, struct run_key *k, const struct vote_row *v)
{
	struct sleeper *one = sleeper_of(k);
	struct kept_vote *kept = calloc(1, sizeof(*kept));
	if (!kept)
		return false;
	kept->path = strdup(v->path);
	kept->voter = strdup(v->voter);
	kept->by = v->by ? strdup(v->by) : NULL;
	kept->comment = v->comment ? strdup(v->comment) : NULL;
	kept->row = *v;
	kept->row.path = kept->path;
	kept->row.voter = kept->voter;
	kept->row.by = kept->by;
	kept->row.comment = kept->comment;
	if (!kept->path || !kept->voter || (v->by && !kept->by) || (v->comment && !kept->comment)) {
		free_vote(kept);
		return false;
	}
	struct kept_vote **end = &one->votes;
	while (*end)
		end = &(*end)->next;
	*end = kept; /* the last one of a person counts */
	sleeper_wake(s, k);
	return true;
}

size_t sleepers_count(const struct sleepers *s)
{
	return s->n_all;
}

struct store_reader *sleepers_reader(struct sleepers *s, struct err *err)
{
	if (!s->reader && store_reader_open(&s->reader, s->runs->store_path, err) < 0)
		return NULL;
	return s->reader;
}

/* ---- life ---- */

int sleepers_new(struct sleepers **out, struct runs *runs, struct err *err)
{
	struct sleepers *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for the runs");
	s->runs = runs;
	s->last_read = &s->first_read;
	int rc = worker_new(&s->worker, runs->loop, err);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void sleepers_stop(struct sleepers *s)
{
	s->stopped = true;
	timer_stop(s->timer);
	timer_stop(s->begin);
	s->timer = s->begin = NULL;
}

static void leave(struct run_key *k, void *arg)
{
	const struct run_listener *l;
	(void)arg;
	if (!k->asleep)
		return;
	l = &sleeper_of(k)->listener;
	l->on_end(l->arg, &(struct run_end){ .id = k->id,
					     .outcome = RUN_SUSPENDED,
					     .message = "left for the next process",
					     .traceback = "" });
}

static void free_all(struct sleepers *s)
{
	while (s->n > 0)
		free_sleeper(s, pop(s));
	for (struct reading *r = s->readings, *next; r; r = next) {
		next = r->next;
		run_record_free(r->record);
		free_sleeper(s, r->sleeper);
		free(r);
	}
}

void sleepers_free(struct sleepers *s)
{
	if (!s)
		return;
	sleepers_stop(s);
	worker_free(s->worker);
	run_index_each(&s->runs->index, leave, NULL);
	free_all(s);
	store_reader_close(s->background);
	store_reader_close(s->reader);
	free((void *)s->heap);
	free(s);
}
