#include "base/ed25519.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/crypto.h"
#include "base/err.h"

/* The library's key is ours: as with struct sha256, no second object around it. */
static EVP_PKEY *pkey_of(struct ed25519 *key)
{
	return (EVP_PKEY *)key;
}

struct ed25519 *ed25519_new(void)
{
	return (struct ed25519 *)EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
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

struct ed25519 *ed25519_from_pem(struct bytes pem)
{
	BIO *bio = pem.n > 0 && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	BIO_free(bio);
	if (pkey && EVP_PKEY_is_a(pkey, "ED25519"))
		return (struct ed25519 *)pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

void ed25519_free(struct ed25519 *key)
{
	EVP_PKEY_free(pkey_of(key));
}

void ed25519_write_pem(struct buf *out, struct ed25519 *key)
{
	char *text = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	long n = 0;
	if (bio && PEM_write_bio_PrivateKey(bio, pkey_of(key), NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0) {
		buf_add(out, text, (size_t)n);
		wipe(text, (size_t)n);
	} else if (!out->err) {
		out->err = -ERR_NOMEM;
	}
	BIO_free(bio);
}

int ed25519_public(uint8_t out[ED25519_KEY_LEN], struct ed25519 *key)
{
	size_t n = ED25519_KEY_LEN;
	bool good = EVP_PKEY_get_raw_public_key(pkey_of(key), out, &n) == 1;
	return good && n == ED25519_KEY_LEN ? 0 : -ERR_NOMEM;
}

int ed25519_sign(uint8_t sig[ED25519_SIGNATURE_LEN], struct ed25519 *key, struct bytes text)
{
	size_t n = ED25519_SIGNATURE_LEN;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey_of(key)) == 1 &&
		    EVP_DigestSign(ctx, sig, &n, (const uint8_t *)text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	return good && n == ED25519_SIGNATURE_LEN ? 0 : -ERR_NOMEM;
}

bool ed25519_signed(const uint8_t public_key[ED25519_KEY_LEN], struct bytes text,
		    const uint8_t sig[ED25519_SIGNATURE_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *pkey =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY_LEN);
	bool good =
	    ctx && pkey && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, sig, ED25519_SIGNATURE_LEN, (const uint8_t *)text.p, text.n) == 1;
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error(); /* the next TLS connection of this thread would find it */
	return good;
}
