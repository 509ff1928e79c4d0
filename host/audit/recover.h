/*
 * recover.h - the end of segments whose writer died.
 *
 * A segment in the directory itself (segment.h) without log.close whose lock can be taken has a dead
 * writer. Under that lock:
 *
 *  1. A torn end (bytes behind the last good record) is set aside whole, see torn.h.
 *  2. "log.recover" says so, with the torn end's file, length and SHA-256.
 *  3. Each call.intent without an outcome gets a call.outcome "unknown" that carries what named the
 *     call (run, attempt, step, operation, resource, token). Not "not_sent": nobody can know.
 *  4. "log.close".
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
	int64_t torn_bytes;     /* set aside */
};

/* An outcome "unknown" was written for this call: its members as a JSON object. Borrowed. */
typedef void recover_fn(void *arg, const cJSON *call);

struct recover_spec {
	int dir_fd;
	struct ledger *ledger;      /* NULL: closed segments are left where they are, unsealed */
	struct chain_writer writer; /* who writes the records of the recovery */
	recover_fn *unknown;        /* NULL: nobody wants to know */
	void *arg;
};

/*
 * Recover all segments in the directory.
 *
 * @return 0; -ERR_INVALID for damage, -ERR_IO
 */
NODISCARD int recover_dir(struct recovered *out, const struct recover_spec *spec, struct err *err);

#endif
