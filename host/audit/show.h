/*
 * show.h - the commands that read an audit directory; audit_usage has them.
 *
 * They only read: no lock is needed but the one that tells a living writer, nothing is changed.
 * SEGMENT is a segment's file name, or any part of one that fits one segment alone, such as the
 * eight hex digits by which the other commands call it.
 */
#ifndef AUDIT_SHOW_H
#define AUDIT_SHOW_H

#include <stdio.h>

#include "base/compiler.h"

struct audit_io {
	FILE *out;
	FILE *err;
	const char *dir; /* where no DIR is given; NULL: it must be given */
};

/* Exit statuses. */
enum audit_status {
	AUDIT_GOOD = 0,
	AUDIT_BAD = 1, /* verify or show met a bad record; show found nothing; or reading failed */
	AUDIT_USAGE = 2, /* printed to err */
};

/* argv[0] is "audit", argv[1] the command. Blocks; tail -f until the process is stopped. */
int audit_command(int argc, char **argv, const struct audit_io *io);

extern const char audit_usage[]; /* several lines */

#endif
