/* commit_private.h - what the files commit*.c share. */
#ifndef COMMIT_COMMIT_PRIVATE_H
#define COMMIT_COMMIT_PRIVATE_H

#include "audit/chain.h"
#include "audit/intents.h"
#include "commit/commit.h"
#include "commit/recorder.h"
#include "commit/waiters.h"

struct batch {
	struct buf lines;
	size_t split; /* from here the lines are the next segment's; 0: no next segment */
	char next[SEGMENT_NAME_SIZE];
	bool sync, head;          /* head: sign a checkpoint */
	struct store_batch *rows; /* committed once the lines are synced; NULL: no store */
	struct waiters written;   /* told once it is written */
	struct waiters waiters;   /* told once it is synced */
	struct err err;
	struct err after; /* what failed when the records were safe already */
};

struct committer {
	struct loop *loop;
	struct worker *worker;
	char *host;
	struct chain_writer who;
	struct chain chain;
	struct intents intents;  /* open calls; their names are not kept */
	struct recorder files;   /* the thread's while it has a batch */
	struct store *store;     /* NULL: none */
	struct commit_spec spec; /* its strings are not kept, but for program */

	char *program;
	char segment[SEGMENT_NAME_SIZE];   /* into which records are appended */
	char first[SEGMENT_NAME_SIZE];     /* the first one, by which the store knows this log */
	int64_t segment_bytes, segment_us; /* of that one: size, when it was begun */
	size_t split;                      /* of lines, see struct batch */
	uint64_t unheaded;                 /* records since the last checkpoint */
	int64_t unheaded_us;               /* since when */

	struct buf lines;         /* handed over, not yet in a batch */
	struct store_batch *rows; /* likewise */
	struct waiters written;   /* likewise; content with its being written */
	struct waiters waiters;   /* likewise; wait until it is synced */
	int64_t unsynced_us;      /* since when there are records that were not synced; 0: none */
	int64_t batch_us;         /* when the last batch was started */
	bool crowded;             /* there is load */
	int64_t sync_us;          /* when the last batch that is synced was started */
	struct timer *timer;
	int64_t timer_us; /* when it is due */
	bool busy;        /* the thread has the batch */
	struct batch batch;

	bool failed, closing;
	bool full;      /* no more calls are begun, see commit.h */
	struct err why; /* of the failure */
	struct commit_stats stats;
};

/* Make the first segment, with its log.open. Blocks: before there is a thread. */
NODISCARD int commit_begin(struct committer *c, struct err *err);

/* Append log.close and the next segment's log.open. */
NODISCARD int commit_split(struct committer *c, struct err *err);

#endif
