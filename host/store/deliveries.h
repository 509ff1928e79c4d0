/*
 * deliveries.h - authenticated deliveries of webhooks in the store: what became of each, and which run
 * stands for it. Part of store.h's interface; the same rules.
 *
 * The row of a delivery that starts a run goes into the batch of that run's row, so either both are
 * there after a crash or neither. A run that has not begun yet (its delivery waits for a place, or for
 * its window to pass) has its id here already; input and actor are kept until it is started.
 */
#ifndef STORE_DELIVERIES_H
#define STORE_DELIVERIES_H

#include "store/store.h"

enum delivery_state {
	DELIVERY_QUEUED,  /* the run is still to be started, not before due_ms */
	DELIVERY_STARTED, /* as run */
	DELIVERY_REPLACED, /* a later one within the same window has its place; run stands for both */
	DELIVERY_IGNORED,   /* why; there is no run */
	DELIVERY_FAILED,    /* the run could not be started: why */
	DELIVERY_CANCELLED, /* taken out of its queue by a person: why */
};

const char *delivery_state_name(enum delivery_state s); /* "queued", "started", ... */

struct delivery_row {
	const char *hook;
	const char *id; /* as the sender gave it; NULL: none */
	enum delivery_state state;
	const char *run;   /* id; NULL: none */
	const char *key;   /* of its window; NULL: none */
	const char *input; /* JSON object, while it is queued; else NULL */
	const char *actor; /* JSON object: who sent it, its id, who was proven to be the sender */
	const char *why;   /* one line, or NULL */
	int64_t at_ms;     /* when it came */
	int64_t due_ms;    /* while it is queued; 0: as soon as there is a place */
	int64_t begun_ms;  /* when its window began; 0: none */
};

/* ---- writing; see store.h ---- */

/* One with the id of an older one, which is forgotten then, takes its place. */
void store_add_delivery(struct store_batch *b, const struct delivery_row *d);
/* What is queued with that run becomes this; why or NULL. */
void store_end_delivery(struct store_batch *b, const char *run, enum delivery_state state,
			const char *why);
/* Forget what came before, of all hooks, and of this one all but the newest so many; never what is
 * queued. At most 5,000 of each at a time, as the writer is held up meanwhile. */
void store_remove_deliveries(struct store_batch *b, const char *hook, int64_t before_ms,
			     int64_t keep);

/* ---- reading ---- */

typedef int store_delivery_fn(void *arg, const struct delivery_row *d);

struct delivery_filter {
	const char *hook; /* NULL: all */
	const char *run;  /* NULL: any; else hook is not looked at */
	bool queued;      /* these alone */
	bool newest;      /* these first; else the oldest */
	size_t limit;     /* 0: all */
};

NODISCARD int store_deliveries(struct store_reader *r, const struct delivery_filter *f,
			       store_delivery_fn *fn, void *arg, struct err *err);

enum { STORE_KEY_SIZE = 65 };
/* Made with the file and never changed, and told nobody: 64 hex digits. */
NODISCARD int store_key(struct store_reader *r, char out[STORE_KEY_SIZE], struct err *err);

#endif
