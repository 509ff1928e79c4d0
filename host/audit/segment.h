/*
 * segment.h - the files of an audit directory, one segment for each process that writes.
 *
 *	20261121T225103042Z-4711-9f3c01ab.jsonl          UTC time, process id, random
 *	20261121T225103042Z-4711-9f3c01ab.jsonl.torn     what recovery set aside, see recover.h
 *	20261121T225103042Z-4711-9f3c01ab.new            being created: nothing was recorded yet
 *
 * The writer holds an exclusive flock on its segment for as long as it lives; the kernel lets go of
 * it when the process dies, however that happens. So a segment without log.close whose lock can be
 * taken has a dead writer. A .jsonl file always begins with its log.open record: it is created
 * under another name, filled and synced, then renamed.
 *
 * Blocking: for the committer's thread, start-up and the command line.
 */
#ifndef AUDIT_SEGMENT_H
#define AUDIT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

enum { SEGMENT_NAME_SIZE = 64 };

/* ---- the directory ---- */

/* Open the directory. @return a descriptor owned by the caller; -ERR_IO */
NODISCARD int audit_dir_open(const char *path, struct err *err);

/* The same, after creating it with mode 0700 where it is missing (its parent must exist). */
NODISCARD int audit_dir_create(const char *path, struct err *err);

struct segment_names {
	char **v; /* sorted: oldest first */
	size_t n;
};

/* The names of all segments. Owned by the caller; segment_names_clear. */
NODISCARD int segment_list(struct segment_names *out, int dir_fd, struct err *err);
void segment_names_clear(struct segment_names *names);

/* ---- reading ---- */

/* Open a segment, whoever may be writing it. @return a descriptor owned by the caller (close);
 * -ERR_IO, also for what is no regular file */
NODISCARD int segment_open(int dir_fd, const char *name, struct err *err);

enum segment_writer { WRITER_GONE, WRITER_ALIVE };

/*
 * The same, and tell whether its writer lives. As long as the descriptor is open and the writer is gone, a shared
 * lock keeps recovery away from it.
 *
 * @return a descriptor owned by the caller (close); -ERR_IO
 */
NODISCARD int segment_read(int dir_fd, const char *name, enum segment_writer *writer,
			   struct err *err);

/*
 * A segment that was found to end with log.close is sealed: write permission is taken away, so that
 * no start opens it again. A mark to save time, no protection: verify reads sealed ones as well.
 * Best effort; one that cannot be sealed is only looked at every time.
 */
void segment_seal(int fd);
bool segment_is_sealed(int dir_fd, const char *name);

/* ---- writing ---- */

struct segment {
	int fd;
	char name[SEGMENT_NAME_SIZE];
};

/* A fresh name, without touching the disk. */
void segment_name(char out[SEGMENT_NAME_SIZE], int64_t now_ms, int64_t pid);

/*
 * Create the segment of that name with its first line, durably, and lock it.
 *
 * @param[out] s closed with segment_close
 */
NODISCARD int segment_create(struct segment *s, int dir_fd, const char *name, struct bytes first,
			     struct err *err);

/*
 * Open a segment whose writer may be dead, to write its end.
 *
 * @return 1 and *s when the lock was taken; 0 when the writer is alive (or another process is
 *         recovering it); -ERR_IO
 */
NODISCARD int segment_claim(struct segment *s, int dir_fd, const char *name, struct err *err);

NODISCARD int segment_write(const struct segment *s, struct bytes lines, struct err *err);
NODISCARD int segment_sync(const struct segment *s, struct err *err);
NODISCARD int segment_cut(const struct segment *s, int64_t size, struct err *err);
void segment_close(struct segment *s); /* lets go of the lock; harmless when not open */

/* Write all bytes to a file descriptor. */
NODISCARD int write_whole(int fd, struct bytes bytes, struct err *err);

#endif
