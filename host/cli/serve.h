/*
 * serve.h - how a trigger becomes a run.
 *
 * Every accepted and rejected trigger is recorded (trigger.reject; trigger.accept, which names the
 * run, right behind its run.start), but of refused deliveries no more than 60 a minute from strangers
 * and 60 from proven senders. Where that cannot be written, the daemon stops (exit status 7).
 * What schedules do is told in serve_schedules.h, what hooks do in serve_hooks.h; SERVE_RUNS_MAX go on
 * at once in all.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/host.h"
#include "cli/other_user.h"
#include "trigger/webhook.h"

enum { SERVE_RUNS_MAX = 1000 };

struct serve_run; /* a run that goes on */

struct serve_rejects {
	int64_t minute; /* of the monotonic clock */
	int n;          /* that came in it */
};

struct serve {
	struct host host;
	struct begun_as_root begun_as_root;
	struct config *begun;    /* the configuration that it began with, held: what cannot change
			       * borrows from it */
	struct service *service; /* for other processes */
	struct firings *firings; /* its schedules */
	struct hooks *hooks;     /* what becomes of deliveries; NULL: no [listen] */
	struct prune_timer *pruning; /* NULL: not begun */
	struct webhooks *webhooks;   /* likewise */
	struct manager *manager;     /* of services; NULL: it is not told */
	struct admin_pages *admin;   /* NULL: no [admin] */
	struct approvals *approvals; /* likewise */
	struct notify *notify;
	struct heartbeat *heartbeat;
	struct refusals *refusals; /* deliveries; NULL: nobody looks */
	struct serve_run *runs;
	size_t n_runs;
	size_t n_carried;
	struct serve_rejects strangers,
	    proven; /* deliveries that were refused, by whose they were */
	bool ready; /* triggers are taken */
	bool stopping;
};

/* done once all that was accepted is in the log and the store. */
void serve_when_durable(void *arg, void (*done)(void *arg, const struct err *err), void *done_arg);
/* counted: the same for all of this kind. why may be what a script's error says: no label is made of it. */
void serve_reject(struct serve *s, const struct webhook_delivery *d, const char *counted,
		  const char *why);
void serve_on_reject(void *arg, const struct webhook_delivery *d,
		     const char *why); /* counted as why */
/* Recorded as trigger.confirm. */
void serve_on_note(void *arg, const struct webhook_delivery *d, const char *what);

/* serve_carry.c: hear of runs that are carried on; before host_open_runs. Then settle the calls that
 * processes before this one have left open (as recovery_run), and carry on their runs. */
void serve_listen_carried(struct serve *s);
NODISCARD int serve_settle(struct serve *s, struct err *err);
NODISCARD int serve_carry_on(struct serve *s, struct err *err);

/* serve_carry.c: host.cancel_queued. */
bool serve_cancel_queued(void *arg, const char *run, const char *actor, const char *why);

/* serve_listen.c: receive deliveries, and the votes of people who have links. The same for another
 * configuration, of which webhooks_take is to be done */
NODISCARD int serve_listen(struct serve *s, struct err *err);
NODISCARD int serve_listen_change(struct webhooks_change **out, struct serve *s,
				  const struct config *c, struct err *err);

/* serve_places.c: where it is reached over HTTP, in lines; for `runbook status` (host.add_status). */
void serve_say_places(struct serve *s);
/* How much it has to do, and when next: in a line, and to the service manager. */
void serve_say_ready(struct serve *s);
void serve_add_status(void *arg, cJSON *o);

/* Take no more triggers, leave what goes on to the next serve, and leave the loop when all that has
 * happened is on disk. Again: do not wait for the answers of changes in flight. */
void serve_stop(struct serve *s);
void serve_clear(struct serve *s);

#endif
