/* cmd_control.c - what a person tells a run: cancel, resume, retry, approve, reject. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/actor.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/foreground.h"
#include "cli/host.h"
#include "cli/look.h"
#include "cli/owner.h"
#include "cli/queued_cancel.h"
#include "cli/table.h"
#include "cli/usage.h"

static const char cancel_help[] =
    "usage: runbook cancel RUN [--reason TEXT] [--config FILE]\n"
    "\n"
    "End a run. A change in flight is waited for up to 5 s; what the run has already started, a\n"
    "redriven execution too, goes on. One that has not begun is taken out of its queue. RUN is "
    "its\n"
    "id or the beginning of it.\n";

static const char resume_help[] =
    "usage: runbook resume RUN [--config FILE] [--log-format FORMAT]\n"
    "\n"
    "Carry on a run that is parked, or that a dead process left: replayed from its journal with\n"
    "the sources it began with and the same idempotency tokens. Recorded steps are not made "
    "again.\n"
    "Shown like 'runbook run'.\n";

static const char retry_help[] =
    "usage: runbook retry RUN [--config FILE] [--log-format FORMAT]\n"
    "\n"
    "A new attempt of a run that is over: from its beginning, with the same input, the file as it\n"
    "is now and new idempotency tokens. Shown like 'runbook run'.\n";

static const char approve_help[] =
    "usage: runbook approve [RUN] [--step PATH] [--comment TEXT] [--config FILE]\n"
    "       runbook reject  RUN [--step PATH] [--comment TEXT] [--config FILE]\n"
    "\n"
    "Vote on what a run asks for; without RUN, list what waits for people. Who votes is the login\n"
    "user that the kernel knows for this process; where it knows none (a container), whom sudo "
    "says\n"
    "it runs for, or the user. Which of them it was is recorded. Who started the run must not "
    "vote,\n"
    "and a second vote of the same person replaces the first. --step names the step where several\n"
    "wait. People elsewhere vote by signed links: see 'runbook show --links'.\n";

/* A change in flight may be waited for before the answer. */
enum { OWNER_ANSWER_MS = 15000, ACTOR_MAX = 16 * 1024 };

struct words {
	const char *config, *reason, *step, *comment, *log_format;
	char run[RUN_ID_SIZE]; /* "": none is given */
};

static const struct option names[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "reason", required_argument, NULL, 'r' },
	{ "step", required_argument, NULL, 's' },
	{ "comment", required_argument, NULL, 'm' },
	{ "log-format", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* allowed: the letters of the options that the command has; '-': it needs no RUN. */
static bool read_words(struct words *w, const char *allowed, const char *help, int argc,
		       char **argv, int *status)
{
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'h') {
			*status = print_help(help);
			return false;
		}
		if (!strchr(allowed, option) || option == '?' || option == ':') {
			*status = usage_error(argv[0], "unknown or incomplete option '%.60s'",
					      argv[optind - 1]);
			return false;
		}
		const char **to[] = { &w->config, &w->reason, &w->step, &w->comment,
				      &w->log_format };
		*to[strchr("crsml", option) - "crsml"] = optarg;
	}
	if (argc - optind == 0 && strchr(allowed, '-'))
		return true;
	if (argc - optind != 1) {
		*status = usage_error(argv[0], "expected one RUN; 'runbook runs' lists them");
		return false;
	}
	struct err err = { 0 };
	if (look_find(w->run, w->config, argv[optind], &err) == 0)
		return true;
	*status = usage_error(argv[0], "%s", err.message);
	return false;
}

static void add_actor(cJSON *o)
{
	struct buf actor = BUF_INIT(ACTOR_MAX);
	actor_operator(&actor);
	cJSON *v = json_parse(buf_bytes(&actor), NULL);
	if (!cJSON_AddItemToObject(o, "actor", v))
		cJSON_Delete(v);
	buf_clear(&actor);
}

static cJSON *request_of(const char *op, const struct words *w)
{
	cJSON *o = cJSON_CreateObject();
	if (!o)
		return NULL;
	(void)cJSON_AddStringToObject(o, "op", op);
	(void)cJSON_AddStringToObject(o, "run", w->run);
	if (w->reason)
		(void)cJSON_AddStringToObject(o, "reason", w->reason);
	if (w->step)
		(void)cJSON_AddStringToObject(o, "step", w->step);
	if (w->comment)
		(void)cJSON_AddStringToObject(o, "comment", w->comment);
	if (actor_sudo_user())
		(void)cJSON_AddStringToObject(o, "sudoUser", actor_sudo_user());
	if (strcmp(op, "cancel") == 0)
		add_actor(o);
	return o;
}

/* ---- in the foreground ---- */

