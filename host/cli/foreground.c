#include "cli/foreground.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/hand_over.h"
#include "cli/host.h"
#include "cli/recorded_end.h"
#include "cli/recovery.h"
#include "cli/service.h"
#include "cli/start.h"
#include "cli/usage.h"
#include "net/loop.h"
#include "script/rules.h"
#include "script/settle.h"

enum { OWNER_TRIES = 200, OWNER_PAUSE_MS = 50, SILENT_TRIES = 4, END_MAX = 1 << 20 };

struct foreground {
	struct host host;
	struct service *service;
	struct hand_over away; /* while another process goes through it */
	char id[RUN_ID_SIZE];
	const char *file; /* of the runbook; NULL: it is not known here */
	int signals;
	const struct foreground_looks *looks; /* NULL: a run of which nothing is known */
};

/* ---- what is printed ---- */

static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct foreground *f = arg;
	const struct log_about about = { .run = id, .runbook = f->file };
	if (level >= f->host.config->log_level)
		terminal_log_about(&f->host.terminal, level, &about, text);
}

static void on_progress(void *arg, const struct run_progress *p)
{
	struct foreground *f = arg;
	terminal_progress(&f->host.terminal, p->done, p->total, p->text);
}

static int status_of(enum run_outcome outcome)
{
	switch (outcome) {
	case RUN_DONE:
		return EXIT_DONE;
	case RUN_CANCELLED:
		return EXIT_CANCELLED;
	case RUN_TIMED_OUT:
		return EXIT_TIMED_OUT;
	case RUN_UNKNOWN:
	case RUN_PARKED:
		return EXIT_UNKNOWN;
	case RUN_REFUSED:
		return EXIT_REFUSED;
	case RUN_AUDIT_UNAVAILABLE:
		return EXIT_NO_AUDIT;
	case RUN_FAILED:
	case RUN_SUSPENDED:
		return EXIT_FAILED;
	}
	return EXIT_FAILED;
}

static void say(struct foreground *f, const struct run_end *end, enum log_level level,
		const char *text)
{
	terminal_say(&f->host.terminal, level,
		     &(struct log_about){ .run = end->id, .runbook = f->file }, text);
}

static void say_unknown(struct foreground *f, const struct run_end *end,
			const struct run_unknown *u)
{
	struct buf b = BUF_INIT(END_MAX);
	buf_addf(&b, "outcome unknown: %s may have taken effect", u->operation);
	if (u->resource[0])
		buf_addf(&b, "\non:      %s", u->resource);
	if (u->token[0])
		buf_addf(&b, "\ntoken:   %s", u->token);
	if (u->tell[0])
		buf_addf(&b, "\nto see:  %s", u->tell);
	say(f, end, LOG_ERROR, buf_cstr(&b));
	buf_clear(&b);
}

static void say_end(struct foreground *f, const struct run_end *end)
{
	struct buf b = BUF_INIT(END_MAX);
	if (f->looks && end->outcome == RUN_CANCELLED) {
		say(f, end, LOG_INFO, f->looks->left);
		return;
	}
	if (end->outcome != RUN_DONE) {
		buf_addf(&b, "runbook: run %s %s: %s", end->id, run_outcome_name(end->outcome),
			 end->message);
		say(f, end, LOG_ERROR, buf_cstr(&b));
		buf_clear(&b);
	}
	if (end->traceback[0])
		say(f, end, LOG_ERROR, end->traceback);
	for (size_t i = 0; i < end->n_unknown; i++)
		say_unknown(f, end, &end->unknown[i]);
	if (end->outcome == RUN_CANCELLED || end->outcome == RUN_TIMED_OUT || f->signals > 0)
		say(f, end, LOG_WARN,
		    "what the run has already started, a redriven execution too, goes on: ending a "
		    "run never stops it");
}

static void on_end(void *arg, const struct run_end *end)
{
	struct foreground *f = arg;
	terminal_end(&f->host.terminal);
	say_end(f, end);
	if (end->result.n > 0) { /* also of a runbook that caught an unknown outcome */
		(void)fwrite(end->result.p, 1, end->result.n, stdout);
		(void)fputc('\n', stdout);
	}
	f->host.exit_status = status_of(end->outcome);
	if (f->looks && end->outcome == RUN_DONE)
		f->host.exit_status = f->looks->status(end->result);
	if (fflush(stdout) != 0 && f->host.exit_status == EXIT_DONE) {
		(void)fprintf(stderr,
			      "runbook: run %s is done, but its result cannot be printed: %s\n",
			      end->id, strerror(errno));
		f->host.exit_status = EXIT_FAILED;
	}
	loop_quit(f->host.loop);
}

