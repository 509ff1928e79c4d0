/*
 * dashboard.h - the pages for people at [admin] address; what they look like is in admin/pages.h.
 *
 *	GET  /login?code=   the link of `runbook dashboard`: a session begins
 *	POST /leave         it ends
 *	GET  /  /runs  /runs/ID  /approvals  /schedules  /schedules/NAME  /hooks  /audit
 *	POST /approvals     run, step, attempt, do=approve|reject, comment: a vote of who is logged in
 *	POST /audit         the audit log is verified, beside the host's work
 *	GET  /events        server-sent events: bars that move (dashboard_feed.c)
 *	GET  /assets/...    style, script, icon; for everybody
 *
 * Whoever may use the control socket may have a link, which is good once and for a minute
 * (admin/sessions.h). The browser then has a cookie (HttpOnly, SameSite=Strict, and in TLS Secure);
 * every form carries a token of the session. A stranger gets the page that says how to log in (403).
 * Logins are recorded: dashboard.login.
 *
 * Browsers do not part cookies by port, so its name has the port; and whoever can make a person open
 * another port of the same host name with that browser, and listens there, is shown the cookie. On a
 * host with other users a Unix socket behind a proxy, or TLS with a name of its own, keeps it.
 *
 * Pages are made on a thread of their own, from a reader of the store. For the loop's thread.
 */
#ifndef CLI_DASHBOARD_H
#define CLI_DASHBOARD_H

#include "base/http.h"
#include "cli/actor.h"
#include "cli/serve.h"

struct dashboard;

/* port: at which the first place of [admin] is reached; 0: none.
 * @param[out] out owned by the caller; dashboard_free */
NODISCARD int dashboard_new(struct dashboard **out, struct serve *s, uint16_t port,
			    struct err *err);
void dashboard_changed(struct dashboard *d); /* [admin] may be another */
void dashboard_free(struct dashboard *d);    /* exchanges are gone before; NULL is fine */

/* @return false, and x is not answered: no page has this path */
bool dashboard_serve(struct dashboard *d, struct http_exchange *x, const struct http_received *req);
void dashboard_gone(struct dashboard *d, struct http_exchange *x);

/* An answer says how far a resource is: what bars are made of. */
struct op_progress;
void dashboard_progressed(struct dashboard *d, const char *resource, const struct op_progress *p);

/*
 * Append a link with which that person logs in.
 *
 * @return 0; -ERR_INVALID: it is not known where people reach it, the message says what is to be
 *         configured
 */
NODISCARD int dashboard_invite(struct dashboard *d, const struct person *person, struct buf *url,
			       struct err *err);

#endif
