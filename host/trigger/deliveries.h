/*
 * deliveries.h - what becomes of the authenticated deliveries of one hook: which of them came before,
 * which may start a run at once, which wait for that, and which are too many.
 *
 * In this order (deliveries_judge):
 *
 *	debounce     a delivery begins a window, or joins the one of its key that is open; one run
 *	             stands for all of a window, with what the last of them brought. Each moves its
 *	             end to debounce_ms from now, up to debounce_max_ms from its beginning
 *	rate         no more than rate_n runs in any rate_ms; one that joins a window is no more
 *	concurrency  runs at once; what has no place waits, in the order in which it came
 *	queue        how many may wait, for a place or for a window to pass
 *
 * Nothing is durable here: the owner keeps rows, tells what they said when it begins (remember, wait,
 * count) and starts runs. Pure: the time, milliseconds of the wall clock, is a parameter.
 */
#ifndef TRIGGER_DELIVERIES_H
#define TRIGGER_DELIVERIES_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/random.h"

enum {
	DELIVERIES_RATE_MAX = 100 * 1000,
	DELIVERIES_KEPT = 250 * 1000, /* the newest ids that are known, ... */
};
#define DELIVERIES_KEPT_MS INT64_C(259200000) /* ... and for how long */

struct delivery_limits {
	size_t concurrency; /* 0: any */
	size_t queue;
	size_t rate_n; /* 0: any; up to DELIVERIES_RATE_MAX */
	int64_t rate_ms;
	int64_t debounce_ms; /* 0: none */
	int64_t debounce_max_ms;
};

/* A delivery whose run is still to be started. */
struct delivery_waiting {
	struct delivery_waiting *next; /* later ones */
	char run[UUID_SIZE];
	char *key; /* NULL: of no window */
	char *input, *actor;
	int64_t at_ms;    /* when it came */
	int64_t due_ms;   /* 0: as soon as there is a place */
	int64_t begun_ms; /* the window */
};

enum delivery_verdict {
	DELIVERY_MAY_START,
	DELIVERY_MAY_WAIT, /* deliveries_wait */
	DELIVERY_MAY_JOIN, /* the window of `with`: deliveries_join */
	DELIVERY_FULL,     /* too many wait */
	DELIVERY_TOO_FAST, /* not before retry_ms have passed */
};

struct delivery_ruling {
	enum delivery_verdict verdict;
	struct delivery_waiting *with;
	int64_t retry_ms;
	int64_t due_ms, begun_ms; /* of one that waits or joins */
};

struct deliveries;

/* @param[out] out owned by the caller; deliveries_free */
NODISCARD int deliveries_new(struct deliveries **out, const struct delivery_limits *limits,
			     struct err *err);
void deliveries_free(struct deliveries *d); /* NULL is fine */

/* Make ready for other limits: nothing is different until deliveries_change. -ERR_NOMEM */
NODISCARD int deliveries_prepare(struct deliveries *d, const struct delivery_limits *limits);
/* From now on the limits of the last deliveries_prepare. What is known, counted or waits stays. */
void deliveries_change(struct deliveries *d);

/* ---- ids ---- */

/* The run that stands for the delivery of that id, "" when it was ignored; NULL: it is not known. */
const char *deliveries_find(const struct deliveries *d, const char *id);
/* Know it from now on; the oldest is forgotten where there are too many. -ERR_NOMEM */
NODISCARD int deliveries_remember(struct deliveries *d, const char *id, const char *run,
				  int64_t at_ms);
/* Forget the one that was remembered last, and was not known before. */
void deliveries_unlearn(struct deliveries *d);
/* Forget what came before, as far as it was remembered in that order; never what came after one that
 * waits. */
void deliveries_forget(struct deliveries *d, int64_t before_ms);

/* ---- judging ---- */

/*
 * @param running how many runs of this hook go on
 * @param free_place whether one more run could be started now, were there no limits
 * @param key   of its window; not looked at without debounce
 */
void deliveries_judge(const struct deliveries *d, int64_t now_ms, size_t running, bool free_place,
		      const char *key, struct delivery_ruling *out);

/* A run was, or will be, started for one that came then: it counts for the rate. */
void deliveries_count(struct deliveries *d, int64_t at_ms);

/* ---- waiting ---- */

/* Let a copy of it wait behind the others. -ERR_NOMEM */
NODISCARD int deliveries_wait(struct deliveries *d, const struct delivery_waiting *w);
/* What w waits with is replaced. -ERR_NOMEM: it is as it was */
NODISCARD int deliveries_join(struct deliveries *d, struct delivery_waiting *w, const char *input,
			      const char *actor, const struct delivery_ruling *r, int64_t at_ms);

/* The first that may be started: its time has come, and there is a place. NULL: none */
struct delivery_waiting *deliveries_ripe(const struct deliveries *d, int64_t now_ms,
					 size_t running);
/* The one whose run that will be. NULL: none */
struct delivery_waiting *deliveries_find_waiting(const struct deliveries *d, const char *run);
/* It waits no more, and is freed. */
void deliveries_leave(struct deliveries *d, struct delivery_waiting *w);

size_t deliveries_waiting(const struct deliveries *d);
size_t deliveries_waiting_bytes(const struct deliveries *d); /* of their inputs and actors */
/* When the first window ends; INT64_MAX: none is open. */
int64_t deliveries_due(const struct deliveries *d, int64_t now_ms);

#endif
