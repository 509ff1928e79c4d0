/*
 * recover.h - the end of segments whose writer died.
 *
 * A segment in the directory itself (segment.h) without log.close whose lock can be taken has a dead
 * writer. Under that lock:
 *
 *  1. A torn end (bytes behind the last good record) is set aside whole, see torn.h.
 *  2. "log.recover" says so, with the torn end's file, length and SHA-256.
 *  3. Each call.intent without an outcome gets a call.outcome "unknown" that carries what named the
 *     call (run, attempt, step, operation, resource, token). "not_sent" only where the store proves
 *     it, see struct recover_store.
 *  4. Each run.start whose row the store proves to lack gets a run.lost (run, attempt,
 *     about{segment,start}): that run is nowhere and is not carried on.
 *  5. "log.close".
 *
 * Where it is closed and says that open calls were carried into a next segment, and the writer died
 * before it created that one, the recovery creates it and recovers it in turn.
 *
 * Then it is sealed: entered into the ledger, and moved to the folder of its day; so is a segment
 * that was closed and whose writer died before it did this itself. Dying in the middle is harmless:
 * the next recovery finds what is done and does the rest. Two processes cannot collide: the one that
 * does not get the lock passes the segment over.
 *
 * A bad line that good ones follow is no torn end but damage, and so is a segment that is not what
 * the ledger has of it. Recovery then refuses and names the segment and the line, so nothing is
 * started on top of a log that was tampered with; moving that segment out of the directory is a
 * person's decision.
 *
 * Blocking; for start-up.
 */
#ifndef AUDIT_RECOVER_H
#define AUDIT_RECOVER_H

#include "audit/chain.h"

struct ledger;

struct recovered {
	unsigned segments;      /* of dead writers, now closed */
	uint64_t unknown_calls; /* outcomes written as "unknown" */
	uint64_t unsent_calls;  /* outcomes written as "not_sent" */
	uint64_t lost_runs;     /* records "run.lost" */
	int64_t torn_bytes;     /* set aside */
};

/* An outcome "unknown" was written for this call: its members as a JSON object. Borrowed. */
typedef void recover_fn(void *arg, const cJSON *call);

/*
 * What the store has of a dead writer's calls.
 *
 * A writer with a store says so in its log.open: "journal":{"store":ID,"writer":NAME}. A call.intent
 * with "journalled":true goes with a row, and its call does not leave before that row is committed,
 * which says in the same transaction how far the log of that writer was synced. So where the intent
 * comes behind that, the call was not sent; and a run.start that comes behind it has no run in the
 * store, as its row goes with it. This holds for the very store that log.open names alone;
 * with another one, or none, the outcome is unknown.
 */
struct recover_store {
	const char *id;
	/* The last sequence number that was known to be synced when rows were committed; 0: none. */
	int (*synced)(void *arg, const char *writer, uint64_t *seq, struct err *err);
	/* The log has this call.outcome, and rows that came with it were not committed. Borrowed. */
	int (*lost)(void *arg, const char *segment, const cJSON *record, struct bytes line,
		    struct err *err);
	/* The records told by lost are synced. */
	int (*keep)(void *arg, struct err *err);
	void *arg;
};

struct recover_spec {
	int dir_fd;
	struct ledger *ledger;      /* NULL: closed segments are left where they are, unsealed */
	struct chain_writer writer; /* who writes the records of the recovery */
	recover_fn *unknown;        /* NULL: nobody wants to know */
	void *arg;                  /* of unknown */
	const struct recover_store *store; /* NULL: none */
};

/*
 * Recover all segments in the directory.
 *
 * @return 0; -ERR_INVALID for damage, -ERR_IO
 */
NODISCARD int recover_dir(struct recovered *out, const struct recover_spec *spec, struct err *err);

#endif
