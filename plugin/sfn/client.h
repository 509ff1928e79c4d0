/*
 * client.h - what all calls of the plugin share: where requests go, who signs them, and the state
 * that makes many calls behave as one client (retry quota, clock skew, signing key).
 *
 * client_new reads the environment (through the host) and the AWS files once, before the loop
 * runs. It does not fail for want of a region or of credentials: such an error is kept, and is that
 * of every call, so that commands which call nothing still work.
 *
 * Region: the setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's region.
 * Endpoint: the setting, AWS_ENDPOINT_URL_SFN, AWS_ENDPOINT_URL, the profile's services section
 * (sfn = endpoint_url), the profile's endpoint_url, the region's own.
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true skips all but the setting.
 *
 * Retries are the SDKs' standard mode whatever AWS_RETRY_MODE says; max_attempts, AWS_MAX_ATTEMPTS
 * and the profile's max_attempts are heard.
 *
 * endpoint = local asks nothing of AWS's environment: the engine is started by the first call,
 * through the opener handed in, and is signed to with fixed keys it does not check.
 */
#ifndef SFN_CLIENT_H
#define SFN_CLIENT_H

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "aws/skew.h"
#include "aws/user_agent.h"
#include "local/local.h"
#include "plugin_api.h"
#include "sfn/settings.h"

/* Start the local engine, or find it started. Writes "http://127.0.0.1:PORT". */
typedef int open_local_fn(void *arg, char url[LOCAL_URL_SIZE], struct err *err);

struct client_spec { /* borrowed; must outlive the client */
	const struct host_api *api;
	const struct settings *settings;
	const char *version;
	open_local_fn *open_local;
	void *arg;
	double (*random)(void); /* uniform on [0, 1) */
};

struct client {
	struct client_spec spec;
	struct sigv4_signer *signer;
	struct retry_quota quota;
	struct skew skew;
	bool correct_skew;
	int max_attempts;
	char user_agent[USER_AGENT_SIZE];
	char *ca_file; /* NULL: the system's */

	/* Where and as whom; valid once resolved. */
	bool resolved;  /* false: a local engine that has not been asked for yet */
	struct err err; /* .code not 0: why nothing can be called */
	struct endpoint endpoint;
	char region[REGION_LEN_MAX + 1];
	struct credentials *credentials;
};

/* @param[out] out owned by the caller; client_free. Fails only for want of memory. */
NODISCARD int client_new(struct client **out, const struct client_spec *spec, struct err *err);
void client_free(struct client *c); /* NULL is fine; no call may be under way */

/*
 * See that endpoint, region and credentials are there, starting the local engine if it is asked for.
 *
 * @return 0; else what kept them from being there: err->name is the code the call ends with
 */
NODISCARD int client_resolve(struct client *c, struct err *err);

/* Nobody answers at the endpoint. A local engine may have come back under another port: the next
 * question opens it anew. */
void client_lost(struct client *c);

/*
 * A call's question for all that. The answer comes from the loop, never from inside client_ask, and
 * not at all after client_ask_stop. A question for now: credentials that must be fetched make it a
 * wait without its askers noticing.
 */
struct client_ask {
	/* Set by the asker. err is NULL when the client's fields may be read. */
	void (*done)(void *arg, const struct err *err);
	void *arg;
	/* Private. */
	struct client *client;
	struct timer *timer;
};

void client_ask(struct client *c, struct client_ask *ask);
void client_ask_stop(struct client_ask *ask);

#endif