static void say_start(struct foreground *f, const cJSON *request)
{
	char line[4400];
	const char *file = json_get_str(request, "file");
	bool dry = json_get_bool(request, "dryRun", false);
	(void)snprintf(line, sizeof(line), "run %s%s%.200s%s, state in %.4000s", f->id,
		       file ? " of " : "", file ? file : "", dry ? " (dry run)" : "",
		       f->host.config->state_dir);
	terminal_log_about(&f->host.terminal, LOG_INFO,
			   &(struct log_about){ .run = f->id, .runbook = file }, line);
	host_say_hold(&f->host);
}

/* ---- Ctrl-C ---- */

static void on_signal(void *arg)
{
	struct foreground *f = arg;
	if (f->signals++ == 0 && !f->looks)
		terminal_log(&f->host.terminal, LOG_WARN,
			     "cancelling; a change in flight is waited for up to 5 s");
	if (f->away.ask)
		hand_over_interrupt(&f->away);
	else if (recovery_interrupt(&f->host))
		return;
	else if (f->host.runs)
		(void)run_cancel(f->host.runs, f->id, "interrupted");
	else
		loop_quit(f->host.loop);
}

/* ---- here ---- */

static void on_suspended(void *arg)
{
	struct foreground *f = arg;
	loop_quit(f->host.loop);
}

/* The runs of others are left to them: they see the socket close, and wait for this process to go. */
static void leave_the_rest(struct foreground *f)
{
	service_free(f->service);
	f->service = NULL;
	if (runs_alive(f->host.runs) == 0)
		return;
	runs_suspend(f->host.runs, on_suspended, f);
	host_loop(&f->host);
}

static int refused(struct foreground *f, const char *command, const struct err *err)
{
	(void)host_complain(&f->host, command, "%s", err->message);
	if (strcmp(err->name, SETTLE_OPEN) == 0)
		return EXIT_UNKNOWN;
	return strcmp(err->name, POLICY_DENIED) == 0 ? EXIT_REFUSED : EXIT_USAGE;
}

/* Its run: the one that is to go on, if it is on record. */
static const char *asked_run(const cJSON *request)
{
	const char *run = json_get_str(request, "run");
	return run ? run : json_get_str(request, "id");
}

/* A run that is asked for again may have ended before the process that went through it did. */
static int not_begun(struct foreground *f, const char *command, const cJSON *request,
		     const struct err *err)
{
	struct err why = { 0 };
	if (!json_get_bool(request, "again", false) || strcmp(err->name, RUN_IS_OVER) != 0)
		return refused(f, command, err);
	if (recorded_end(&f->host, asked_run(request), on_end, f, &why) < 0)
		return refused(f, command, &why);
	return f->host.exit_status;
}

/*
 * The calls that processes before this one left open come first. A run that is parked by that is not
 * carried on in the same breath: a person has to look.
 *
 * @return 0; 1 when it ends here with f's status
 */
static int settle_first(struct foreground *f, const char *command, const cJSON *request)
{
	struct err err = { 0 };
	const char *run = asked_run(request), *parked;
	int rc = recovery_run(&f->host, NULL, NULL, &err);
	f->host.exit_status = rc == -ERR_CANCELLED ? EXIT_CANCELLED : EXIT_NO_AUDIT;
	if (rc < 0) {
		(void)host_complain(&f->host, command, "%s", err.message);
		return 1;
	}
	parked = run ? recovery_parked(&f->host, run) : NULL;
	if (!parked)
		return 0;
	(void)host_complain(&f->host, command, "run %s is parked: %s", run, parked);
	f->host.exit_status = EXIT_UNKNOWN;
	return 1;
}

/* Until its end. @return -ERR_...: it was not begun */
static int see_through(struct foreground *f, const cJSON *request, struct err *err)
{
	const struct run_listener listener = { on_log, on_progress, on_end, f };
	int rc = start_request(f->id, &f->host, request, &listener, err);
	if (rc < 0)
		return rc;
	say_start(f, request);
	recovery_say_others(&f->host, f->id);
	if (f->signals > 0)
		(void)run_cancel(f->host.runs, f->id, "interrupted");
	host_loop(&f->host);
	return 0;
}

static int go_here(struct foreground *f, const char *command, const cJSON *request)
{
	struct err err = { 0 };
	if (host_open_runs(&f->host, command, &err) < 0) {
		(void)host_complain(&f->host, command, "audit log unavailable: %s", err.message);
		return EXIT_NO_AUDIT;
	}
	int rc = service_start(&f->service, &f->host, command, &err);
	if (rc < 0 || !settle_first(f, command, request)) {
		if (rc == 0)
			rc = see_through(f, request, &err);
		if (rc < 0)
			f->host.exit_status = not_begun(f, command, request, &err);
	}
	leave_the_rest(f); /* others may have handed theirs over, however this one has ended */
	return f->host.exit_status;
}

