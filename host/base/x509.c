#include "base/x509.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

enum { RSA_BITS_MIN = 2048 };

/* The library's certificate is ours: as with struct ed25519, no second object around it. */
static X509 *x509_of(struct x509_cert *cert)
{
	return (X509 *)cert;
}

static const X509 *const_x509_of(const struct x509_cert *cert)
{
	return (const X509 *)cert;
}

/* Nobody is ever asked for a password at a terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

struct x509_cert *x509_from_pem(struct bytes pem)
{
	BIO *bio = pem.n > 0 && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error(); /* the next TLS connection of this thread would find it */
	return (struct x509_cert *)x;
}

void x509_free(struct x509_cert *cert)
{
	X509_free(x509_of(cert));
}

bool x509_valid_at(const struct x509_cert *cert, int64_t wall_ms)
{
	time_t at = (time_t)(wall_ms / 1000);
	return X509_cmp_time(X509_get0_notBefore(const_x509_of(cert)), &at) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(const_x509_of(cert)), &at) > 0;
}

bool x509_is_for(struct x509_cert *cert, const char *name)
{
	return X509_check_host(x509_of(cert), name, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

bool x509_signed(const struct x509_cert *cert, enum x509_digest digest, struct bytes text,
		 struct bytes sig)
{
	EVP_PKEY *key = X509_get0_pubkey(const_x509_of(cert));
	const EVP_MD *md = digest == X509_SHA1 ? EVP_sha1() : EVP_sha256();
	if (!key || !EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
		return false;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, (const uint8_t *)sig.p, sig.n, (const uint8_t *)text.p,
				     text.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
