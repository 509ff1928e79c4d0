/*
 * environment.h - the environment variables that plugins have read, and what they found.
 *
 * A run that is handed to another process must find there what it would have found here: the same
 * profile, region and endpoint. The owner of a state directory tells the names its plugins asked for
 * and a hash of their values; who hands over compares.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "base/crypto.h"
#include "base/json.h"

struct environment {
	char **names; /* each once; owned */
	size_t n;
};

/* getenv(name), remembered. */
const char *environment_get(struct environment *e, const char *name);
void environment_clear(struct environment *e);

/* {"names":[...],"sha256":...}; owned by the caller, NULL: no memory. */
cJSON *environment_describe(const struct environment *e);

/* Has this process the same values under the names of such a description? */
bool environment_matches(const cJSON *described);

#endif
