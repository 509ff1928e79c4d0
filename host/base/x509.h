/*
 * x509.h - a certificate that vouches for signatures of texts (not for a connection: that is TLS's).
 *
 * Who hands a certificate out, and whether to believe him, is the caller's to decide: no chain is
 * built here. What can be read in it is: for whom it is, until when, and whether a text was signed
 * with its key.
 */
#ifndef BASE_X509_H
#define BASE_X509_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"

struct x509_cert;

/* The first certificate of a PEM text. Owned by the caller, x509_free. NULL: there is none, or no
 * memory. */
NODISCARD struct x509_cert *x509_from_pem(struct bytes pem);
void x509_free(struct x509_cert *cert); /* NULL is fine */

bool x509_valid_at(const struct x509_cert *cert, int64_t wall_ms);

/* Is it for this host name? A wildcard counts for nothing, a common name only where there is no
 * alternative name. */
bool x509_is_for(struct x509_cert *cert, const char *name);

enum x509_digest { X509_SHA1, X509_SHA256 };

/* Is sig an RSA signature (PKCS #1 v1.5) of text by this key, of at least 2,048 bits? */
bool x509_signed(const struct x509_cert *cert, enum x509_digest digest, struct bytes text,
		 struct bytes sig);

#endif
