/*
 * commit.h - the committer: the one owner of this process's audit segment and of the connection
 * that writes the store, and of their order.
 *
 * The loop hands over records; a thread writes them in that order and syncs them together (group
 * commit): at once when idle, at most one batch in 5 ms under load, which is when more than four
 * waited for the last sync. Sequence numbers and times are given when a record is handed over, so
 * the caller knows its number before it is durable. Once writing has failed nothing more is
 * accepted: changing calls must then be refused (fail closed). A failed write or sync is never
 * tried again: the kernel may have dropped what it could not write.
 *
 * Rows for the store go with the records: what is added to commit_store's batch is committed by the
 * same thread right after the records handed over so far were synced, in one transaction with the
 * sequence number of the last of them. So the store never knows of what the log does not, and a
 * record without its row is one whose caller was never told. A failed commit fails the committer as
 * a failed write does.
 *
 * Every so many records, and a while after the last one, the thread enters what was synced into the
 * audit directory's ledger and signs a checkpoint (audit/ledger.h). A segment that has become large
 * or old is closed and sealed, and the records go on in the next one with the next sequence number.
 *
 * All functions are for the loop's thread.
 */
#ifndef COMMIT_COMMIT_H
#define COMMIT_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/json.h"

struct loop;
struct committer;
struct store_batch;

struct commit_spec {
	struct loop *loop;      /* outlives the committer */
	const char *audit_dir;  /* created with mode 0700 if missing; its parent must exist */
	const char *host;       /* host name, in every record */
	const char *program;    /* "runbook 0.1.0", in log.open; NULL: left out */
	const char *store_path; /* opened and from then on written by nobody else, see
				 * store/store.h; NULL: none. Borrowed */
	const char *key_file;   /* private key of the checkpoints; NULL: audit_dir + ".key" */

	/* 0: the default */
	uint64_t checkpoint_records; /* a checkpoint is signed after so many (1,000) */
	int64_t checkpoint_ms;       /* and so long after a record (60 s) */
	int64_t rotate_bytes;        /* the next segment is begun beyond this size (64 MiB) */
	int64_t rotate_ms;           /* or age (1 day) */

	int64_t keep_ms; /* sealed segments are removed when older (audit/retain.h); 0: never */

	bool
	    beside; /* the state directory is not ours: what dead processes left is for its next owner,
		      * who has the store */

	/* From commit_open, for each call whose outcome nobody can know any more; NULL: not told. */
	void (*on_unknown)(void *arg, const cJSON *call);
	/* A checkpoint was signed: a note (audit/note.h), borrowed. From the loop, and
	 * from commit_open and commit_close. NULL: not told. */
	void (*on_checkpoint)(void *arg, struct bytes note);
	/* The disk of the log is that full, 80 % or more: told when a checkpoint is signed, once until it is less. NULL. */
	void (*on_disk)(void *arg, unsigned percent);
	void *arg; /* of these three */
};

/* err->code is 0 when the record is on disk. From the loop, in the order of the appends. */
typedef void commit_done_fn(void *arg, const struct err *err);

/*
 * Recovers segments that dead processes left (see audit/recover.h), opens a new segment with its
 * log.open record and starts the thread. Blocks.
 *
 * @param[out] out owned by the caller; commit_close
 * @return 0; -ERR_INVALID when a dead process's segment or the ledger is damaged; -ERR_IO, also when
 *         the key is missing though there are checkpoints; -ERR_NOMEM
 */
NODISCARD int commit_open(struct committer **out, const struct commit_spec *spec, struct err *err);

/*
 * Append a record of that kind ("call.intent").
 *
 * What audit/verify.h and audit/show.h read: a call.intent names its call by "run", "attempt",
 * "step", "operation", "resource" and "token" (all optional); its call.outcome has "intent", the
 * sequence number of the intent, and "outcome". An intent that is handed over together with its row,
 * and whose call waits for both, says "journalled":true: where the row is missing after a crash, the
 * call was not sent. A call.outcome names its call likewise: one whose row (struct step_end) the
 * crash took is then found by store_recovered.
 *
 * @param members the record's own members as JSON text without braces and without line breaks:
 *        "\"run\":\"...\",..."; copied. v, seq, time, host, pid and kind are put in front, prev and
 *        sum behind.
 * @param done  NULL: nobody waits, the record is written in its turn and synced within a tenth of a second.
 *        Else it is synced before done.
 * @return the record's sequence number; 0 when it was not accepted because writing has failed, or
 *         because this record alone is too long (1 MiB): done is told. A record that nobody waits
 *         for and that cannot be accepted fails the log.
 */
uint64_t commit_append(struct committer *c, const char *kind, struct bytes members,
		       commit_done_fn *done, void *arg);

/*
 * The same, but done is told as soon as the record is written to the file: it outlives this process,
 * killed or not, though not a crash of the machine. For calls that only read: their intent must be
 * there before they leave, and need not cost a sync. Such a done may come before those of earlier
 * records that wait for theirs.
 */
uint64_t commit_append_written(struct committer *c, const char *kind, struct bytes members,
			       commit_done_fn *done, void *arg);

/*
 * The batch to add rows to, see store/store.h; NULL when there is no store. They are committed
 * after, and together with, the records that were handed over until then: before any done of
 * commit_append that is given a record from now on, and within a tenth of a second when nobody waits. A done of
 * commit_append_written does not wait for them.
 *
 * Ask for it each time: it is another one once the loop has turned. A record and its rows are
 * handed over in one turn. When writing has failed rows are dropped.
 */
struct store_batch *commit_store(struct committer *c);

/* done once every record and row handed over so far is durable. */
void commit_flush(struct committer *c, commit_done_fn *done, void *arg);

/* Append what stands in records for a sensitive value (audit/redaction.h), as JSON. */
void commit_redact(const struct committer *c, struct buf *out, struct bytes value);

/* Has writing failed, or is the disk full? Then err says why: calls that change something are to be
 * refused. When the disk is full the room of a reserve (audit_dir/reserve, 1 MiB and more with the calls
 * under way) is given back: no call.intent is accepted any more, everything else is for as long as it
 * lasts. Only a new process accepts calls again. */
bool commit_failed(const struct committer *c, struct err *err);

/* What commit_open found and did, and what was done since: for start-up messages and metrics. */
struct commit_stats {
	uint64_t records, batches, syncs;
	uint64_t checkpoints, segments; /* signed; begun */
	unsigned recovered_segments;    /* of dead processes */
	uint64_t recovered_calls;       /* whose outcome is unknown */
	uint64_t unsent_calls;          /* that never left, as the store proves */
	uint64_t lost_runs;             /* whose start the log has, and the store never had them */
	char store_before[40];          /* id of the store that processes before this one had, when
					 * it is another one; "". Recorded in log.open */
	int64_t lag_us;        /* for so long has what was handed over been waiting for the disk */
	unsigned disk_percent; /* how full the disk of the log was at the last checkpoint */
	const char *segment;   /* file name; borrowed from the committer */
};
void commit_stats(const struct committer *c, struct commit_stats *out);

/* Writes and syncs what was handed over, closes the segment with log.close, ends the thread. done
 * callbacks that are still due run before it returns. Blocks. Not from a done. NULL is fine.
 *
 * @return 0; when writing has failed, now or before, why: the log lacks its last records */
NODISCARD int commit_close(struct committer *c, struct err *err);

#endif
