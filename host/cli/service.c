#include "cli/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/control.h"
#include "admin/query.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "cli/actor.h"
#include "cli/dashboard.h"
#include "cli/environment.h"
#include "cli/guest.h"
#include "cli/owner.h"
#include "cli/queued_cancel.h"
#include "cli/serve_reload.h"
#include "cli/service_schedules.h"
#include "cli/shown_args.h"
#include "cli/status.h"
#include "cli/store_prune.h"
#include "cli/turns.h"
#include "net/loop.h"

enum { ACTOR_MAX = 16 * 1024, URL_MAX = 1024 };

struct service {
	struct host *host;
	const char *command;
	char *state_dir; /* for the worker, which must not look at what a reload swaps */
	int64_t since_ms;
	struct control *control;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct look *looks;          /* queries under way */
	struct late_answers answers; /* of what is being written */
	struct guests guests;
	struct prune *prune;                /* under way, ... */
	struct control_request *pruned_for; /* ... for it; NULL: nobody waits any more */
};

/* ---- hello ---- */

static void on_hello(void *arg, struct control_request *q, const cJSON *request)
{
	const struct service *s = arg;
	char since[ISO8601_SIZE];
	cJSON *o = cJSON_CreateObject();
	(void)request;
	iso8601_format(since, s->since_ms);
	json_set_int(o, "pid", getpid());
	(void)cJSON_AddStringToObject(o, "command", s->command);
	(void)cJSON_AddStringToObject(o, "since", since);
	(void)cJSON_AddStringToObject(o, "version", RUNBOOK_VERSION);
	(void)cJSON_AddStringToObject(o, "config", s->host->config->hash);
	(void)cJSON_AddItemToObject(o, "environment", environment_describe(&s->host->environment));
	control_answer(q, o);
}

/* ---- runs, show, status: on the worker ---- */

struct look {
	struct look *next;
	struct service *service;
	struct control_request *q; /* NULL: nobody waits any more */
	cJSON *request, *answer;
	bool status, show; /* what this process knows is to be added */
	struct err err;
	int rc;
};

static void look_up(void *arg)
{
	struct look *l = arg;
	struct service *s = l->service;
	const char *op = json_get_str(l->request, "op");
	if (!s->reader)
		l->rc = store_reader_open(&s->reader, s->host->store, &l->err);
	struct query q = { .reader = s->reader, .redact = shown_args, .arg = s->host };
	if (l->rc == 0)
		l->rc = query_request(&q, l->request, &l->answer, &l->err);
	l->status = l->rc == 0 && op && strcmp(op, "status") == 0;
	l->show = l->rc == 0 && op && strcmp(op, "show") == 0;
	if (l->status)
		status_add_files(l->answer, s->state_dir);
}

static void unlink_look(struct look *l)
{
	struct look **at = &l->service->looks;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
}

static void free_look(struct look *l)
{
	cJSON_Delete(l->request);
	cJSON_Delete(l->answer);
	free(l);
}

static void on_looked_up(void *arg)
{
	struct look *l = arg;
	const struct service *s = l->service;
	if (l->status)
		status_add_owner(l->answer, s->host, s->command, s->since_ms);
	if (l->show)
		turns_add_run(l->answer, s->host->runs);
	if (l->q && l->rc < 0) {
		control_fail(l->q, l->err.name, l->err.message);
	} else if (l->q) {
		control_answer(l->q, l->answer);
		l->answer = NULL;
	}
	unlink_look(l);
	free_look(l);
}

static void on_query(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct look *l = calloc(1, sizeof(*l));
	if (l)
		l->request = cJSON_Duplicate(request, true);
	if (!l || !l->request) {
		free(l);
		control_fail(q, "OutOfMemory", "no memory for the answer");
		return;
	}
	l->service = s;
	l->q = q;
	l->next = s->looks;
	s->looks = l;
	control_set_data(q, l);
	worker_submit(s->host->worker, look_up, on_looked_up, l);
}

static void on_query_gone(void *arg, struct control_request *q)
{
	struct look *l = control_data(q);
	(void)arg;
	l->q = NULL;
}

/* ---- prune ---- */

static void on_pruned(void *arg, int64_t runs, const struct err *err)
{
	struct service *s = arg;
	struct control_request *q = s->pruned_for;
	s->prune = NULL;
	s->pruned_for = NULL;
	if (q && err->code) {
		control_fail(q, "AuditUnavailable", err->message);
	} else if (q) {
		cJSON *o = cJSON_CreateObject();
		json_set_int(o, "runs", runs);
		control_answer(q, o);
	}
}

