/* certificate_files.h - certificates for tests of TLS, made on the spot, as PEM files. */
#ifndef TESTS_CERTIFICATE_FILES_H
#define TESTS_CERTIFICATE_FILES_H

#include <stddef.h>

struct certificate_spec {
	const char *common_name;
	size_t common_name_length; /* 0: up to its NUL */
	const char *alternatives;  /* "DNS:a,URI:b"; NULL: none */
	long begins_s, ends_s;     /* from now on; ends_s 0: in an hour */
};

/* Write DIR/NAME.pem and DIR/NAME.key, signed by DIR/ISSUER.key, or by itself without an issuer. */
void certificate_write(const char *dir, const char *name, const char *issuer,
		       const struct certificate_spec *spec);

#endif
