/*
 * scan.h - one segment read from its first byte to its last: the judgement verify and recovery
 * share.
 *
 * Streams: memory does not grow with the segment.
 */
#ifndef AUDIT_SCAN_H
#define AUDIT_SCAN_H

#include "audit/chain.h"
#include "audit/intents.h"
#include "audit/merkle.h"

enum scan_end {
	SCAN_CLOSED, /* ends with log.close */
	SCAN_OPEN,   /* every line is good, log.close is missing */
	SCAN_TORN,   /* behind the last good record there are bytes that are no record */
	SCAN_DAMAGED, /* a bad line that good ones follow, a whole record in the wrong place, no first
			 record, anything behind log.close, or not what the marks say */
};

/* What is known of a segment from elsewhere: with so many lines it has this root and length. */
struct scan_mark {
	uint64_t lines;
	int64_t bytes; /* -1: not known */
	struct hash root;
	bool last; /* sealed: nothing follows */
};

struct scan {
	struct chain chain;     /* after the last good record */
	struct merkle tree;     /* over the good lines; its size is their number */
	struct intents intents; /* scan_clear */
	enum scan_end end;
	int64_t good_size; /* bytes up to and with the last good record: where a bad line begins */
	int64_t torn_size; /* bytes behind that */
	bool unended;      /* the torn bytes are one line without a newline: half written */
	uint64_t bad_line; /* from 1; 0: none */
	struct err why;    /* of the bad line */
};

/* Called with each good record in order. An error makes its line the bad one. */
typedef int scan_fn(void *arg, const struct record *r, struct bytes line, struct err *err);

/*
 * Scan the segment behind fd. Its file name must be the one that log.open recorded.
 *
 * @param keep  keep what names the open calls, see intents.h
 * @param each  may be NULL
 * @param marks by rising lines; may be none
 * @param[out] s owned by the caller; scan_clear, also after an error
 * @return 0, whatever was found; -ERR_IO, -ERR_NOMEM when the file could not be read
 */
struct scan_spec {
	int fd;
	const char *name;
	bool keep;
	scan_fn *each;
	void *arg;
	const struct scan_mark *marks;
	size_t n_marks;
	bool born_empty; /* unlike a segment it is created before its first record is written */
};
NODISCARD int scan_segment(struct scan *s, const struct scan_spec *spec, struct err *err);
void scan_clear(struct scan *s);

#endif
