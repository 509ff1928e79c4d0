/* ed25519.h - Ed25519 signatures (RFC 8032): make a key, sign, check. Keys travel as PKCS #8 in PEM. */
#ifndef BASE_ED25519_H
#define BASE_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"

enum { ED25519_KEY_LEN = 32, ED25519_SIGNATURE_LEN = 64 };

struct ed25519; /* a private key */

/* A new key, or the one in a PEM text without a password. Owned by the caller, ed25519_free.
 * NULL: no memory; of a text also: it holds no Ed25519 private key. */
struct ed25519 *ed25519_new(void);
struct ed25519 *ed25519_from_pem(struct bytes pem);
void ed25519_free(struct ed25519 *key); /* NULL is fine */

/* Append the key as PEM: a secret, to be wiped. Failures stick in out->err. */
void ed25519_write_pem(struct buf *out, struct ed25519 *key);

NODISCARD int ed25519_public(uint8_t out[ED25519_KEY_LEN], struct ed25519 *key);

/* @return 0; -ERR_NOMEM */
NODISCARD int ed25519_sign(uint8_t sig[ED25519_SIGNATURE_LEN], struct ed25519 *key,
			   struct bytes text);

/* Is sig the signature of text by the owner of this public key? */
bool ed25519_signed(const uint8_t public_key[ED25519_KEY_LEN], struct bytes text,
		    const uint8_t sig[ED25519_SIGNATURE_LEN]);

#endif
