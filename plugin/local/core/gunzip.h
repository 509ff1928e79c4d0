/*
 * gunzip.h - gzip files (RFC 1952), which S3 Inventory and Athena write.
 *
 * The work is zlib's, and zlib is optional: a build without it refuses every gzip file by a text
 * that names the feature.
 */
#ifndef LOCAL_GUNZIP_H
#define LOCAL_GUNZIP_H

#include "base/buf.h"
#include "base/err.h"

/* Does it begin as a gzip file does? */
static inline bool gunzip_is_gzip(struct bytes file)
{
	return file.n > 2 && memcmp(file.p, "\x1f\x8b", 2) == 0;
}

/*
 * Append what the file holds, all of its members one after the other.
 *
 * @return 0; -ERR_INVALID when it is damaged or cut short, and without zlib; -ERR_LIMIT when it is
 *         more than out may hold
 */
NODISCARD int gunzip(struct buf *out, struct bytes file, struct err *err);

#endif
