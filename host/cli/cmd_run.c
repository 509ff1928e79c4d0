/* cmd_run.c - runbook run: one run in the foreground. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/actor.h"
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/host.h"
#include "cli/input.h"
#include "cli/usage.h"
#include "net/loop.h"
#include "script/rules.h"
#include "script/run.h"

static const char help[] =
    "usage: runbook run FILE [OPTION ...]\n"
    "\n"
    "Run the Lua runbook FILE. Progress and log lines go to standard error, the result goes as\n"
    "JSON to standard output.\n"
    "\n"
    "  --input JSON | @FILE  the input table (a JSON object)\n"
    "  -i KEY=VALUE          set one member of it; VALUE is taken as JSON if it is JSON\n"
    "  --config FILE         configuration\n"
    "  --reason TEXT         recorded with every call\n"
    "  --dry-run             reads are real, changing calls only recorded\n"
    "  --timeout D           end the run after 30s, 15m, 2h ...\n"
    "\n"
    "Ctrl-C (or SIGTERM, or a terminal that is closed) cancels; a change in flight is waited for\n"
    "up to 5 s, a second Ctrl-C does not wait.\n"
    "Lines '--- policy: NAME = VALUE' among the comments at the top of FILE narrow what it may do; "
    "see\n"
    "\"Rules\" in the README.\n"
    "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 cancelled, 4 timed out, 5 outcome\n"
    "unknown or parked, 6 refused by a rule, 7 audit log unavailable.\n";

enum { INPUT_MAX = 64 << 20 };

struct options {
	const char *file, *config, *reason;
	struct input input;
	bool dry_run, help;
	int64_t timeout_ms;
};

/* The run in the foreground. */
struct foreground {
	struct host host;
	char id[RUN_ID_SIZE];
	int signals;
};

static int take_option(struct options *o, int option, const char *word, struct err *err)
{
	switch (option) {
	case 'I':
		return input_set_whole(&o->input, optarg, err);
	case 'i':
		return input_set_member(&o->input, optarg, err);
	case 'c':
		o->config = optarg;
		return 0;
	case 'r':
		o->reason = optarg;
		return 0;
	case 'n':
		o->dry_run = true;
		return 0;
	case 't':
		return duration_parse(&o->timeout_ms, optarg, err);
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return err_set(err, ERR_INVALID,
			       "a value is missing after '%.60s'; see 'runbook run --help'", word);
	default:
		/* in "-xi" it is the letter that is unknown, and word is still the one before */
		if (optopt && strncmp(word, "--", 2) != 0)
			return err_set(err, ERR_INVALID,
				       "unknown option '-%c'; see 'runbook run --help'", optopt);
		return err_set(err, ERR_INVALID, "unknown option '%.60s'; see 'runbook run --help'",
			       word);
	}
}

static int read_options(struct options *o, int argc, char **argv, struct err *err)
{
	static const struct option names[] = {
		{ "input", required_argument, NULL, 'I' },
		{ "config", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'r' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":i:h", names, NULL)) != -1) {
		int rc = take_option(o, option, argv[optind - 1], err);
		if (rc < 0 || o->help)
			return rc;
	}
	if (argc - optind != 1)
		return err_set(err, ERR_INVALID, "expected one runbook FILE, got %d arguments",
			       argc - optind);
	o->file = argv[optind];
	return 0;
}

static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct foreground *f = arg;
	(void)id;
	if (level >= f->host.log_level)
		terminal_log(&f->host.terminal, level, text);
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
	case RUN_FAILED:
		return EXIT_FAILED;
	case RUN_CANCELLED:
	case RUN_SUSPENDED:
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
	}
	return EXIT_FAILED;
}

static void say_unknown(const struct run_unknown *u)
{
	(void)fprintf(stderr, "outcome unknown: %s may have taken effect\n", u->operation);
	if (u->resource[0])
		(void)fprintf(stderr, "  on:      %s\n", u->resource);
	if (u->token[0])
		(void)fprintf(stderr, "  token:   %s\n", u->token);
	if (u->tell[0])
		(void)fprintf(stderr, "  to see:  %s\n", u->tell);
}

