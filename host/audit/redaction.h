/*
 * redaction.h - what stands in a record instead of a sensitive value.
 *
 *	{"redacted":11,"hmac":"9b1f...32 hex digits"}
 *
 * The size in bytes, and a keyed hash by which who has the key can find a value that he knows again:
 * `audit hash VALUE` prints this very text. Without the key a short value cannot be guessed from it.
 * The hash is the first half of HMAC-SHA-256 over a string's bytes, or a JSON text of another type.
 */
#ifndef AUDIT_REDACTION_H
#define AUDIT_REDACTION_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

struct redaction {
	uint8_t key[SHA256_LEN]; /* secret: wiped by redaction_clear */
};

/* Read the key from a file that nobody else may read.
 * @return 0; -ERR_IO, with err->name "NoKey" when there is none; -ERR_INVALID */
NODISCARD int redaction_read(struct redaction *r, const char *path, struct err *err);

/* The same, after making one where there is none. */
NODISCARD int redaction_open(struct redaction *r, const char *path, struct err *err);
void redaction_clear(struct redaction *r);

/* Append the text for a value, as JSON. Failures stick in out->err. */
void redaction_write(struct buf *out, const struct redaction *r, struct bytes value);

#endif