/* ---- there ---- */

/* The same where the current folder is another. */
static cJSON *from_anywhere(const cJSON *request)
{
	cJSON *o = cJSON_Duplicate(request, true);
	char *file =
	    o ? realpath(json_get_str(o, "file") ? json_get_str(o, "file") : "", NULL) : NULL;
	if (file)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(o, "file", cJSON_CreateString(file));
	free(file);
	return o;
}

static enum hand_over_end go_there(struct foreground *f, const cJSON *request)
{
	cJSON *there = from_anywhere(request);
	f->away =
	    (struct hand_over){ .host = &f->host, .request = there, .on_end = on_end, .arg = f };
	enum hand_over_end end = there ? hand_over_run(&f->away) : HAND_OVER_NOBODY;
	cJSON_Delete(there);
	return end;
}

static void wait_a_little(struct foreground *f)
{
	(void)timer_start(f->host.loop, OWNER_PAUSE_MS, on_suspended, f);
	loop_run(f->host.loop);
}

/*
 * Here or there, whoever owns the state directory. An owner that is starting or ending serves nobody
 * for a moment, so both are tried for ten seconds. One that is stuck is ended by its watchdog, after
 * 30 s by default, so one that is silent is asked for 50 s. One that goes away meanwhile leaves the
 * run in its journal: asked for again, under the same id, it is carried on.
 */
static int go(struct foreground *f, const char *command, cJSON *request)
{
	struct err err = { 0 };
	bool said = false;
	for (int tries = 0; tries < OWNER_TRIES && f->signals == 0; tries++) {
		int rc = host_own(&f->host, &err);
		if (rc == 0)
			return go_here(f, command, request);
		if (rc < 0) {
			(void)host_complain(&f->host, command, "audit log unavailable: %s",
					    err.message);
			return EXIT_NO_AUDIT;
		}
		enum hand_over_end end = go_there(f, request);
		if (end == HAND_OVER_ENDED)
			return f->host.exit_status;
		if (end == HAND_OVER_LOST) {
			cJSON_DeleteItemFromObjectCaseSensitive(request, "again");
			(void)cJSON_AddTrueToObject(request, "again");
			tries = 0;
		}
		if (end == HAND_OVER_UNANSWERED) {
			(void)host_complain(&f->host, command, "%s", f->away.err.message);
			return EXIT_UNKNOWN;
		}
		if (end == HAND_OVER_SILENT) {
			if (!said)
				terminal_log(&f->host.terminal, LOG_WARN, f->away.err.message);
			said = true;
			tries += SILENT_TRIES - 1;
		}
		if (end == HAND_OVER_REFUSED)
			return not_begun(f, command, request, &f->away.err);
		wait_a_little(f);
	}
	if (f->signals > 0)
		return EXIT_CANCELLED;
	return host_complain(&f->host, command,
			     "%s is owned by another process that does not answer: %s",
			     f->host.config->state_dir, said ? f->away.err.message : err.message);
}

static int open_and_go(struct foreground *f, const char *command, struct config *config,
		       const struct foreground_given *given, cJSON *request)
{
	struct err err = { 0 };
	int rc = config_load(config, given->config, &err);
	if (rc == 0)
		rc = config_set_log_format(config, given->log_format, &err);
	f->file = json_get_str(request, "file");
	if (rc == 0)
		rc = host_open(&f->host, config, &err);
	if (rc == 0 && json_get_str(request, "run")) /* one that was begun */
		rc = host_find_store(&f->host, &err);
	if (rc == 0)
		rc = host_on_stop(&f->host, on_signal, f, &err);
	if (rc == 0) /* a terminal that was closed */
		rc = host_on_hangup(&f->host, on_signal, f, &err);
	if (rc < 0)
		return usage_error(command, "%s", err.message);
	return go(f, command, request);
}

int foreground_look(const char *command, const struct foreground_given *given, cJSON *request,
		    const struct foreground_looks *looks)
{
	struct foreground f = { .looks = looks };
	struct config config = { 0 };
	int status = open_and_go(&f, command, &config, given, request);
	service_free(f.service);
	status = host_close(&f.host, status);
	config_clear(&config);
	return status;
}

int foreground(const char *command, const struct foreground_given *given, cJSON *request)
{
	return foreground_look(command, given, request, NULL);
}
