/*
 * local.h - the door of the local Step Functions engine: everything else in this folder is private.
 *
 * The engine is a pure core (engine.h) behind an AWS JSON 1.0 server on loopback. Whoever uses it
 * does so over HTTP, so that signing, retries and JSON are exercised for real.
 */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "plugin_api.h"

struct local;

struct local_spec {
	uint16_t port;               /* 0: a free one */
	const char *data;            /* folder of the store; NULL: in memory only */
	const char *handlers;        /* Lua file with task handlers; NULL: none */
	const char *account;         /* NULL: "123456789012" */
	const char *region;          /* NULL: each request's own, from its signature */
	int64_t max_open_executions; /* 0: 1,000,000 */
	const char *deny;    /* "RedriveExecution,states:StopExecution": refused; NULL: none */
	const char *buckets; /* folder whose folders are S3 buckets; NULL: see s3_endpoint */
	const char
	    *s3_endpoint; /* URL of an S3 service instead; NULL: AWS_ENDPOINT_URL_S3, or none */
	/* URL of an IAM service, which is asked what the roles of Map Runs may do; NULL:
	 * AWS_ENDPOINT_URL_IAM, or everything */
	const char *iam_endpoint;
	bool
	    iam_strict; /* roles that IAM does not have cannot be assumed; otherwise they may do all */
	const char *request_log; /* file that gets a line of JSON before a request is served */
	bool control;            /* serve control.h's path */
	/* Lambda Invoke API for functions that the handlers file does not have; NULL: what the
	 * environment says in AWS_ENDPOINT_URL_LAMBDA */
	const char *lambda_endpoint;
	const char
	    *events_url; /* changes of status are posted there (status_feed.h); NULL: nowhere */
	const char *signatures; /* "ACCESS_KEY_ID:SECRET": others are refused; NULL: any will do */
};

enum { LOCAL_URL_SIZE = 64 };

/*
 * Start the engine, or find the one that already serves this data folder (then handlers, deny and
 * request_log are that one's). The spec is copied.
 *
 * @param[out] out  owned by the caller; local_stop
 * @param[out] url  "http://127.0.0.1:PORT"
 * @return 0; -ERR_INVALID for a spec that cannot work (handlers file, deny list, buckets,
 *         URLs); -ERR_IO when the
 *         folder, its store or the port cannot be had
 */
NODISCARD int local_start(struct local **out, char url[LOCAL_URL_SIZE], const struct host_api *api,
			  const struct local_spec *spec, struct err *err);

/* Was an engine found that another process runs? */
bool local_is_elsewhere(const struct local *l);

/* What is not durable yet is written first. Call it when the loop does not run any more (from the
 * close of a plugin, the stop of a command): completions under way are never delivered. */
void local_stop(struct local *l);

/* The command `runbook local`. */
struct local_command {
	const struct host_api *api;
	struct local *local; /* while it runs */
};

/* Register it. @param state  zeroed, owned by the caller, alive until the plugin is closed */
NODISCARD int local_register(const struct host_api *api, struct local_command *state,
			     struct err *err);

#endif
