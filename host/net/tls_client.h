/* tls_client.h - what the certificate of a client says, as base/http.h has it. */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include <openssl/types.h>

#include "base/http.h"

/* Names that are no clean text (a control character, a NUL that would cut them) are left out.
 * @return owned by the caller; tls_client_free. NULL: no memory */
struct http_client_cert *tls_client_new(X509 *cert);
void tls_client_free(struct http_client_cert *c); /* NULL is fine */

#endif
