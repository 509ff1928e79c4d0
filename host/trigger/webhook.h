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
 *	429  too many in too short a time
 *	503  too many wait, or SNS's certificate cannot be had now (Retry-After, as with 429)
 *	500  the owner could not start it, or could not record that
 *	200  {"ignored":true, "reason":...}: it is to start nothing
 *	200  {"run_id":..., "duplicate":true, ...}: that delivery has come before
 *	202  {"run":ID, "run_id":ID, "status_url":URL, "duplicate":false}: it is durable that this run
 *	     is, or will be, started. 200 with "state" and "result" beside these where the sender waits
 *	     (status_link.h) and the run ends in time
 *
 * GET of a status_url, which is all the proof that is asked for: 200 {"run_id":ID, "state":...,
 * "result":...}.
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
	const char *peer;   /* of struct http_received */
	const char *id;     /* "" if there is none; claimed only, unless there is an identity */
	const char *identity; /* who has proven to have sent it: struct webhook_proof; "": nobody */
	int64_t signed_ms;    /* the time that is signed with it; 0: none is */
	const struct http_received *req;
};

enum { WEBHOOK_RUN_SIZE = 64 };

enum webhook_verdict {
	WEBHOOK_ACCEPTED, /* run stands for it */
	WEBHOOK_IGNORED,  /* why; it starts nothing */
	WEBHOOK_TOO_FAST, /* retry_ms */
	WEBHOOK_FULL,     /* retry_ms */
	WEBHOOK_FAILED,
};

struct webhook_fate {
	enum webhook_verdict verdict;
	bool duplicate;
	char run[WEBHOOK_RUN_SIZE];
	char why[256];
	int64_t retry_ms;
};

/* Deal with a delivery. fate: filled in. */
typedef void webhook_accept_fn(void *arg, const struct webhook_delivery *d,
			       struct webhook_fate *fate);

/* What is known of a run: members of a JSON object, "\"state\":\"done\",..."; over: there is no more
 * to come. Empty: nothing is known. From the loop, exactly once; not within the call. */
typedef void webhook_state_fn(void *arg, struct bytes members, bool over);

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
	/* Tell the state of a run when it is over, at the latest after wait_ms. NULL: nobody may ask. */
	void (*follow)(void *arg, const char *run, int64_t wait_ms, webhook_state_fn *done,
		       void *done_arg);
	struct bytes status_key; /* of status_link.h; copied */
	/* Of the links to the state of runs, no slash at its end; NULL: as the sender has named us in
	 * its request. Copied. */
	const char *base_url;
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

/*
 * Other hooks, another base_url and other, as spec has them, whose listen says only whether there is TLS
 * from then on (http_server_take): made ready, and taken in one moment. A delivery that is being proven
 * then is dealt with by the hook that it came to.
 *
 * @param[out] out owned by the caller: webhooks_take, or webhooks_change_free
 * @return as webhooks_start
 */
struct webhooks_change;
NODISCARD int webhooks_change_new(struct webhooks_change **out, struct webhooks *w,
				  const struct webhook_spec *spec, struct err *err);
void webhooks_change_free(struct webhooks_change *c); /* NULL is fine */
void webhooks_take(struct webhooks_change *c);        /* c is gone */

/* Borrowed: for its certificate. */
struct http_server *webhooks_server(struct webhooks *w);

uint16_t webhooks_port(const struct webhooks *w, size_t place);

#endif
