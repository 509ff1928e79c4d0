/*
 * settings.h - the section [http] of the configuration.
 *
 *	allow        hosts that may be called by https:, see address.h; none unless they are listed
 *	plain_hosts  hosts that may be called by http:, likewise
 *	ca_file      certificates to trust in place of the system's
 *	max_answer   largest body of an answer: bytes, with K or M; 1M, at most 16M
 */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct settings {
	char *allow, *plain_hosts, *ca_file; /* owned; NULL: not there */
	size_t max_answer;
};

/* config: a JSON object of strings. -ERR_INVALID names the key; out is to be cleared in any case. */
NODISCARD int settings_read(struct settings *out, struct bytes config, struct err *err);
void settings_clear(struct settings *s);

#endif
