/*
 * serve_approvals.h - the part of serve that people meet who are asked to approve something: the pages
 * behind their links, and the posts that bring them.
 *
 *	GET   a page that says what is asked, with a button; nothing is voted by it
 *	POST  the vote; answered when it is on disk
 *
 *	404  the signature is wrong, whatever the rest says: one answer after the same work, and nothing
 *	     was looked up
 *	410  it was right: the link's time is over, or nothing waits for that approval any more
 *	403  the person may not vote (who started the run)
 *	405  another method
 */
#ifndef CLI_SERVE_APPROVALS_H
#define CLI_SERVE_APPROVALS_H

#include "base/http.h"
#include "cli/host.h"

struct approvals;

/* After host_open_runs, which makes the state directory. Nobody has links where the configuration has no
 * base_url. @param[out] out owned by the caller; approvals_free */
NODISCARD int approvals_new(struct approvals **out, struct host *h, struct err *err);

/*
 * As another configuration has it: made ready, from any thread, and taken in one moment. With another key the
 * links of before are dead; people are told of what is asked from then on.
 *
 * @param config must live as long as it is in force
 * @param[out] out owned by the caller: approvals_take, or approvals_change_free
 */
struct approvals_change;
NODISCARD int approvals_change_new(struct approvals_change **out, const struct config *config,
				   struct err *err);
void approvals_change_free(struct approvals_change *c);               /* NULL is fine */
void approvals_take(struct approvals *a, struct approvals_change *c); /* c is gone */

/* Visits under way see the connection close. NULL is fine. */
void approvals_free(struct approvals *a);

/* http_serve_fn, http_gone_fn; arg: a */
void approvals_serve(void *arg, struct http_exchange *x, const struct http_received *req);
void approvals_gone(void *arg, struct http_exchange *x);

/* People are asked: tell them, where they are to be told. a may be NULL. */
void approvals_tell(struct approvals *a, const struct run_question *q);
/* The same of all that waits at the start. Blocks while it reads. a may be NULL. */
NODISCARD int approvals_tell_again(struct approvals *a, struct err *err);

#endif