static void on_prune(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct err err = { 0 };
	int64_t least = clock_wall_ms() - PRUNE_DAYS(PRUNE_LEAST_DAYS);
	int64_t before_ms = json_get_int(request, "beforeMs", 0);
	if (before_ms <= 0 || before_ms > least)
		control_fail(q, "InvalidRequest", "runs of the last four days are kept");
	else if (s->prune)
		control_fail(q, "Busy", "it is being pruned already");
	else if (prune_start(&s->prune, s->host, before_ms, on_pruned, s, &err) < 0)
		control_fail(q, "OutOfMemory", err.message);
	else
		s->pruned_for = q;
}

static void on_prune_gone(void *arg, struct control_request *q)
{
	struct service *s = arg;
	if (s->pruned_for == q)
		s->pruned_for = NULL;
}

/* ---- dashboard ---- */

static void on_dashboard(void *arg, struct control_request *q, const cJSON *request)
{
	const struct service *s = arg;
	struct person who;
	struct err err = { 0 };
	struct buf url = BUF_INIT(URL_MAX);
	if (!s->host->dashboard) {
		control_fail(q, "NoDashboard",
			     "there is no dashboard: `runbook serve` has one where its "
			     "configuration has [admin] address");
	} else if (actor_of_client(&who, control_pid(q), control_uid(q),
				   json_get_str(request, "sudoUser")) < 0) {
		control_fail(q, "InvalidRequest", "who asks is not known");
	} else if (dashboard_invite(s->host->dashboard, &who, &url, &err) < 0) {
		control_fail(q, err.name, err.message);
	} else {
		cJSON *o = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(o, "url", buf_cstr(&url));
		(void)cJSON_AddStringToObject(o, "person", who.name);
		control_answer(q, o);
	}
	if (url.p)
		wipe(url.p, url.cap);
	buf_clear(&url);
}

/* ---- what changes runs ---- */

/* Whom the client names as its actor is its own word: who it is besides, the kernel says, so that nobody
 * approves what he has started. */
static cJSON *with_verified_actor(struct control_request *q, const cJSON *request)
{
	cJSON *copy = cJSON_Duplicate(request, true);
	cJSON *actor = cJSON_GetObjectItemCaseSensitive(copy, "actor");
	struct person who;
	if (cJSON_IsObject(actor) &&
	    actor_of_client(&who, control_pid(q), control_uid(q), NULL) == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(actor, "verifiedUser");
		(void)cJSON_AddStringToObject(actor, "verifiedUser", who.name);
	}
	return copy;
}

/* What has not begun. @return as queued_cancel */
static int cancel_queued(struct service *s, struct control_request *q, const cJSON *request,
			 struct err *err)
{
	struct buf actor = BUF_INIT(ACTOR_MAX);
	const char *run = json_get_str(request, "run"), *why = json_get_str(request, "reason");
	cJSON *copy = with_verified_actor(q, request);
	json_write(&actor, json_get(copy, "actor"));
	int rc = run ? queued_cancel(s->host, run, buf_cstr(&actor), why, err) : 0;
	buf_clear(&actor);
	cJSON_Delete(copy);
	return rc;
}

/* What does not go on here, a parked run too, is taken up and ended at once. */
static void on_cancel(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct err err = { 0 };
	const char *run = json_get_str(request, "run"), *why = json_get_str(request, "reason");
	if (run && run_cancel(s->host->runs, run, why ? why : "cancelled")) {
		control_answer(q, NULL);
		return;
	}
	int rc = cancel_queued(s, q, request, &err);
	struct late_answer *answer = rc > 0 ? late_answer_new(&s->answers, q) : NULL;
	if (answer)
		late_answer_when_durable(answer, s->host->committer, NULL);
	else if (rc == 0)
		guests_take(&s->guests, q, request);
	else if (rc < 0)
		control_fail(q, err.name, err.message);
}

static void on_cancel_gone(void *arg, struct control_request *q)
{
	struct service *s = arg;
	if (late_answers_own(&s->answers, control_data(q)))
		late_answer_gone(arg, q);
	else
		guest_left(control_data(q));
}

static void on_voted(void *arg, const struct err *err)
{
	if (err->code)
		late_answer_fail(arg, "AuditUnavailable", err->message);
	else
		late_answer_end(arg, NULL);
}

static void on_vote(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct err err = { 0 };
	const char *run = json_get_str(request, "run"), *op = json_get_str(request, "op");
	struct person voter;
	if (!run || actor_of_client(&voter, control_pid(q), control_uid(q),
				    json_get_str(request, "sudoUser")) < 0) {
		control_fail(q, "InvalidRequest", run ? "who votes is not known" : "which run?");
		return;
	}
	struct late_answer *answer = late_answer_new(&s->answers, q);
	if (!answer)
		return;
	const struct run_ballot ballot = { .step = json_get_str(request, "step"),
					   .voter = voter.name,
					   .by = voter.by,
					   .approve = strcmp(op, "approve") == 0,
					   .comment = json_get_str(request, "comment") };
	if (run_vote(s->host->runs, run, &ballot, on_voted, answer, &err) < 0)
		late_answer_fail(answer, err.name, err.message);
}

