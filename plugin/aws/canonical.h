/*
 * canonical.h - the canonical forms of a request's path, query and headers for Signature Version 4.
 *
 * Pure text work; every function appends to *out, whose sticky error the caller checks. Source: the
 * SigV4 documentation and AWS's published test vectors, where the two differ the vectors.
 */
#ifndef AWS_CANONICAL_H
#define AWS_CANONICAL_H

#include "base/buf.h"
#include "base/http.h"

enum { CANONICAL_HEADERS_MAX = 64 };

/*
 * The path with every byte but A-Z a-z 0-9 - . _ ~ / percent-encoded once more, so that a path which
 * was sent encoded is encoded twice. With normalise, "." and ".." segments and double slashes are
 * resolved first: every service but S3 wants that. An empty path is "/".
 */
void canonical_path(struct buf *out, struct bytes path, bool normalise);

/*
 * name=value pairs, encoded, sorted by encoded name and then value. A pair that is already encoded
 * stays as it is, raw bytes (UTF-8, blanks) are encoded; "+" is a plus sign; no value is "name=".
 *
 * @return 0; -ERR_NOMEM
 */
NODISCARD int canonical_query(struct buf *out, struct bytes query, struct err *err);

/*
 * Append "name:value\n" for every header to be signed, names in lower case and sorted, values
 * trimmed with inner runs of blanks made one, equal names joined by ',' in the order sent; and to
 * *names the same names joined by ';'. Headers that proxies and HTTP libraries change are left out
 * (connection, expect, transfer-encoding, user-agent and their like).
 *
 * @return 0; -ERR_LIMIT when there are more than CANONICAL_HEADERS_MAX
 */
NODISCARD int canonical_headers(struct buf *out, struct buf *names,
				const struct http_header *headers, size_t n, struct err *err);

#endif
