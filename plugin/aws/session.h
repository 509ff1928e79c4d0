/*
 * session.h - what the environment and the AWS files say to a client of one service: which endpoint,
 * which certificates, whose keys.
 *
 * Opened and asked before the loop runs: session_load and session_ca_file read files. Environment
 * first, then the profile in force (credentials.h says which). Endpoint: the configuration's,
 * AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's services section, the profile's
 * endpoint_url, the region's own. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true skips all but the
 * configuration's. RUNBOOK_LOOPBACK_ONLY=1 refuses what is not on this machine.
 */
#ifndef AWS_SESSION_H
#define AWS_SESSION_H

#include "aws/credentials.h"
#include "aws/endpoint.h"

struct session_spec { /* borrowed until session_close */
	env_fn *env;
	void *arg;
	const char *profile;      /* named by the configuration, or NULL */
	const char *service;      /* its name in services sections: "sfn" */
	const char *endpoint_env; /* "AWS_ENDPOINT_URL_SFN" */
};

struct session {
	struct session_spec spec;
	struct profiles *profiles;
	const char *profile; /* the one in force */
};

/* No file is read yet. @return 0; -ERR_NOMEM */
NODISCARD int session_open(struct session *s, const struct session_spec *spec, struct err *err);
void session_close(struct session *s); /* one of zeros is fine */

/* Read the files. As profiles_load */
NODISCARD int session_load(struct session *s, struct err *err);

/* NULL where it is not set, or empty. */
const char *session_env(const struct session *s, const char *name);
/* Environment first, then the profile. NULL: neither */
const char *session_look_up(const struct session *s, const char *env_name, const char *key);
bool session_is_true(const struct session *s, const char *env_name, const char *key);

/*
 * Fill in what the session knows of the rules: override (unless one is set), FIPS, dual stack, loopback.
 *
 * @return 0; -ERR_INVALID with err->name "InvalidEndpoint"
 */
NODISCARD int session_endpoint(const struct session *s, struct endpoint_rules *rules,
			       struct err *err);

/* The bundle of certificates that is named; it must be there: falling back to the system's would trust
 * other people. @param[out] path owned by the caller; NULL: the system's
 * @return 0; -ERR_INVALID with err->name "InvalidCABundle" */
NODISCARD int session_ca_file(const struct session *s, char **path, struct err *err);

/* As credentials_find. */
NODISCARD int session_credentials(const struct session *s, struct credentials **out,
				  struct err *err);

#endif
