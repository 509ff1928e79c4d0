/*
 * credentials.h - who signs: an immutable, counted set of keys, and where it comes from.
 *
 * A call holds a reference for as long as it signs with a set, so a later refresh can never give it
 * half of an old and half of a new pair. Looked at in this order, the first that yields wins:
 *
 *   1. the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN - unless the
 *      configuration names a profile
 *   2. static keys of the profile: the configuration's, else AWS_PROFILE's, else "default"
 *
 * A source that is configured but broken is an error, never "next": half a key pair, a named
 * profile that is in neither file, a profile of a kind we cannot use. The order and these rules are
 * those of the AWS SDKs. Blank values count as absent; values are trimmed.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "aws/profile.h"
#include "base/err.h"

struct credentials {
	char *access_key_id;
	char *secret_access_key;
	char *session_token; /* NULL: long-lived keys */
	char *source;        /* "environment", "profile 'prod'": for messages */
	unsigned refs;       /* private */
};

/* All strings are copied. @param[out] out one reference, the caller's; credentials_unref */
NODISCARD int credentials_new(struct credentials **out, const char *access_key_id,
			      const char *secret_access_key, const char *session_token,
			      const char *source, struct err *err);
struct credentials *credentials_ref(struct credentials *c);
void credentials_unref(struct credentials *c); /* NULL is fine; the last one wipes the secrets */

/* An environment to look things up in: NULL for what is not set. */
typedef const char *env_fn(void *arg, const char *name);

struct credentials_input { /* borrowed for the call */
	env_fn *env;
	void *arg;
	const struct profiles *profiles;
	const char *profile; /* named by the configuration, or NULL */
};

/*
 * Find credentials.
 *
 * @param[out] out one reference, the caller's
 * @return 0; -ERR_AUTH with err->name "NoCredentials" (and all that was tried), "PartialCredentials",
 *         "ProfileNotFound" or "UnsupportedProfile" (with the command that exports it)
 */
NODISCARD int credentials_find(struct credentials **out, const struct credentials_input *in,
			       struct err *err);

/* The profile in force: the configuration's, AWS_PROFILE, AWS_DEFAULT_PROFILE or "default". */
const char *credentials_profile(const struct credentials_input *in);

#endif
