/*
 * key.h - the log's Ed25519 key: the private one in a file of its own, the public one as a line.
 *
 * The private key is PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it, and must not
 * be readable by others. The public key is a "vkey" of C2SP signed-note, one line that is enough to
 * check everything this log ever signed:
 *
 *	runbook-audit-5f3a09c2d1b7e846+9f3c01ab+AQ...base64 of 0x01 || key...=
 *	NAME                           ID       ID = SHA-256(NAME || "\n" || 0x01 || key)[0..4)
 *
 * NAME comes from the key itself (its SHA-256's first 16 hex digits), so no two logs share one; it
 * is also the origin in this log's checkpoints.
 *
 * Blocking where files are concerned.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ed25519.h"
#include "base/err.h"

enum {
	KEY_NAME_SIZE = 64,
	KEY_LEN = ED25519_KEY_LEN,
	KEY_ID_LEN = 4,
	KEY_SIGNATURE_LEN = ED25519_SIGNATURE_LEN
};

struct public_key {
	char name[KEY_NAME_SIZE];
	uint8_t id[KEY_ID_LEN];
	uint8_t b[KEY_LEN];
};

/* Append the line, with its newline. */
void public_key_write(struct buf *out, const struct public_key *key);

/* Write the line as a file that is not there yet, whole and durably. -ERR_IO, -ERR_NOMEM */
NODISCARD int public_key_save(const struct public_key *key, const char *path, struct err *err);

/* Read a line (white space around it is passed over). @return 0; -ERR_INVALID */
NODISCARD int public_key_read(struct public_key *out, struct bytes line, struct err *err);

/* Is sig this key's signature of text? */
bool public_key_signed(const struct public_key *key, struct bytes text,
		       const uint8_t sig[KEY_SIGNATURE_LEN]);

struct key;

/*
 * Read the private key from a file.
 *
 * @param[out] out owned by the caller; audit_key_free
 * @return 0; -ERR_IO, with err->name "NoKey" when there is no such file; -ERR_INVALID: no Ed25519 key
 *         in it, or others may read it
 */
NODISCARD int audit_key_read(struct key **out, const char *path, struct err *err);

/* Make a new key and write it (mode 0600), with its public line in the file public_path, durably.
 * An existing private key is never overwritten: -ERR_IO. */
NODISCARD int audit_key_create(struct key **out, const char *path, const char *public_path,
			       struct err *err);
void audit_key_free(struct key *key); /* NULL is fine */

const struct public_key *audit_key_public(const struct key *key); /* borrowed */

/* @return 0; -ERR_NOMEM */
NODISCARD int audit_key_sign(uint8_t sig[KEY_SIGNATURE_LEN], const struct key *key,
			     struct bytes text);

#endif