static void on_run(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	cJSON *copy = with_verified_actor(q, request);
	if (copy)
		guests_take(&s->guests, q, copy);
	else
		control_fail(q, "OutOfMemory", "no memory for a run");
	cJSON_Delete(copy);
}

static void on_run_more(void *arg, struct control_request *q, const cJSON *line)
{
	(void)arg;
	if (json_get_bool(line, "interrupt", false))
		guest_interrupt(control_data(q));
}

static void on_run_gone(void *arg, struct control_request *q)
{
	(void)arg;
	guest_left(control_data(q));
}

static void on_schedule(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct buf actor = BUF_INIT(ACTOR_MAX);
	cJSON *copy = with_verified_actor(q, request);
	json_write(&actor, json_get(copy, "actor"));
	if (cJSON_IsObject(json_get(copy, "actor")) && !actor.err)
		service_schedules(s->host, &s->answers, q, copy, buf_cstr(&actor));
	else
		control_fail(q, "InvalidRequest", "who asks?");
	buf_clear(&actor);
	cJSON_Delete(copy);
}

/* ---- reload ---- */

struct reload_asked {
	struct host *host;
	struct late_answer *answer;
};

static void on_reloaded(void *arg, cJSON *value, const struct err *err)
{
	struct reload_asked *a = arg;
	if (err->code)
		late_answer_fail(a->answer, err->name[0] ? err->name : "Refused", err->message);
	else
		late_answer_when_durable(a->answer, a->host->committer, value);
	free(a);
}

static void on_reload(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct buf actor = BUF_INIT(ACTOR_MAX);
	cJSON *copy = with_verified_actor(q, request);
	struct reload_asked *a = malloc(sizeof(*a));
	json_write(&actor, json_get(copy, "actor"));
	if (!s->host->reload) {
		control_fail(q, "NoServe", "no 'runbook serve' goes on with this state directory");
	} else if (!a || actor.err || !cJSON_IsObject(json_get(copy, "actor"))) {
		control_fail(q, "InvalidRequest", "who asks?");
	} else {
		*a = (struct reload_asked){ s->host, late_answer_new(&s->answers, q) };
		if (a->answer) {
			reload_ask(s->host->reload, buf_cstr(&actor), on_reloaded, a);
			a = NULL;
		}
	}
	free(a);
	buf_clear(&actor);
	cJSON_Delete(copy);
}

/* ---- life ---- */

static const struct control_op ops[] = {
	{ "hello", on_hello, NULL, NULL },
	{ "runs", on_query, NULL, on_query_gone },
	{ "show", on_query, NULL, on_query_gone },
	{ "find", on_query, NULL, on_query_gone },
	{ "status", on_query, NULL, on_query_gone },
	{ "dashboard", on_dashboard, NULL, NULL },
	{ "cancel", on_cancel, NULL, on_cancel_gone },
	{ "prune", on_prune, NULL, on_prune_gone },
	{ "approvals", on_query, NULL, on_query_gone },
	{ "approve", on_vote, NULL, late_answer_gone },
	{ "reject", on_vote, NULL, late_answer_gone },
	{ "schedules", on_query, NULL, on_query_gone },
	{ "schedule.pause", on_schedule, NULL, late_answer_gone },
	{ "schedule.resume", on_schedule, NULL, late_answer_gone },
	{ "schedule.fire", on_schedule, NULL, late_answer_gone },
	{ "schedule.backfill", on_schedule, NULL, late_answer_gone },
	{ "reload", on_reload, NULL, late_answer_gone },
	{ "run", on_run, on_run_more, on_run_gone },
	{ "resume", on_run, on_run_more, on_run_gone },
	{ "retry", on_run, on_run_more, on_run_gone },
	{ NULL, NULL, NULL, NULL },
};

int service_start(struct service **out, struct host *h, const char *command, struct err *err)
{
	char path[OWNER_PATH_MAX];
	struct service *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for the control socket");
	*s = (struct service){ .host = h, .command = command, .since_ms = clock_wall_ms() };
	s->guests = (struct guests){ .host = h };
	s->state_dir = strdup(h->config->state_dir);
	int rc = s->state_dir ? owner_socket(path, h->config, err)
			      : err_set(err, ERR_NOMEM, "no memory for the control socket");
	if (rc == 0)
		rc = control_start(&s->control, &(struct control_spec){ h->loop, path, ops, s },
				   err);
	if (rc < 0) {
		free(s->state_dir);
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	control_free(s->control);
	prune_leave(s->prune);
	guests_forget(&s->guests);
	for (struct look *l = s->looks, *next; l; l = next) {
		next = l->next;
		(void)worker_forget(s->host->worker, l);
		free_look(l);
	}
	late_answers_forget(&s->answers);
	store_reader_close(s->reader);
	free(s->state_dir);
	free(s);
}
