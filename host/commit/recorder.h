/*
 * recorder.h - the files the committer owns: its segment, the segment's tree, and the ledger.
 *
 * Everything blocks: on the committer's thread, and on the loop's while there is none. After an error
 * nothing more may be written with it.
 */
#ifndef COMMIT_RECORDER_H
#define COMMIT_RECORDER_H

#include "audit/ledger.h"
#include "audit/recover.h"
#include "audit/redaction.h"
#include "audit/segment.h"
#include "commit/reserve.h"

struct store;

struct recorder {
	int dir_fd;
	struct ledger *ledger;
	struct segment segment;
	struct merkle tree; /* over the lines that were written to it */
	int64_t bytes;      /* likewise */
	uint64_t headed;    /* lines of it that the ledger knows of */
	int64_t keep_ms;
	unsigned disk_percent; /* how full the disk was at the last checkpoint */
	struct redaction redaction;
	struct reserve reserve;
	size_t open_calls; /* under way, for the size of the reserve; set by the loop */
	bool
	    full; /* the disk is, and the reserve was given back: it may do for a few records more */
};

struct recorder_spec {
	const char *audit_dir;
	/* NULL: audit_dir + ".key". The public key goes to audit_dir + ".pub", the key of
	 * audit/redaction.h to audit_dir + ".redaction". */
	const char *key_file;
	struct chain_writer who;
	recover_fn *unknown; /* see audit/recover.h */
	void *arg;
	int64_t keep_ms;     /* see audit/retain.h */
	bool beside;         /* nothing is recovered */
	struct store *store; /* asked about the calls of dead processes; NULL: none */
	const char *store_path;
};

/* Nothing is open: what recorder_close may be given. */
void recorder_init(struct recorder *r);

/* Open the directory and its ledger; recover what dead processes left. */
NODISCARD int recorder_open(struct recorder *r, const struct recorder_spec *spec,
			    struct recovered *recovered, struct err *err);

/* Begin the first segment, or the next one (the one before, which ends with log.close, is then
 * sealed): lines begin with its log.open. Durable. */
NODISCARD int recorder_begin(struct recorder *r, const char *name, struct bytes lines,
			     struct err *err);

/* Write lines; those behind `split` bytes are the next segment's, of the name `next` (0: none are). */
NODISCARD int recorder_write(struct recorder *r, struct bytes lines, size_t split, const char *next,
			     struct err *err);
NODISCARD int recorder_sync(struct recorder *r, struct err *err);

/* Enter what was written and synced into the ledger, and sign a checkpoint. */
NODISCARD int recorder_head(struct recorder *r, struct err *err);

/* The segment ends with log.close and is synced: seal it. */
NODISCARD int recorder_seal(struct recorder *r, struct err *err);

/* The newest checkpoint, as a note; borrowed until the next one is signed. */
struct bytes recorder_note(const struct recorder *r);

/* Is the disk full, and is there a reserve to give back? Then that is done. */
bool recorder_make_room(struct recorder *r);

void recorder_close(struct recorder *r); /* gives up the segment's lock; nothing is written */

#endif
