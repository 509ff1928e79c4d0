/* The HTTP client against a TLS server with a certificate of its own making. */
#include "tap.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "net/http_client.h"
#include "net/loop.h"

/* Serves one connection; who does not trust it ends the handshake. */
struct tls_peer {
	SSL_CTX *ctx;
	int listener;
	uint16_t port;
	pthread_t thread;
	char ca_file[32];
};

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	INVARIANT(cert && name && san);
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test",
					 -1, -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_set_pubkey(cert, key);
	(void)X509_add_ext(cert, san, -1);
	X509_EXTENSION_free(san);
	int n = X509_sign(cert, key, EVP_sha256());
	INVARIANT(n > 0);
	return cert;
}

static void write_certificate(struct tls_peer *p, X509 *cert)
{
	(void)snprintf(p->ca_file, sizeof(p->ca_file), "tls_peer.XXXXXX");
	int fd = mkstemp(p->ca_file);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	INVARIANT(f != NULL);
	int ok = PEM_write_X509(f, cert);
	INVARIANT(ok == 1);
	(void)fclose(f);
}

static void *serve(void *arg)
{
	struct tls_peer *p = arg;
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	char request[4096];
	int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	SSL *ssl = SSL_new(p->ctx);
	if (fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 &&
	    SSL_read(ssl, request, sizeof(request)) > 0) {
		(void)SSL_write(ssl, answer, sizeof(answer) - 1);
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static void peer_begin(struct tls_peer *p, int max_version)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key);
	write_certificate(p, cert);
	p->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(p->ctx, 0); /* or it would not offer old versions */
	int ok = SSL_CTX_use_certificate(p->ctx, cert) == 1 &&
		 SSL_CTX_use_PrivateKey(p->ctx, key) == 1 &&
		 SSL_CTX_set_max_proto_version(p->ctx, max_version) == 1 &&
		 SSL_CTX_set_min_proto_version(p->ctx, TLS1_VERSION) == 1;
	INVARIANT(ok);
	X509_free(cert);
	EVP_PKEY_free(key);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = bind(p->listener, (struct sockaddr *)&a, n) == 0 && listen(p->listener, 8) == 0 &&
	     getsockname(p->listener, (struct sockaddr *)&a, &n) == 0 &&
	     pthread_create(&p->thread, NULL, serve, p) == 0;
	INVARIANT(ok);
	p->port = ntohs(a.sin_port);
}

static void peer_end(struct tls_peer *p)
{
	(void)shutdown(p->listener, SHUT_RDWR);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->listener);
	SSL_CTX_free(p->ctx);
	(void)unlink(p->ca_file);
}

struct outcome {
	struct loop *loop;
	int status;
	struct err err;
	bool maybe_sent;
	int64_t connect_us;
};

static void keep(void *arg, const struct http_answer *a)
{
	struct outcome *o = arg;
	o->status = a->status;
	o->err = a->err;
	o->maybe_sent = a->maybe_sent;
	o->connect_us = a->connect_us;
	loop_quit(o->loop);
}

static struct outcome get(uint16_t port, const char *host, const char *ca_file)
{
	struct outcome o = { 0 };
	struct http_client *client;
	char url[64];
	int rc = loop_new(&o.loop, NULL);
	INVARIANT(rc == 0);
	rc = http_client_new(&client, o.loop, NULL);
	INVARIANT(rc == 0);
	(void)snprintf(url, sizeof(url), "https://%s:%u/", host, port);
	(void)http_start(client,
			 &(struct http_request){ .method = "GET", .url = url, .ca_file = ca_file },
			 keep, &o);
	loop_run(o.loop);
	http_client_free(client);
	loop_free(o.loop);
	return o;
}

TEST(a_server_whose_issuer_is_known_is_trusted)
{
	struct tls_peer p;
	peer_begin(&p, TLS1_3_VERSION);

	struct outcome o = get(p.port, "127.0.0.1", p.ca_file);

	CHECK_INT(o.status, 200);
	CHECK_STR(o.err.message, "");
	CHECK(o.connect_us > 0);
	peer_end(&p);
}

static void expect_distrust(const struct outcome *o, const char *text)
{
	CHECK_INT(o->status, 0);
	CHECK_INT(o->err.code, ERR_IO);
	CHECK(!o->err.retryable);
	CHECK(!o->maybe_sent);
	if (!CHECK(strstr(o->err.message, text) != NULL))
		TAP_NOTE("message: %s", o->err.message);
}

TEST(an_unknown_issuer_is_final_and_nothing_is_sent)
{
	struct tls_peer p;
	peer_begin(&p, TLS1_3_VERSION);

	struct outcome o = get(p.port, "127.0.0.1", NULL);

	expect_distrust(&o, "certificate");
	peer_end(&p);
}

TEST(a_certificate_for_another_name_is_refused)
{
	struct tls_peer p;
	peer_begin(&p, TLS1_3_VERSION);

	struct outcome o = get(p.port, "localhost", p.ca_file);

	expect_distrust(&o, "localhost");
	peer_end(&p);
}

TEST(a_bundle_that_cannot_be_read_is_an_error)
{
	struct tls_peer p;
	peer_begin(&p, TLS1_3_VERSION);

	struct outcome o = get(p.port, "127.0.0.1", "no/such/bundle.pem");

	expect_distrust(&o, "no/such/bundle.pem");
	peer_end(&p);
}

TEST(a_server_without_tls_1_2_is_not_spoken_to)
{
	struct tls_peer p;
	peer_begin(&p, TLS1_1_VERSION);

	struct outcome o = get(p.port, "127.0.0.1", p.ca_file);

	CHECK_INT(o.status, 0);
	CHECK_INT(o.err.code, ERR_IO);
	CHECK(!o.maybe_sent);
	CHECK(strstr(o.err.message, "version") != NULL);
	peer_end(&p);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_server_whose_issuer_is_known_is_trusted),
				 TAP_CASE(an_unknown_issuer_is_final_and_nothing_is_sent),
				 TAP_CASE(a_certificate_for_another_name_is_refused),
				 TAP_CASE(a_bundle_that_cannot_be_read_is_an_error),
				 TAP_CASE(a_server_without_tls_1_2_is_not_spoken_to)));
}
