/*
 * segment.h - the files of an audit directory, one segment for each process that writes.
 *
 *	20261121T225103042Z-4711-9f3c01ab.jsonl          UTC time, process id, random
 *	20261121T225103042Z-4711-9f3c01ab.jsonl.torn     what recovery set aside, see recover.h
 *	20261121T225103042Z-4711-9f3c01ab.new            being created: nothing was recorded yet
 *	2026-11-21/20261121T225103042Z-4711-9f3c01ab.jsonl   sealed: closed, and never changed again
 *
 * A sealed segment lies in the folder of its day, with its torn ends. So the directory itself holds
 * only the segments that are being written or whose writer died, however many years there are, and a
 * segment's name alone tells both places where it can be. Functions that take a name look in both.
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

/* The same, of those that are not sealed. */
NODISCARD int segment_list_open(struct segment_names *out, int dir_fd, struct err *err);

/* The days of which there are sealed segments, as folder names ("2026-11-21"), and what one of them
 * holds. */
NODISCARD int segment_list_days(struct segment_names *out, int dir_fd, struct err *err);
NODISCARD int segment_list_day(struct segment_names *out, int dir_fd, const char *day,
			       struct err *err);
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
 * Seal a closed segment: take write permission away and move it into its day's folder, with its torn
 * ends. Can be repeated. The mode saves time and protects nothing: verify reads sealed ones as well.
 *
 * @return 0; -ERR_IO
 */
NODISCARD int segment_seal(int dir_fd, const char *name, struct err *err);

/* Is it unchangeable by its mode, though still in the directory itself? Then only the move was lost. */
bool segment_is_sealed(int dir_fd, const char *name);

/* The name of the folder of its day; "" when the name does not begin with a time. */
enum { SEGMENT_DAY_SIZE = 11 };
void segment_day(char out[SEGMENT_DAY_SIZE], const char *name);

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

/* Is there a segment of that name, sealed or not? @return 1, 0; -ERR_IO when that cannot be seen */
NODISCARD int segment_exists(int dir_fd, const char *name, struct err *err);

/* Remove what a dead process left of a segment that it was creating, so that it can be created. */
void segment_forget_new(int dir_fd, const char *name);

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

#endif
