/*
 * webhook.h - deliveries over HTTP that start something, once they are authenticated.
 *
 * POST to a hook's path, proven as webhook_auth.h says. In this order, and nothing is parsed before
 * that (but what SNS signs, which is in the body):
 *
 *	404  no such path, another method, no proof or a wrong one: one answer for all of them, after
 *	     the same work, so that a stranger cannot learn which hooks exist (webhook_decoy.h)
 *	400  the body is not a JSON object, or what identifies the delivery is missing or malformed
 *	200  Slack asked whether the address is ours: what it wants back; SNS asked, and the subscription
 *	     is confirmed, or told its end
 *	503  the owner is full, or SNS's certificate cannot be had now (Retry-After: 30)
 *	500  the owner could not start it, or could not record that
 *	202  {"run":"<id>"}: what was started is durable
 *
 * Webhooks decide who may start something, never what: `accept` is handed in.
 */
#ifndef TRIGGER_WEBHOOK_H
#define TRIGGER_WEBHOOK_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/http.h"
#include "net/http_listen.h"
#include "trigger/webhook_auth.h"

struct http_client;
struct loop;
struct webhooks;

/* One hook. Everything is copied; the copies of the secrets are wiped in the end. */
struct webhook {
	const char *name;
	const char *path; /* "/hooks/redrive": begins with a slash, no query */
	struct webhook_auth_spec auth;
};

/* A delivery; borrowed for the call. */
struct webhook_delivery {
	const char *hook;   /* NULL: unknown path */
	const char *auth;   /* "github"; NULL: unknown path */
	struct bytes input; /* the body: a JSON object; empty: it was refused before it was read */
	const char *peer;   /* "127.0.0.1:40212" */
	const char *id;     /* "" if there is none; claimed only, unless there is an identity */
	const char *identity; /* who has proven to have sent it: struct webhook_proof; "": nobody */
	int64_t signed_ms;    /* the time that is signed with it; 0: none is */
};

enum { WEBHOOK_RUN_SIZE = 64 };

/*
 * Start a run.
 *
 * @param[out] run its id
 * @return 0; -ERR_LIMIT: full, try later; any other error: could not be started
 */
typedef int webhook_accept_fn(void *arg, const struct webhook_delivery *d,
			      char run[WEBHOOK_RUN_SIZE], struct err *err);

/* err->code 0: it is. From the loop, exactly once. */
typedef void webhook_durable_fn(void *arg, const struct err *err);

/* Tells of a refused request. For the audit log; anybody can cause it, so the owner bounds how much of
 * it is recorded. */
typedef void webhook_reject_fn(void *arg, const struct webhook_delivery *d, const char *why);

/* Tells of what was proven, answered, and starts nothing: how a sender makes sure of the address. */
typedef void webhook_note_fn(void *arg, const struct webhook_delivery *d, const char *what);

struct webhook_spec {
	struct loop *loop;
	struct http_client *http; /* for hooks of SNS; without them NULL will do */
	const struct http_listen *listen;
	const struct webhook *hooks;
	size_t n_hooks;
	webhook_accept_fn *accept;
	/* Have done told once all that was accepted is durable; the sender is answered then, and not
	 * before. NULL: it is when accept returns. */
	void (*when_durable)(void *arg, webhook_durable_fn *done, void *done_arg);
	webhook_reject_fn *reject; /* NULL: nobody wants to know */
	webhook_note_fn *note;     /* likewise */
	void *arg;
	/* Requests to paths that begin with other_path are not ours: this serves them. NULL: none. */
	const char *other_path; /* borrowed for good */
	http_serve_fn *other;
	http_gone_fn *other_gone; /* or NULL */
	void *other_arg;
};

/*
 * Listen.
 *
 * @param[out] out owned by the caller; webhooks_stop
 * @return 0; -ERR_INVALID names the hook and what is wrong with it; -ERR_IO: cannot listen
 */
NODISCARD int webhooks_start(struct webhooks **out, const struct webhook_spec *spec,
			     struct err *err);
void webhooks_stop(struct webhooks *w); /* NULL is fine */
/* Borrowed: for its certificate, see http_server_reload_tls. */
struct http_server *webhooks_server(struct webhooks *w);

uint16_t webhooks_port(const struct webhooks *w, size_t place);

#endif
