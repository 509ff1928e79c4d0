/*
 * serve_accept.h - `accept` of a hook: a pure Lua function that says which deliveries start a run, and
 * with what input.
 *
 *	accept = accept.lua       a file that returns { accept = function(delivery) ... end }; its name
 *	                          ends in .lua
 *	accept = EXPRESSION       body.action == "completed" and { arn = body.run.arn }
 *
 * The delivery is { body, headers, query, hook, identity, id, auth }; in an expression these are locals.
 * headers has what identifies an event and none that may carry a secret, in lower case: content-type,
 * user-agent, traceparent, x-github-event, x-github-delivery, x-gitlab-event, webhook-id, svix-id,
 * those that begin with x-github-hook-, x-amz-sns- or ce-, and those of accept_headers. Most senders sign
 * the body alone: headers and query are then anybody's words.
 *
 * It returns nil or false, and why if it likes: the delivery is ignored. true: the body is the input. A
 * table: it is the input. Anything else, an error, and more than 100 ms of computing or 16 MiB are a
 * failure of that delivery (500).
 *
 * It runs in a sandbox of its own (script/functions.h): it computes, and can neither wait nor call.
 */
#ifndef CLI_SERVE_ACCEPT_H
#define CLI_SERVE_ACCEPT_H

#include "cli/config.h"
#include "trigger/webhook.h"

struct hook_accept;

/* @param[out] out owned by the caller; hook_accept_close. NULL where the hook has none */
NODISCARD int hook_accept_open(struct hook_accept **out, const struct config *c,
			       const struct config_hook *h, struct err *err);
void hook_accept_close(struct hook_accept *a); /* NULL is fine */

enum { HOOK_WHY_SIZE = 256 };

/*
 * @param a     NULL: everything is accepted as it is
 * @param[out] input is appended to
 * @param[out] why of what is ignored or has failed; "" where nothing was said
 * @return 1: it is accepted; 0: it is ignored; negative: failed
 */
NODISCARD int hook_accept_ask(struct hook_accept *a, const struct webhook_delivery *d,
			      struct buf *input, char why[HOOK_WHY_SIZE]);

#endif
