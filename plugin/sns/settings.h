/*
 * settings.h - the section [sns] of the configuration.
 *
 *	topics    ARNs that may be published to, parted by blanks, with '*' and '?'; none unless listed
 *	endpoint  a URL in place of Amazon's; default AWS_ENDPOINT_URL_SNS, AWS_ENDPOINT_URL, the profile's
 *	profile   of the AWS files; the environment's keys are then not used
 */
#ifndef SNS_SETTINGS_H
#define SNS_SETTINGS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct settings {
	char *topics, *endpoint, *profile; /* owned; NULL: not there */
};

/* config: a JSON object of strings. -ERR_INVALID names the key; out is to be cleared in any case. */
NODISCARD int settings_read(struct settings *out, struct bytes config, struct err *err);
void settings_clear(struct settings *s);

/* Is it listed? */
bool settings_allow(const struct settings *s, const char *topic);

#endif
