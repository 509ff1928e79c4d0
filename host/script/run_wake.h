/*
 * run_wake.h - runs that wait out of memory: who sleeps until when, and how they come back.
 *
 * A sleeper is its id, its wake time and its listener, about 150 bytes. A heap by wake time has one
 * timer. Waking reads the journal on a worker thread, in the order of the wake times, and replays it;
 * so many at once are under way that memory stays bounded. For the files run*.c and runs.c only.
 */
#ifndef SCRIPT_RUN_WAKE_H
#define SCRIPT_RUN_WAKE_H

#include "script/run_load.h"
#include "script/run_private.h"

struct sleepers;

/* @param[out] out owned by the caller; sleepers_free */
NODISCARD int sleepers_new(struct sleepers **out, struct runs *runs, struct err *err);
/* Tells every listener that its run is left to the next process. NULL is fine. */
void sleepers_free(struct sleepers *s);
/* Nobody wakes any more. */
void sleepers_stop(struct sleepers *s);

enum sleep_flags {
	SLEEP_PLAIN = 0,
	SLEEP_OF_OTHERS = 1u << 0, /* another process had it: being carried on is recorded */
};

/* Add one that is not in the index; wake_ms INT64_MAX: never by itself. */
void sleepers_add(struct sleepers *s, const char *id, int64_t wake_ms,
		  const struct run_listener *listener, unsigned flags);
/* Wake it now: to be cancelled (why is copied), or because something has come. */
void sleeper_cancel(struct sleepers *s, struct run_key *k, const char *why);
void sleeper_wake(struct sleepers *s, struct run_key *k);
/* A vote that is committed, for when it has been read. False: no memory. */
bool sleeper_vote(struct sleepers *s, struct run_key *k, const struct vote_row *v);

size_t sleepers_count(const struct sleepers *s);
/* To be read from on the loop's thread: a few rows by key. NULL: *err. Opened when first asked for. */
struct store_reader *sleepers_reader(struct sleepers *s, struct err *err);

/* A run has left memory, one way or the other: another may wake. */
void runs_made_room(struct runs *runs);

/* run_carry.c: make the run of what was read of it and begin it. record is taken over. */
enum carry_how { CARRY_WOKEN, CARRY_ON, CARRY_RETRY };
NODISCARD int run_carry(struct run **out, struct runs *runs, struct run_record *record,
			const struct run_listener *listener, enum carry_how how, struct err *err);

#endif
