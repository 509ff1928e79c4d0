/*
 * chain.h - where a segment's chain of records stands: what the next record must carry.
 *
 * The writer asks it to make the next line, the reader asks it to judge the next line; both rules
 * are here, side by side. Pure: the time is a parameter.
 *
 * Times never decrease, with one exception that says so: when the wall clock was set back, the
 * writer first makes a record of kind "log.clock" whose member back_ms is the step. So a record
 * put into the wrong place shows, and a real clock step is kept as it was.
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "audit/record.h"

struct chain {
	uint64_t seq;    /* of the last record; 0: none yet */
	int64_t time_ms; /* of the last record */
	char prev[SHA256_HEX + 1];
	bool closed; /* the last record is log.close: nothing may follow */
};

void chain_init(struct chain *c);

/*
 * A process that goes on in another segment goes on with its chain: behind log.close the next record
 * is the log.open of the next segment, with the next sequence number, prev of the log.close, and a
 * member "continues" that names the segment before. A reader takes these two from that record.
 */
void chain_go_on(struct chain *c);

/* Who writes. Borrowed. */
struct chain_writer {
	const char *host;
	int64_t pid;
};

/*
 * Append the next record to *out as a line with its newline, after a log.clock record where the
 * clock went back. *out may hold earlier lines.
 *
 * @return the record's sequence number; 0 with *err set when it does not fit (a line longer than
 *         RECORD_LINE_MAX, *out full, no memory): then neither *c nor *out has changed
 */
uint64_t chain_append(struct chain *c, struct buf *out, const struct chain_writer *w,
		      int64_t now_ms, const char *kind, struct bytes members, struct err *err);

/*
 * Judge the next line, given without its newline: its own form and sum, and that it follows.
 *
 * @return 0 and *r, owned by the caller (record_clear); -ERR_INVALID with the reason, then *c has
 *         not changed
 */
NODISCARD int chain_follow(struct chain *c, struct record *r, struct bytes line, struct err *err);

#endif
