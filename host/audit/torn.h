/*
 * torn.h - torn ends of segments, set aside whole and named by their hash.
 *
 * What stood behind the last good record of a dead writer's segment is moved to a file of its own,
 * never thrown away: SEGMENT.torn, then SEGMENT.torn.2, ... Each is named, with its length and its
 * SHA-256, by a log.recover record of the segment, in this order.
 */
#ifndef AUDIT_TORN_H
#define AUDIT_TORN_H

#include <stdint.h>

#include "audit/segment.h"
#include "base/crypto.h"

enum { TORN_NAME_SIZE = SEGMENT_NAME_SIZE + 24 };

struct torn {
	char name[TORN_NAME_SIZE];
	int64_t size;
	char sha256[SHA256_HEX + 1];
};

/* The name of the nth (from 1) torn end of a segment. */
void torn_name(char *out, size_t size, const char *segment, unsigned nth);

/* Describe the nth (from 1) torn end of a segment. @return 1; 0 if there is none; -ERR_IO */
NODISCARD int torn_describe(struct torn *out, int dir_fd, const char *segment, unsigned nth,
			    struct err *err);

/*
 * Move everything in s behind the first `keep` bytes into the next torn file, durably. Can be
 * repeated after a crash at any moment: nothing is set aside twice, nothing is overwritten.
 */
NODISCARD int torn_set_aside(const struct segment *s, int dir_fd, int64_t keep, int64_t size,
			     struct err *err);

#endif
