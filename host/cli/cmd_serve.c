/* cmd_serve.c - runbook serve: starts runs from schedules and webhooks until it is told to stop. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/manager.h"
#include "cli/metrics.h"
#include "cli/no_core.h"
#include "cli/process.h"
#include "cli/serve.h"
#include "cli/serve_admin.h"
#include "cli/serve_approvals.h"
#include "cli/serve_config.h"
#include "cli/serve_heartbeat.h"
#include "cli/serve_hooks.h"
#include "cli/serve_notify.h"
#include "cli/serve_reload.h"
#include "cli/serve_schedules.h"
#include "cli/service.h"
#include "cli/store_prune.h"
#include "cli/syscalls.h"
#include "cli/usage.h"
#include "commit/commit.h"
#include "trigger/webhook.h"

enum { OTHER_FILES = 256, DEFAULT_CONNECTIONS = 1024 };

static const char help[] =
    "usage: runbook serve --config FILE [--log-format text|logfmt|json]\n"
    "\n"
    "Start runs from the schedules and webhooks of the configuration until a signal comes:\n"
    "\n"
    "  [schedule nightly]          [listen]\n"
    "  cron = 15 2 * * *           address = 127.0.0.1:8080\n"
    "  runbook = redrive.lua       [hook failed]\n"
    "  input = {\"a\":1}             path = /hooks/failed\n"
    "                              header = X-Signature\n"
    "                              secret_file = secret\n"
    "                              runbook = redrive.lua\n"
    "\n"
    "Schedules are in UTC unless they have a tz. A hook takes a JSON object, which becomes the\n"
    "input; its 'auth' says how the sender proves who he is (default: HMAC-SHA256, hex, with or\n"
    "without 'sha256=' before it). With [approvals] base_url the links\n"
    "with which people approve what runs ask for lead here (see 'runbook show --links').\n"
    "\n"
    "SIGHUP reads the configuration anew, see 'runbook reload'.\n"
    "The first SIGINT or SIGTERM stops: a change in flight is waited for up to 5 s, the\n"
    "rest of unfinished runs is carried on by the next serve, which replays them from their\n"
    "journal, also after a crash.\n"
    "Exit status: 0 stopped, 2 usage or configuration, 7 the audit log cannot be written.\n";

static void say_begin(struct serve *s, const char *file)
{
	char line[400];
	(void)snprintf(line, sizeof(line),
		       "runbook " RUNBOOK_VERSION " begins, process %ld, %.300s", (long)getpid(),
		       file);
	terminal_log(&s->host.terminal, LOG_INFO, line);
}

static void say_ready(struct serve *s)
{
	char line[256];
	serve_say_ready(s);
	serve_say_places(s);
	(void)snprintf(line, sizeof(line), "state in %.200s", s->host.config->state_dir);
	terminal_log(&s->host.terminal, LOG_INFO, line);
	host_say_hold(&s->host);
}

static void say_stopped(struct serve *s, int status)
{
	char line[80];
	(void)snprintf(line, sizeof(line), "stopped, exit status %d", status);
	if (s->ready)
		terminal_log(&s->host.terminal, LOG_INFO, line);
}

static void on_asked(void *arg, const struct run_question *q)
{
	const struct serve *s = arg;
	approvals_tell(s->approvals, q);
	notify_asked(s->notify, q);
}

static void on_signal(void *arg)
{
	struct serve *s = arg;
	serve_stop(s);
}

static int set_up(struct serve *s, struct err *err)
{
	const struct config *c = s->host.config;
	int rc = serve_judge_files(c, err);
	if (rc == 0)
		rc = serve_judge_config(s, c, err);
	if (rc == 0)
		rc = firings_open(&s->firings, s, err);
	if (rc == 0 && c->listen.line)
		rc = hooks_open(&s->hooks, s, err);
	if (rc == 0 && c->listen.line)
		rc = approvals_new(&s->approvals, &s->host, err);
	if (rc == 0)
		rc = approvals_tell_again(s->approvals, err);
	if (rc == 0 && c->listen.line)
		rc = serve_listen(s, err);
	if (rc == 0)
		rc = notify_start(&s->notify, s, err);
	return rc < 0 ? rc : heartbeat_start(&s->heartbeat, s, err);
}

/* What processes before this one have left comes before anything new. */
static int settle(struct serve *s)
{
	struct err err = { 0 };
	int rc = reload_new(&s->host.reload, s, &err);
	if (rc == 0)
		rc = service_start(&s->service, &s->host, "serve", &err);
	if (rc == 0)
		rc = host_on_stop(&s->host, on_signal, s, &err);
	if (rc == 0)
		rc = host_on_hangup(&s->host, reload_on_hangup, s->host.reload, &err);
	if (rc == 0)
		rc = manager_sockets(&s->host.config->admin, &err);
	if (rc == 0)
		rc = manager_sockets(&s->host.config->listen, &err);
	if (rc == 0)
		rc = admin_pages_start(&s->admin, s, &err);
	if (rc < 0)
		return host_complain(&s->host, "serve", "%s", err.message);
	process_hear_hangups(true);
	rc = serve_settle(s, &err);
	if (rc == 0)
		return EXIT_DONE;
	(void)host_complain(&s->host, "serve", "%s", err.message);
	return rc == -ERR_CANCELLED ? EXIT_CANCELLED : EXIT_NO_AUDIT;
}

