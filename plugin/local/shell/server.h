/*
 * server.h - the engine's HTTP side: requests in, answers out once they are durable.
 *
 *	received -> read (wire.h) -> logged -> allowed? -> backend -> held for its ticket -> answered
 *
 * What a test has ordered comes in between: inject.h. Its orders have a path of their own: control.h.
 *
 * An answer leaves when everything the engine did before it is on disk: no client ever sees what a
 * crash could undo. A request whose answer the engine does not have yet is parked and asked again
 * when it comes. Listens on 127.0.0.1 only. For the loop's thread.
 */
#ifndef LOCAL_SERVER_H
#define LOCAL_SERVER_H

#include "local/shell/wire.h"
#include "plugin_api.h"

struct control;
struct fault_plan;
struct server;
struct signature;

/*
 * Serve one request.
 *
 * @param[out] answer  as of engine_request
 * @param[out] ticket  the answer is held until server_release with at least that ticket; 0: not held
 * @return as engine_request; -ERR_TIMEOUT parks it until server_wake
 */
typedef int server_backend_fn(void *arg, const struct wire_request *r, struct buf *answer,
			      uint64_t *ticket, struct err *err);

struct server_spec {
	const struct host_api *api;  /* borrowed */
	uint16_t port;               /* 0: a free one */
	const char *account;         /* for the words of a denial; borrowed */
	const char *deny;            /* see access.h; NULL: nothing; borrowed */
	const char *request_log;     /* see request_log.h; NULL: none */
	struct fault_plan *faults;   /* for requests to meet; NULL: none; borrowed */
	struct control *control;     /* serves CONTROL_PATH; NULL: nobody does; borrowed */
	struct signature *signature; /* who may sign; NULL: anybody; borrowed */
	server_backend_fn *backend;
	void *arg;
};

/* @param[out] out owned by the caller; server_stop. @param[out] port it listens on */
NODISCARD int server_start(struct server **out, uint16_t *port, const struct server_spec *spec,
			   struct err *err);
void server_stop(struct server *s); /* what is held is never answered; NULL is fine */

/* What those wait for who wait for key has come: they are asked again in a later turn. */
void server_wake(struct server *s, const char *key);

/* Answer what is held for tickets up to this one; err->code set: with InternalFailure instead. */
void server_release(struct server *s, uint64_t ticket, const struct err *err);

#endif
