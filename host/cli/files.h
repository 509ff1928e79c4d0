/* files.h - small files read whole: before the loop runs, or on the worker. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "base/buf.h"
#include "base/err.h"

/* Append the file's bytes to *out. -ERR_IO names the file and the reason; -ERR_LIMIT when it has
 * more bytes than out may hold. */
NODISCARD int files_read(struct buf *out, const char *path, struct err *err);

/* The same, of a regular file only (script/file.h): whoever names another one is not waited for.
 * -ERR_INVALID */
NODISCARD int files_read_regular(struct buf *out, const char *path, struct err *err);

/* Create a directory and its parents with mode 0700. */
NODISCARD int files_make_dir(const char *path, struct err *err);

#endif
