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
	const char *region;          /* NULL: "us-east-1" */
	int64_t max_open_executions; /* 0: 1,000,000 */
};

enum { LOCAL_URL_SIZE = 64 };

/*
 * Start the engine, or find the one that already serves this data folder.
 *
 * @param[out] out  owned by the caller; local_stop
 * @param[out] url  "http://127.0.0.1:PORT"
 */
NODISCARD int local_start(struct local **out, char url[LOCAL_URL_SIZE], const struct host_api *api,
			  const struct local_spec *spec, struct err *err);
void local_stop(struct local *l); /* what is not durable yet is written first */

/* The command `runbook local`. state is the host_api. */
extern const struct command local_command;

#endif
