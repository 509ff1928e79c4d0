/*
 * record.h - one record of the audit log, as the exact bytes of one line.
 *
 *	{"v":1,"seq":12,"time":"2026-11-21T22:51:03.042Z","host":"ops1","pid":4711,
 *	 "kind":"call.intent", ...the record's own members..., "prev":"<64 hex>","sum":"<16 hex>"}
 *
 * (without the line breaks). The order of these members is fixed and nothing is ever re-serialised:
 * hashes are over the bytes as they stand, so there is no question of canonical form.
 *
 *  - seq counts from 1 within a process's segments: where one goes on in another, so does it.
 *  - prev is SHA-256(0x00 || line before, without its newline), the leaf hash of RFC 6962;
 *    64 zeros in a process's first record.
 *  - sum is the first 16 hex digits of SHA-256 over the line's bytes before `,"sum"`. It covers the
 *    last line, which no later line covers yet, and tells a torn line from a whole one.
 *
 * Pure: no clock, no files.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"

enum {
	RECORD_VERSION = 1,
	RECORD_SUM_HEX = 16,
	RECORD_LINE_MAX = 1 << 20, /* bytes of a line without its newline */
};

/* What stands in front of a record's own members. Strings are borrowed. */
struct record_head {
	uint64_t seq;
	int64_t time_ms; /* wall clock */
	const char *host;
	int64_t pid;
	const char *kind;
};

/*
 * Append a line, without its newline.
 *
 * @param members the record's own members as JSON text without braces; may be empty
 * @param prev    64 hex digits
 */
void record_write(struct buf *out, const struct record_head *head, struct bytes members,
		  const char *prev);

/* A line as read. */
struct record {
	struct record_head head; /* strings are borrowed from tree */
	const char *prev;        /* likewise */
	cJSON *tree;             /* the whole line; owned, record_clear */
};

/*
 * Read a line strictly: JSON, the fixed members in their order and types, and the right sum.
 *
 * @return 0; -ERR_INVALID when the line is damaged or was not written by this format; then *r
 *         needs no record_clear
 */
NODISCARD int record_parse(struct record *r, struct bytes line, struct err *err);
void record_clear(struct record *r);

/* The hash by which the next line names this one. */
NODISCARD int record_leaf(char out[SHA256_HEX + 1], struct bytes line);

#endif
