/*
 * address.h - where a request goes: the parts of a URL, and the lists of hosts that may be called.
 *
 * The reader is strict on purpose: what it takes for the host must be what the HTTP client will connect
 * to. Only http: and https:, no user or password, no fragment, printable ASCII alone, a host of letters,
 * digits, '-', '_' and '.', or an IPv6 address in brackets.
 *
 * A list is names parted by blanks or commas: a host, *.DOMAIN for every host below a domain (not the
 * domain itself), each with :PORT or for any port. Case does not matter. Addresses are names like others.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ADDRESS_HOST_SIZE = 256 };

struct address {
	bool tls;
	char host[ADDRESS_HOST_SIZE]; /* in lower case; of IPv6 with its brackets */
	uint16_t port;
	bool default_port; /* none is written, or that of the scheme */
	size_t origin;     /* so many bytes of the text are scheme, host and port */
};

/* -ERR_INVALID "InvalidUrl"; the message does not hold the URL, which may be a secret. */
NODISCARD int address_read(struct address *out, const char *url, struct err *err);

bool address_listed(const struct address *a, const char *list); /* list: NULL or checked */

/* Is every entry well-formed? -ERR_INVALID names the one that is not. */
NODISCARD int address_check_list(const char *list, struct err *err);

/* 127.0.0.1 and what is spelt like it, [::1], localhost. */
bool address_is_loopback(const struct address *a);

#endif