static void on_end(void *arg, const struct run_end *end)
{
	struct foreground *f = arg;
	terminal_end(&f->host.terminal);
	if (end->outcome != RUN_DONE) {
		(void)fprintf(stderr, "runbook: run %s %s: ", end->id,
			      run_outcome_name(end->outcome));
		terminal_say(&f->host.terminal, end->message);
	}
	if (end->traceback[0])
		terminal_say(&f->host.terminal, end->traceback);
	for (size_t i = 0; i < end->n_unknown; i++)
		say_unknown(&end->unknown[i]);
	if (end->outcome == RUN_CANCELLED || end->outcome == RUN_TIMED_OUT || f->signals > 0)
		(void)fputs("what the run has already started, a redriven execution too, goes on: "
			    "ending a run never stops it\n",
			    stderr);
	if (end->result.n > 0) { /* also of a runbook that caught an unknown outcome */
		(void)fwrite(end->result.p, 1, end->result.n, stdout);
		(void)fputc('\n', stdout);
	}
	f->host.exit_status = status_of(end->outcome);
	if (fflush(stdout) != 0 && f->host.exit_status == EXIT_DONE) {
		(void)fprintf(stderr,
			      "runbook: run %s is done, but its result cannot be printed: %s\n",
			      end->id, strerror(errno));
		f->host.exit_status = EXIT_FAILED;
	}
	loop_quit(f->host.loop);
}

static void on_signal(void *arg)
{
	struct foreground *f = arg;
	if (f->signals++ == 0)
		terminal_log(&f->host.terminal, LOG_WARN,
			     "cancelling; a change in flight is waited for up to 5 s");
	(void)run_cancel(f->host.runs, f->id, "interrupted");
}

static int start(struct foreground *f, const struct options *o, struct err *err)
{
	struct buf input = BUF_INIT(INPUT_MAX), actor = BUF_INIT(INPUT_MAX);
	struct run_spec spec = host_run_spec(&f->host);
	input_write(&o->input, &input);
	actor_operator(&actor);
	spec.path = o->file;
	spec.input = buf_bytes(&input);
	spec.actor = buf_bytes(&actor);
	spec.reason = o->reason;
	spec.dry_run = o->dry_run;
	if (o->timeout_ms)
		spec.timeout_ms = o->timeout_ms;
	spec.listener = (struct run_listener){ on_log, on_progress, on_end, f };
	int rc = run_start(f->id, f->host.runs, &spec, err);
	buf_clear(&input);
	buf_clear(&actor);
	return rc;
}

static void say_start(struct foreground *f, const struct options *o)
{
	char line[4400];
	(void)snprintf(line, sizeof(line), "run %s of %.200s%s, state in %.4000s", f->id, o->file,
		       o->dry_run ? " (dry run)" : "", f->host.config->state_dir);
	terminal_log(&f->host.terminal, LOG_INFO, line);
	host_say_hold(&f->host);
}

static int run_in(struct foreground *f, const struct options *o, struct config *config)
{
	struct err err = { 0 };
	int rc = config_load(config, o->config, &err);
	if (rc == 0)
		rc = host_open(&f->host, config, &err);
	if (rc < 0)
		return usage_error("run", "%s", err.message);
	if (host_open_runs(&f->host, "run", &err) < 0) {
		(void)usage_error("run", "audit log unavailable: %s", err.message);
		return EXIT_NO_AUDIT;
	}
	rc = host_on_stop(&f->host, on_signal, f, &err);
	if (rc == 0)
		rc = start(f, o, &err);
	if (rc < 0) {
		(void)usage_error("run", "%s", err.message);
		return strcmp(err.name, POLICY_DENIED) == 0 ? EXIT_REFUSED : EXIT_USAGE;
	}
	say_start(f, o);
	host_loop(&f->host);
	return f->host.exit_status;
}

int cmd_run(int argc, char **argv)
{
	struct options o = { 0 };
	struct foreground f = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	int status;
	if (read_options(&o, argc, argv, &err) < 0)
		status = usage_error("run", "%s", err.message);
	else if (o.help)
		status = print_help(help);
	else
		status = run_in(&f, &o, &config);
	status = host_close(&f.host, status);
	config_clear(&config);
	input_clear(&o.input);
	return status;
}
