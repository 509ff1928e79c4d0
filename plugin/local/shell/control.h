/*
 * control.h - the engine under test: POST /_runbook/control, a path no SDK uses.
 *
 *	{"advance":"15d"}       500ms, 30s, 15m, 2h or 1d; all that is due in between is done in order
 *	{"clock":"read"}        what time the engine has
 *	{"fault":{...}}         order a fault (fault_plan.h)
 *	{"faults":"list"}       or "clear"
 *	{"snapshot":"DIR"}      a consistent copy of the data folder; DIR must not hold one yet
 *	{"reset":true}          everything is gone: machines, executions, faults, the offset of the clock
 *
 * One member a request. Answers 200 with a JSON object when it is done and durable; 400 and
 * {"error":TEXT} for what cannot be; 409 while another advance, snapshot or reset is under way; 500
 * when the disk fails.
 *
 * Who may: clients on this machine only (the server listens nowhere else) that name it in Host and
 * send Content-Type: application/json, which a web page open in a browser here cannot do unasked.
 *
 * For the loop's thread.
 */
#ifndef LOCAL_CONTROL_H
#define LOCAL_CONTROL_H

#include "local/shell/fault_plan.h"
#include "plugin_api.h"

#define CONTROL_PATH "/_runbook/control"

struct control;

/* What is controlled. The three that may take long end in control_done, unless they fail at once;
 * never from inside the call. */
struct control_target {
	void *arg;
	int64_t (*now)(void *arg);
	int (*advance)(void *arg, int64_t ms, struct err *err);
	int (*snapshot)(void *arg, const char *dir, struct err *err);
	int (*reset)(void *arg, struct err *err);
};

struct control_spec {
	const struct host_api *api; /* borrowed */
	struct fault_plan *faults;  /* borrowed */
	struct control_target target;
};

/* @param[out] out owned by the caller; control_free */
NODISCARD int control_new(struct control **out, const struct control_spec *spec, struct err *err);
void control_free(struct control *c); /* who waits is never answered; NULL is fine */

void control_serve(struct control *c, struct http_exchange *x, const struct http_received *req);
void control_gone(struct control *c, const struct http_exchange *x);

/* What was under way is done and durable; err->code set: it failed. */
void control_done(struct control *c, const struct err *err);

#endif
