/*
 * verify.h - an audit directory judged offline, from its files alone.
 *
 * Every segment is read from its first byte to its last: form and sum of each line, sequence
 * numbers, the chain of hashes, times, that intents and outcomes pair up, and that torn ends which
 * recovery set aside are still there unchanged.
 *
 * What it cannot see, for want of a copy outside: a whole segment that was removed, records cut off
 * the end of a segment that then looks like a dead writer's, and a log rewritten throughout.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/scan.h"
#include "audit/segment.h"

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE, /* nothing was changed, but something is left open: a dead writer's segment
			 without log.close, or calls without an outcome in it */
	VERDICT_BAD,  /* changed, damaged or torn; or it cannot be read */
};

struct verify_report {
	const char *segment;
	enum segment_writer writer;
	enum verdict verdict;
	uint64_t records;        /* good ones */
	uint64_t calls, unknown; /* intents; outcomes "unknown" */
	uint64_t open_calls;     /* intents without an outcome */
	uint64_t bad_line;       /* from 1, and also the sequence number it should have; 0: none */
	const char *why;         /* one line, "" if there is nothing to say */
};

/* Called for each segment, oldest first. Borrowed for the call. */
typedef void verify_fn(void *arg, const struct verify_report *report);

struct verify_summary {
	uint64_t segments, records, calls, unknown;
	uint64_t notes, bad; /* segments with that verdict */
};

/* @return 0, whatever was found, segments that cannot be read included; -ERR_IO when the directory
 * cannot be, -ERR_NOMEM */
NODISCARD int verify_dir(struct verify_summary *out, int dir_fd, verify_fn *each, void *arg,
			 struct err *err);

#endif
