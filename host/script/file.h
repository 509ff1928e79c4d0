/* file.h - reads a file whole: a Lua source, a secret. */
#ifndef SCRIPT_FILE_H
#define SCRIPT_FILE_H

#include "base/buf.h"
#include "base/err.h"

enum { FILE_SOURCE_MAX = 4 << 20 };

/*
 * Append the whole file to out. Regular files only.
 *
 * @return 0; -ERR_INVALID naming path and reason, err->status being the errno (0: not a regular file
 *         or larger than out allows)
 */
NODISCARD int file_read(struct buf *out, const char *path, struct err *err);

/* The folder a path is in: "." if it names none. Owned by the caller; NULL: no memory. */
char *file_folder(const char *path);

/* What Lua compiles of a source: all but a byte order mark and a first line that starts with '#' and names an interpreter.
 * Its newline stays, so that line numbers hold. */
struct bytes file_chunk(struct bytes source);

#endif
