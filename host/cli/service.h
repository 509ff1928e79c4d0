/*
 * service.h - what the owner of a state directory does for other processes of its user.
 *
 *	hello             who owns it, with which configuration and environment
 *	runs, show, find  admin/query.h, on a worker thread
 *	status            admin/query.h and status.h: how it is
 *	dashboard         a link with which the client's person logs in at the dashboard
 *	cancel            ends a run
 *	approvals         admin/query.h: what waits for people
 *	approve, reject   a vote on what a run asks for; answered when it is on disk
 *	schedules         admin/query.h: schedules, and what became of their instants
 *	schedule.*        cli/service_schedules.h
 *	reload            cli/serve_reload.h; answered when what came of it is on disk
 *	resume, retry     like run, of one that is on record
 *	run               takes over a run that another `runbook run` was asked for: events log and
 *	                  progress, at last how it ended; a further line {"interrupt":true} is its Ctrl-C
 *
 * A client that leaves does not end the run it handed over.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/host.h"

struct service;

/* command: what the owner was started as, "serve". @param[out] out owned by the caller; service_free */
NODISCARD int service_start(struct service **out, struct host *h, const char *command,
			    struct err *err);

/* Requests under way see the connection close. NULL is fine. */
void service_free(struct service *s);

#endif
