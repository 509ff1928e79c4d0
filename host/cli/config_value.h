/*
 * config_value.h - the values of a section's keys; for config_*.c only.
 *
 * Each value_ function leaves *out as it is where the key is not there. What it refuses is told as
 * "FILE:LINE: KEY = VALUE: expected ...", so keys whose value is a secret are not read with these.
 */
#ifndef CLI_CONFIG_VALUE_H
#define CLI_CONFIG_VALUE_H

#include "cli/config.h"

struct reading { /* of one section */
	struct config *c;
	const struct ini_section *s;
	struct err *err;
};

/* @return -ERR_INVALID, the message in r->err */
int value_complain(struct reading *r, const struct ini_key *k, const char *expected);

const char *value_text(struct reading *r, const char *key); /* "" where it is not there */
NODISCARD int value_text_or_null(struct reading *r, const char *key,
				 const char **out); /* not empty */
NODISCARD int value_copy(struct reading *r, const char *key,
			 char **out); /* not empty; for free() */
NODISCARD int value_required(struct reading *r, const char *key, const char **out);
NODISCARD int value_duration(struct reading *r, const char *key, int64_t *out_ms); /* "15m" */
/* https:, or http: to a loopback address: for what is nobody else's business */
NODISCARD int value_private_url(struct reading *r, const char *key, const char **out);
/* The key base_url: such a URL, to which paths are added */
NODISCARD int value_base_url(struct reading *r, const char **out);
NODISCARD int value_bool(struct reading *r, const char *key, bool *out);      /* "true", "false" */
NODISCARD int value_size(struct reading *r, const char *key, size_t *out);    /* bytes: "64M" */
NODISCARD int value_count(struct reading *r, const char *key, uint64_t *out); /* from 1 on */

#endif
