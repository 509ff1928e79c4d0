#include "cli/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/control.h"
#include "admin/query.h"
#include "base/clock.h"
#include "cli/actor.h"
#include "cli/environment.h"
#include "cli/guest.h"
#include "cli/owner.h"
#include "cli/shown_args.h"
#include "net/loop.h"

struct service {
	struct host *host;
	const char *command;
	int64_t since_ms;
	struct control *control;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct look *looks;          /* queries under way */
	struct guests guests;
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

/* ---- runs, show: on the worker ---- */

struct look {
	struct look *next;
	struct service *service; /* NULL: it has gone */
	struct control_request *q;
	cJSON *request, *answer;
	struct err err;
	int rc;
};

static void look_up(void *arg)
{
	struct look *l = arg;
	struct service *s = l->service;
	if (!s->reader)
		l->rc = store_reader_open(&s->reader, s->host->store, &l->err);
	struct query q = { s->reader, shown_args, s->host };
	if (l->rc == 0)
		l->rc = query_request(&q, l->request, &l->answer, &l->err);
}

static void free_look(struct look *l)
{
	struct look **at = &l->service->looks;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	cJSON_Delete(l->request);
	cJSON_Delete(l->answer);
	free(l);
}

static void on_looked_up(void *arg)
{
	struct look *l = arg;
	if (l->q && l->rc < 0) {
		control_fail(l->q, l->err.name, l->err.message);
	} else if (l->q) {
		control_answer(l->q, l->answer);
		l->answer = NULL;
	}
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

/* ---- what changes runs ---- */

static void on_cancel(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	const char *run = json_get_str(request, "run"), *why = json_get_str(request, "reason");
	if (run && run_cancel(s->host->runs, run, why ? why : "cancelled"))
		control_answer(q, NULL);
	else
		control_fail(q, "NoSuchRun", "no such run goes on");
}

/* The login uid is the kernel's word, kept through su and sudo; without one it is the user. */
static void on_vote(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	struct err err = { 0 };
	const char *run = json_get_str(request, "run"), *op = json_get_str(request, "op");
	char voter[ACTOR_NAME_SIZE];
	if (!run || actor_of_process(voter, control_pid(q), control_uid(q)) < 0) {
		control_fail(q, "InvalidRequest", run ? "who votes is not known" : "which run?");
		return;
	}
	int rc = run_vote(s->host->runs, run, json_get_str(request, "step"), voter,
			  strcmp(op, "approve") == 0, json_get_str(request, "comment"), &err);
	if (rc == 0)
		control_answer(q, NULL);
	else
		control_fail(q, err.name, err.message);
}

static void on_run(void *arg, struct control_request *q, const cJSON *request)
{
	struct service *s = arg;
	guests_take(&s->guests, q, request);
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

/* ---- life ---- */

static const struct control_op ops[] = {
	{ "hello", on_hello, NULL, NULL },
	{ "runs", on_query, NULL, on_query_gone },
	{ "show", on_query, NULL, on_query_gone },
	{ "cancel", on_cancel, NULL, NULL },
	{ "approve", on_vote, NULL, NULL },
	{ "reject", on_vote, NULL, NULL },
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
	int rc = owner_socket(path, h->config, err);
	if (rc == 0)
		rc = control_start(&s->control, &(struct control_spec){ h->loop, path, ops, s },
				   err);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

size_t service_guests(const struct service *s)
{
	return s->guests.n;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	worker_drain(s->host->worker);
	control_free(s->control);
	guests_forget(&s->guests);
	while (s->looks)
		free_look(s->looks);
	store_reader_close(s->reader);
	free(s);
}
