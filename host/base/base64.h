/* base64.h - RFC 4648 section 4: the standard alphabet, with padding, no line breaks. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Append data as base64. Failures stick in out->err. */
void base64_encode(struct buf *out, struct bytes data);

/*
 * Append the bytes that text stands for.
 *
 * @return 0; -ERR_INVALID for anything but whole, padded groups of the alphabet (bits behind the
 *         last byte must be 0), with nothing appended that counts
 */
NODISCARD int base64_decode(struct buf *out, struct bytes text);

#endif
