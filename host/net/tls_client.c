#include "net/tls_client.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { SUBJECT_MAX = 16 * 1024, NAMES_MAX = 256, NAME_MAX_LEN = 4096 };

struct client {
	struct http_client_cert cert; /* first: it is what is handed out */
	char *subject;
	char *names[NAMES_MAX];
	size_t n;
	bool failed;
};

static bool is_clean(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < ' ' || c == 0x7f)
			return false;
	}
	return text.n > 0 && text.n <= NAME_MAX_LEN;
}

static void add(struct client *c, const char *kind, struct bytes text)
{
	struct buf b = BUF_INIT(NAME_MAX_LEN + 16);
	if (c->n == NAMES_MAX || !is_clean(text))
		return;
	buf_adds(&b, kind);
	buf_adds(&b, ":");
	buf_add(&b, text.p, text.n);
	c->names[c->n] = b.err ? NULL : strdup(buf_cstr(&b));
	c->failed |= !c->names[c->n];
	c->n += c->names[c->n] != NULL;
	buf_clear(&b);
}

static void add_string(struct client *c, const char *kind, const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	if (n > 0)
		add(c, kind, (struct bytes){ (const char *)utf8, (size_t)n });
	OPENSSL_free(utf8);
}

static void add_address(struct client *c, const ASN1_OCTET_STRING *ip)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(ip);
	if ((n == 4 || n == 16) &&
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof(text)))
		add(c, "IP", bytes_str(text));
}

static void add_common_names(struct client *c, const X509_NAME *subject)
{
	for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
		add_string(c, "CN", X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static void add_alternatives(struct client *c, const X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		if (g->type == GEN_DNS)
			add_string(c, "DNS", g->d.dNSName);
		else if (g->type == GEN_URI)
			add_string(c, "URI", g->d.uniformResourceIdentifier);
		else if (g->type == GEN_EMAIL)
			add_string(c, "email", g->d.rfc822Name);
		else if (g->type == GEN_IPADD)
			add_address(c, g->d.iPAddress);
	}
	GENERAL_NAMES_free(all);
}

static char *write_subject(const X509_NAME *subject)
{
	char *text = NULL;
	const char *p;
	BIO *out = BIO_new(BIO_s_mem());
	if (out &&
	    X509_NAME_print_ex(out, subject, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		long n = BIO_get_mem_data(out, &p);
		text = n == 0 ? strdup("") : strndup(p, n < SUBJECT_MAX ? (size_t)n : SUBJECT_MAX);
	}
	BIO_free(out);
	return text;
}

struct http_client_cert *tls_client_new(X509 *cert)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	const X509_NAME *subject = X509_get_subject_name(cert);
	c->subject = write_subject(subject);
	add_common_names(c, subject);
	add_alternatives(c, cert);
	c->cert = (struct http_client_cert){ c->subject, (const char *const *)c->names, c->n };
	if (c->subject && !c->failed)
		return &c->cert;
	tls_client_free(&c->cert);
	return NULL;
}

void tls_client_free(struct http_client_cert *cert)
{
	struct client *c = (struct client *)(void *)cert;
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->names[i]);
	free(c->subject);
	free(c);
}
