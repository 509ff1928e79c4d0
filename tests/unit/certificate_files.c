#include "certificate_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

static FILE *open_file(const char *dir, const char *name, const char *kind, const char *mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s.%s", dir, name, kind);
	FILE *f = fopen(path, mode);
	INVARIANT(f != NULL);
	return f;
}

static X509 *new_certificate(const struct certificate_spec *spec, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	INVARIANT(cert != NULL);
	size_t n = spec->common_name_length ? spec->common_name_length : strlen(spec->common_name);
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), spec->begins_s ? spec->begins_s : -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), spec->ends_s ? spec->ends_s : 3600);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
					 (const unsigned char *)spec->common_name, (int)n, -1, 0);
	(void)X509_set_pubkey(cert, key);
	return cert;
}

static void extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;
	INVARIANT(e != NULL || !value);
	if (e)
		(void)X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

static void sign(X509 *cert, const char *dir, const char *issuer)
{
	FILE *f = open_file(dir, issuer, "pem", "r");
	X509 *ca = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	f = open_file(dir, issuer, "key", "r");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);
	(void)X509_set_issuer_name(cert, X509_get_subject_name(ca));
	int n = X509_sign(cert, key, EVP_sha256());
	INVARIANT(n > 0);
	EVP_PKEY_free(key);
	X509_free(ca);
}

void certificate_write(const char *dir, const char *name, const char *issuer,
		       const struct certificate_spec *spec)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = new_certificate(spec, key);
	extend(cert, NID_subject_alt_name, spec->alternatives);
	extend(cert, NID_basic_constraints, issuer ? NULL : "critical,CA:TRUE");
	FILE *f = open_file(dir, name, "key", "w");
	(void)PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	(void)fclose(f);
	if (issuer) {
		sign(cert, dir, issuer);
	} else {
		(void)X509_set_issuer_name(cert, X509_get_subject_name(cert));
		(void)X509_sign(cert, key, EVP_sha256());
	}
	f = open_file(dir, name, "pem", "w");
	(void)PEM_write_X509(f, cert);
	(void)fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}
