#include "net/tls_server.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Of TLS 1.2; those of 1.3 are all good. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const unsigned char session_context[] = "runbook";

enum {
	SECURITY_LEVEL = 2, /* of OpenSSL: RSA from 2,048 bits on, no SHA-1 in signatures */
	CHAIN_MAX = 5,
};

struct tls_server {
	unsigned holders;
	SSL_CTX *ctx;
	int64_t expires_ms;
	char *cert_file, *key_file, *client_ca_file;
	bool client_optional;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "no memory for TLS");
}

/* ---- files ---- */

/* OpenSSL would ask for it on the terminal. */
static int no_passphrase(char *out, int n, int writing, void *arg)
{
	(void)out;
	(void)n;
	(void)writing;
	(void)arg;
	return -1;
}

/* OpenSSL would wait for the writer of a FIFO. */
static int check_readable(const char *key, const char *file, struct err *err)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool read = fd >= 0 && fstat(fd, &st) == 0;
	int why = errno;
	if (fd >= 0)
		(void)close(fd);
	if (!read)
		return err_set(err, ERR_INVALID, "%s = %.300s: %s", key, file, strerror(why));
	return S_ISREG(st.st_mode)
		   ? 0
		   : err_set(err, ERR_INVALID, "%s = %.300s: not a regular file", key, file);
}

static int complain(const char *key, const char *file, const char *expected, struct err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return err_set(err, ERR_INVALID, "%s = %.300s: expected %s%s%s", key, file, expected,
		       reason ? ": " : "", reason ? reason : "");
}

static int use_certificate(const struct tls_server *t, SSL_CTX *ctx, struct err *err)
{
	int rc = check_readable("cert_file", t->cert_file, err);
	if (rc < 0)
		return rc;
	if (SSL_CTX_use_certificate_chain_file(ctx, t->cert_file) == 1)
		return 0;
	return complain("cert_file", t->cert_file,
			"certificates in PEM, the server's own first, of RSA from 2048 bits on or "
			"of an elliptic curve",
			err);
}

static int use_key(const struct tls_server *t, SSL_CTX *ctx, struct err *err)
{
	int rc = check_readable("key_file", t->key_file, err);
	if (rc < 0)
		return rc;
	if (SSL_CTX_use_PrivateKey_file(ctx, t->key_file, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		return 0;
	unsigned long e = ERR_peek_last_error();
	if (ERR_GET_LIB(e) == ERR_LIB_X509)
		return err_set(err, ERR_INVALID,
			       "key_file = %.300s: this is not the key of the certificate in "
			       "cert_file = %.300s",
			       t->key_file, t->cert_file);
	for (; (e = ERR_get_error());) {
		if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_BAD_PASSWORD_READ)
			return err_set(err, ERR_INVALID,
				       "key_file = %.300s: expected a key without a passphrase",
				       t->key_file);
	}
	return complain("key_file", t->key_file, "a private key in PEM", err);
}

static int use_client_ca(const struct tls_server *t, SSL_CTX *ctx, struct err *err)
{
	if (!t->client_ca_file)
		return 0;
	int rc = check_readable("client_ca_file", t->client_ca_file, err);
	if (rc < 0)
		return rc;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(t->client_ca_file);
	if (!names || SSL_CTX_load_verify_locations(ctx, t->client_ca_file, NULL) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return complain("client_ca_file", t->client_ca_file,
				"certificates of authorities in PEM", err);
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(
	    ctx, SSL_VERIFY_PEER | (t->client_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
	    NULL);
	SSL_CTX_set_verify_depth(ctx, CHAIN_MAX);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? 0 : no_memory(err);
}

/* ---- rules ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
			   const unsigned char *offered, unsigned n_offered, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, n, ours, sizeof(ours) - 1, offered, n_offered) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					   SSL_OP_CIPHER_SERVER_PREFERENCE |
					   SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1) ==
		   1;
}

static int read_end(int64_t *out_ms, SSL_CTX *ctx, struct err *err)
{
	struct tm tm;
	const X509 *cert = SSL_CTX_get0_certificate(ctx);
	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
		return err_set(err, ERR_INVALID, "cert_file: the certificate has no valid end");
	int64_t days =
	    days_from_civil(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
	int64_t seconds = (int64_t)tm.tm_hour * 3600 + (int64_t)tm.tm_min * 60 + tm.tm_sec;
	*out_ms = (days * 86400 + seconds) * 1000;
	return 0;
}

static int read_files(struct tls_server *t, struct err *err)
{
	int64_t expires_ms = 0;
	INVARIANT(t->cert_file && t->key_file);
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int rc = ctx && set_rules(ctx) ? 0 : no_memory(err);
	if (rc == 0)
		rc = use_certificate(t, ctx, err);
	if (rc == 0)
		rc = use_key(t, ctx, err);
	if (rc == 0)
		rc = use_client_ca(t, ctx, err);
	if (rc == 0)
		rc = read_end(&expires_ms, ctx, err);
	ERR_clear_error();
	if (rc < 0) {
		SSL_CTX_free(ctx);
		return rc;
	}
	t->ctx = ctx;
	t->expires_ms = expires_ms;
	return 0;
}

/* ---- life ---- */

static bool copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

int tls_server_new(struct tls_server **out, const struct http_tls *files, struct err *err)
{
	struct tls_server *t = calloc(1, sizeof(*t));
	if (!t)
		return no_memory(err);
	t->holders = 1;
	t->client_optional = files->client_optional;
	bool copied = copy(&t->cert_file, files->cert_file) &&
		      copy(&t->key_file, files->key_file) &&
		      copy(&t->client_ca_file, files->client_ca_file);
	int rc = copied ? read_files(t, err) : no_memory(err);
	if (rc < 0) {
		tls_server_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

struct tls_server *tls_server_ref(struct tls_server *t)
{
	t->holders++;
	return t;
}

void tls_server_free(struct tls_server *t)
{
	if (!t || --t->holders > 0)
		return;
	SSL_CTX_free(t->ctx); /* connections hold it as long as they need it */
	free(t->cert_file);
	free(t->key_file);
	free(t->client_ca_file);
	free(t);
}

int64_t tls_server_expires_ms(const struct tls_server *t)
{
	return t->expires_ms;
}

SSL *tls_server_ssl(struct tls_server *t)
{
	return SSL_new(t->ctx);
}
