/*
 * ledger.h - the one tree over a whole audit directory, and its signed checkpoints.
 *
 *	AUDIT/ledger          records (record.h), one for each thing that happened to a segment:
 *	    log.open          segment "ledger", origin: the name of the key
 *	    ledger.open       segment                      its writer began it
 *	    ledger.head       segment lines bytes root     so far it has these lines
 *	    ledger.seal       segment lines bytes root     closed: it will never change again
 *	    ledger.remove     segment                      removed by retention; its seal stays
 *	AUDIT/checkpoint      the newest checkpoint (note.h)
 *	AUDIT/ledger.cache    the frontier of the tree, so that a start need not read the ledger
 *
 * A segment has a tree of its own over its lines; `root` is that tree's root. The ledger's lines are
 * the leaves of the directory's tree, which the checkpoints sign. So one checkpoint covers every
 * line of every segment up to its last head or seal, whoever wrote it, and the order of the ledger
 * is the order of the log. Any number of processes append to it, each under an exclusive lock.
 *
 * Nothing is signed that does not continue what was signed before: under the lock the ledger is
 * read on from where it was known, and must have the root of the checkpoint on disk at its size. The
 * cache is believed only if it has that root too. Bytes behind the last good line that no checkpoint
 * covers are a torn end and set aside (torn.h).
 *
 * Blocking: for the committer's thread, start-up and the command line.
 */
#ifndef AUDIT_LEDGER_H
#define AUDIT_LEDGER_H

#include "audit/chain.h"
#include "audit/key.h"
#include "audit/note.h"
#include "audit/segment.h"

#define LEDGER_NAME "ledger"
#define LEDGER_CHECKPOINT "checkpoint"

enum ledger_kind { LEDGER_OPEN, LEDGER_HEAD, LEDGER_SEAL, LEDGER_REMOVE };

struct ledger_entry {
	enum ledger_kind kind;
	char segment[SEGMENT_NAME_SIZE];
	uint64_t lines; /* of a head or seal, as the next two */
	int64_t bytes;
	struct hash root;
};

struct ledger;

struct ledger_spec {
	int dir_fd;              /* borrowed; outlives the ledger */
	const char *key_file;    /* private key; made when there is neither key nor ledger yet */
	const char *public_file; /* where its public key goes when the log is begun */
	struct chain_writer writer;
};

/*
 * Open the directory's ledger, or begin it.
 *
 * @param[out] out owned by the caller; ledger_close
 * @return 0; -ERR_IO, -ERR_INVALID: also when the key is missing though there is a ledger, when the
 *         ledger is missing though its key and public key are there, or when it is not what was signed
 */
NODISCARD int ledger_open(struct ledger **out, const struct ledger_spec *spec, struct err *err);
void ledger_close(struct ledger *l); /* NULL is fine */

/* Append entries in this order, durably, and sign and save a checkpoint. After a failure every later
 * call fails too. */
NODISCARD int ledger_append(struct ledger *l, const struct ledger_entry *v, size_t n,
			    struct err *err);

/* The checkpoint that was signed last, as a note; borrowed until the next append. Empty: none yet. */
struct bytes ledger_note(const struct ledger *l);

/* ---- reading ---- */

/* Is r an entry? Then it goes to *e. @return 1; 0 for records of other kinds; -ERR_INVALID */
NODISCARD int ledger_entry_read(struct ledger_entry *e, const struct record *r, struct err *err);

/* The last head or seal of a segment, by a quick look that does not judge the ledger.
 * @return 1 and *e; 0: none; -ERR_IO */
NODISCARD int ledger_last_head(struct ledger_entry *e, int dir_fd, const char *segment,
			       struct err *err);

#endif
