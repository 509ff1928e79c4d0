/* cmd_run.c - runbook run: one run in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/duration.h"
#include "cli/foreground.h"
#include "cli/input.h"
#include "cli/start.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook run FILE [OPTION ...]\n"
    "\n"
    "Run the Lua runbook FILE. Progress and log lines go to standard error, the result goes as\n"
    "JSON to standard output.\n"
    "\n"
    "  --input JSON | @FILE  the input table (a JSON object)\n"
    "  -i KEY=VALUE          set one member of it; VALUE is taken as JSON if it is JSON\n"
    "  --config FILE         configuration\n"
    "  --log-format FORMAT   of log lines: text, or for programs logfmt or json\n"
    "  --reason TEXT         recorded with every call\n"
    "  --dry-run             reads are real, changing calls only recorded\n"
    "  --timeout D           end the run after 30s, 15m, 2h ...\n"
    "\n"
    "Ctrl-C (or SIGTERM, or a terminal that is closed) cancels; a change in flight is waited for\n"
    "up to 5 s, a second Ctrl-C does not wait. Where another runbook process owns the state\n"
    "directory, it goes through the run and this one shows it; should it go away first, this one\n"
    "carries the run on.\n"
    "Lines '--- policy: NAME = VALUE' among the comments at the top of FILE narrow what it may do; "
    "see\n"
    "\"Rules\" in the README.\n"
    "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 cancelled, 4 timed out, 5 outcome\n"
    "unknown or parked, 6 refused by a rule, 7 audit log unavailable.\n";

enum { INPUT_MAX = 64 << 20 };

struct options {
	const char *file, *reason;
	struct foreground_given given;
	struct input input;
	bool dry_run, help;
	int64_t timeout_ms;
};

static int take_option(struct options *o, int option, const char *word, struct err *err)
{
	switch (option) {
	case 'I':
		return input_set_whole(&o->input, optarg, err);
	case 'i':
		return input_set_member(&o->input, optarg, err);
	case 'c':
		o->given.config = optarg;
		return 0;
	case 'l':
		o->given.log_format = optarg;
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
		{ "log-format", required_argument, NULL, 'l' },
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

/* What is asked for, as cli/start.h has it; NULL: no memory. */
static cJSON *request_of(const struct options *o)
{
	struct buf input = BUF_INIT(INPUT_MAX);
	input_write(&o->input, &input);
	cJSON *r = start_run_asked(&(struct start_asked){
	    .file = o->file,
	    .input = json_parse(buf_bytes(&input), NULL),
	    .reason = o->reason,
	    .dry_run = o->dry_run,
	    .timeout_ms = o->timeout_ms,
	});
	buf_clear(&input);
	return r;
}

int cmd_run(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = { 0 };
	int status;
	if (read_options(&o, argc, argv, &err) < 0) {
		status = usage_error("run", "%s", err.message);
	} else if (o.help) {
		status = print_help(help);
	} else {
		cJSON *request = request_of(&o);
		status = request ? foreground("run", &o.given, request)
				 : usage_error("run", "out of memory");
		cJSON_Delete(request);
	}
	input_clear(&o.input);
	return status;
}
