/*
 * verify.h - an audit directory judged offline, from its files and a public key alone.
 *
 * Every segment is read from its first byte to its last: form and sum of each line, sequence
 * numbers, the chain of hashes, times, that intents and outcomes pair up, that torn ends which
 * recovery set aside are still there unchanged, and that its lines are those whose roots the ledger
 * has. The ledger is judged in the same way, by the roots in checkpoints; and what it has of segments
 * must be there. So with a checkpoint that was kept elsewhere everything that it covers is proved: no
 * byte, line, end of a segment or whole segment can be changed or missing. A directory with neither
 * ledger nor segment is bad: somebody named the wrong one, or all of the log was taken away. One with
 * an empty ledger alone gets a note: that is what a first start leaves that came no further.
 *
 * What it cannot see: records behind the last head that were cut off at a line's end (it looks like a
 * writer that died), and a log whose checkpoints are all in the hands of whoever rewrote it and had
 * the key.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/key.h"
#include "audit/scan.h"
#include "audit/segment.h"

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE, /* nothing was changed, but something is left open: a dead writer's segment
			 without log.close, calls without an outcome in it, or an entry that the
			 ledger does not have yet */
	VERDICT_BAD,  /* changed, damaged, torn or missing; or it cannot be read */
};

struct verify_report {
	const char *segment; /* or "ledger", "checkpoint": reported only when they are bad */
	enum segment_writer writer;
	enum verdict verdict;
	uint64_t records;        /* good ones */
	uint64_t calls, unknown; /* intents; outcomes "unknown" */
	uint64_t open_calls;     /* intents without an outcome */
	uint64_t bad_line;       /* from 1; 0: none, or the whole of it */
	int64_t bad_offset;      /* of that line's first byte */
	const char *why;         /* one line, "" if there is nothing to say */
};

/* Called for each segment, oldest first. Borrowed for the call. */
typedef void verify_fn(void *arg, const struct verify_report *report);

struct verify_summary {
	uint64_t segments, records, calls, unknown;
	uint64_t notes, bad;  /* with that verdict */
	uint64_t checkpoints; /* whose signature is good and whose root is the ledger's */
	bool has_ledger;
};

struct verify_spec {
	int dir_fd;
	const struct public_key *key; /* NULL: the directory's own checkpoint is not looked at */
	struct bytes checkpoints;     /* notes that were kept elsewhere; empty: none. Need a key */
	verify_fn *each;
	bool (*go_on)(void *arg); /* asked before each segment; NULL: to the end */
	void *arg;                /* of both */
};

/* @return 0, whatever was found, segments that cannot be read included; -ERR_IO when the directory
 * cannot be; -ERR_INVALID when spec->checkpoints is not what this key signed; -ERR_NOMEM;
 * -ERR_CANCELLED: it was not to go on */
NODISCARD int verify_dir(struct verify_summary *out, const struct verify_spec *spec,
			 struct err *err);

#endif