/* Connections, and beside them the state directory, calls, control sockets. */
static void allow_files(struct serve *s)
{
	struct err err = { 0 };
	const struct config *c = s->host.config;
	const struct config_listen *all[] = { &c->listen, &c->admin };
	size_t needed = OTHER_FILES;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->line)
			needed +=
			    (size_t)(all[i]->http.max_connections ? all[i]->http.max_connections
								  : DEFAULT_CONNECTIONS);
	if (process_open_files(needed, &err) < 0)
		terminal_log(&s->host.terminal, LOG_WARN, err.message);
}

/* Whoever breaks in from now on gets no further. */
static int confine(struct serve *s, struct err *err)
{
	struct err why = { 0 };
	struct terminal *t = &s->host.terminal;
	char line[400];
	enum config_seccomp wanted = s->host.config->seccomp;
	if (wanted == SECCOMP_OFF) {
		terminal_log(t, LOG_WARN, "[host] seccomp = off: no system call is refused");
		return 0;
	}
	if (syscalls_confine(&why) == 0)
		return 0;
	if (wanted == SECCOMP_ON)
		return err_set(err, ERR_INVALID, "[host] seccomp = on: %.200s", why.message);
	(void)snprintf(line, sizeof(line), "no system call is refused: %.300s", why.message);
	terminal_log(t, why.code == ERR_INVALID ? LOG_INFO : LOG_WARN, line);
	return 0;
}

static int serve(struct serve *s, const char *file, const char *log_format)
{
	struct err err = { 0 };
	int rc = process_begin(&err);
	if (rc == 0)
		rc = config_open(&s->begun, file, &err);
	if (rc == 0)
		rc = config_set_log_format(s->begun, log_format, &err);
	if (rc == 0)
		rc = other_user_become(&s->begun_as_root, s->begun, &err);
	if (rc == 0)
		rc = host_open(&s->host, config_ref(s->begun), &err);
	if (rc < 0)
		return usage_error("serve", "%s", err.message);
	say_begin(s, file);
	allow_files(s);
	rc = metrics_new(&s->host.metrics, &s->host, &err);
	no_core(); /* from now on /proc/self is root's */
	if (rc == 0)
		rc = manager_new(&s->manager, s->host.loop, &err);
	if (rc == 0)
		rc = confine(s, &err);
	if (rc < 0)
		return host_complain(&s->host, "serve", "%s", err.message);
	serve_listen_carried(s);
	s->host.add_status = serve_add_status;
	s->host.add_status_arg = s;
	s->host.cancel_queued = serve_cancel_queued;
	s->host.cancel_queued_arg = s;
	s->host.on_asked = on_asked;
	s->host.on_asked_arg = s;
	if (host_open_runs(&s->host, "serve", &err) < 0) {
		(void)host_complain(&s->host, "serve", "audit log unavailable: %s", err.message);
		return EXIT_NO_AUDIT;
	}
	int status = settle(s);
	if (status != EXIT_DONE) /* it was told to stop, or cannot go on */
		return status == EXIT_CANCELLED ? EXIT_DONE : status;
	if (set_up(s, &err) < 0 || serve_carry_on(s, &err) < 0)
		return host_complain(&s->host, "serve", "%s", err.message);
	if (prune_timer_start(&s->pruning, &s->host, &err) < 0)
		terminal_log(&s->host.terminal, LOG_WARN, err.message);
	s->ready = true;
	say_ready(s);
	reload_begin(s->host.reload);
	host_loop(&s->host);
	return EXIT_DONE;
}

int cmd_serve(int argc, char **argv)
{
	int status;
	const char *file, *log_format = NULL;
	if (!read_logging_options(&file, &log_format, help, argc, argv, &status))
		return status;
	if (!file || optind != argc)
		return usage_error("serve", "expected --config FILE and nothing else");
	struct serve s = { 0 };
	status = serve(&s, file, log_format);
	process_hear_hangups(false);
	s.stopping = true;
	reload_free(s.host.reload);
	s.host.reload = NULL;
	prune_timer_free(s.pruning);
	webhooks_stop(s.webhooks);
	heartbeat_free(s.heartbeat);
	notify_stop(s.notify);
	hooks_free(s.hooks);
	s.hooks = NULL;
	admin_pages_free(s.admin);
	approvals_free(s.approvals);
	s.approvals = NULL;
	firings_free(s.firings);
	s.firings = NULL;
	service_free(s.service);
	manager_free(s.manager);
	s.manager = NULL;
	say_stopped(&s, status);
	status = host_close(&s.host, status);
	notify_free(s.notify);
	serve_clear(&s);
	config_unref(s.host.config);
	config_unref(s.begun);
	other_user_clear(&s.begun_as_root);
	return status;
}
