/*
 * lines.h - a file read line by line in constant memory.
 *
 * A line longer than RECORD_LINE_MAX cannot be a record: its beginning is handed out (cut is set)
 * and the rest is passed over, so damage cannot exhaust memory either.
 */
#ifndef AUDIT_LINES_H
#define AUDIT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct line {
	struct bytes text; /* without the newline; borrowed until the next line is asked for */
	uint64_t number;   /* from 1 */
	int64_t offset;    /* of its first byte */
	bool ended;        /* by a newline; only the last line may lack it */
	bool cut;
};

struct lines {
	int fd;         /* borrowed; read by pread, its position is not used */
	int64_t offset; /* of p[start] in the file */
	uint64_t number;
	char *p;
	size_t start, end; /* the bytes that were read and not handed out */
};

NODISCARD int lines_open(struct lines *l, int fd, int64_t offset, struct err *err);
void lines_close(struct lines *l);

/* @return 1 and a line; 0 at the end of the file; -ERR_IO */
NODISCARD int lines_next(struct lines *l, struct line *out, struct err *err);

#endif