static int carry_on(const char *op, const struct words *w)
{
	cJSON *request = request_of(op, w);
	const struct foreground_given given = { w->config, w->log_format };
	int status = request ? foreground(op, &given, request) : usage_error(op, "out of memory");
	cJSON_Delete(request);
	return status;
}

int cmd_resume(int argc, char **argv)
{
	struct words w = { 0 };
	int status;
	if (!read_words(&w, "cl", resume_help, argc, argv, &status))
		return status;
	return carry_on("resume", &w);
}

int cmd_retry(int argc, char **argv)
{
	struct words w = { 0 };
	int status;
	if (!read_words(&w, "cl", retry_help, argc, argv, &status))
		return status;
	return carry_on("retry", &w);
}

/* ---- told to the owner ---- */

/* 0, 1: there is no owner, or -ERR. */
static int tell(const struct words *w, const char *op, struct err *err)
{
	struct config config = { 0 };
	cJSON *request = request_of(op, w), *answer = NULL;
	int rc = request ? config_load(&config, w->config, err)
			 : err_set(err, ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = owner_ask(&config, request, OWNER_ANSWER_MS, &answer, err);
	config_clear(&config);
	cJSON_Delete(request);
	cJSON_Delete(answer);
	return rc;
}

/* Nobody owns the state directory: this process does, for as long as it takes to write that down. */
static int take_out(struct config *config, const struct words *w)
{
	struct host h;
	struct err err = { 0 };
	struct buf actor = BUF_INIT(ACTOR_MAX);
	if (host_open(&h, config, &err) < 0)
		return host_close(&h, usage_error("cancel", "%s", err.message));
	if (host_open_runs(&h, "cancel", &err) < 0) {
		(void)usage_error("cancel", "audit log unavailable: %s", err.message);
		return host_close(&h, EXIT_NO_AUDIT);
	}
	actor_operator(&actor);
	int rc = queued_cancel(&h, w->run, buf_cstr(&actor), w->reason, &err);
	buf_clear(&actor);
	if (rc > 0)
		return host_close(&h, EXIT_DONE);
	return host_close(
	    &h, usage_error("cancel", "%s", rc < 0 ? err.message : "it waits no more: ask again"));
}

/* It has not begun, and no serve is there. False: it has; *status is not set. */
static bool cancel_queued(const struct words *w, int *status)
{
	struct config config = { 0 };
	struct err err = { 0 };
	cJSON *request = look_request("show"), *answer = NULL;
	(void)cJSON_AddStringToObject(request, "run", w->run);
	bool is = config_load(&config, w->config, &err) == 0 &&
		  look_read(&config, request, &answer, &err) == 0 &&
		  strcmp(json_get_str(answer, "state"), "queued") == 0 &&
		  (json_get(answer, "hook") || json_get(answer, "schedule"));
	if (is)
		*status = take_out(&config, w);
	cJSON_Delete(request);
	cJSON_Delete(answer);
	config_clear(&config);
	return is;
}

/* What no process goes on with is taken up, and ended at once. */
int cmd_cancel(int argc, char **argv)
{
	struct words w = { 0 };
	struct err err = { 0 };
	int status;
	if (!read_words(&w, "cr", cancel_help, argc, argv, &status))
		return status;
	int rc = tell(&w, "cancel", &err);
	if (rc == 1 && cancel_queued(&w, &status))
		return status == EXIT_DONE ? print_help("cancelled\n") : status;
	if (rc == 1) {
		status = carry_on("cancel", &w);
		return status == EXIT_CANCELLED ? EXIT_DONE : status;
	}
	if (rc < 0)
		return usage_error("cancel", "%s", err.message);
	return print_help("cancelled\n");
}

static int list_waiting(const char *name, const char *config)
{
	struct err err = { 0 };
	cJSON *answer = NULL;
	if (look_fetch(config, look_request("approvals"), &answer, &err) < 0)
		return usage_error(name, "%s", err.message);
	table_approvals(answer);
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int vote(int argc, char **argv, const char *allowed)
{
	struct words w = { 0 };
	struct err err = { 0 };
	int status;
	if (!read_words(&w, allowed, approve_help, argc, argv, &status))
		return status;
	if (!w.run[0])
		return list_waiting(argv[0], w.config);
	int rc = tell(&w, argv[0], &err);
	if (rc == 1)
		return usage_error(argv[0],
				   "no process goes on with run %.40s: 'runbook resume' it, or "
				   "start 'runbook serve', then vote",
				   w.run);
	if (rc < 0)
		return usage_error(argv[0], "%s", err.message);
	return print_help("recorded\n");
}

int cmd_approve(int argc, char **argv)
{
	return vote(argc, argv, "csm-");
}

int cmd_reject(int argc, char **argv)
{
	return vote(argc, argv, "csm");
}
