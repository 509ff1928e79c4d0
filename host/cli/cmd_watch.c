/* cmd_watch.c - runbook watch: lua/watch.lua in the foreground, its end as an exit status. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/duration.h"
#include "cli/foreground.h"
#include "cli/start.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook watch MAP_RUN_ARN [--every D] [--config FILE]\n"
    "\n"
    "Watch one Map Run until it ends: a live bar with its rate and an estimate on a terminal, "
    "elsewhere a\n"
    "line for each change. Its counters go as JSON to standard output at the end. It only looks, "
    "and is a\n"
    "run like others: recorded, and listed by `runbook runs`.\n"
    "\n"
    "  --every D      between two looks, 1s or more (2s); the longer it takes, the rarer they get\n"
    "  --config FILE  configuration\n"
    "  --log-format FORMAT  of log lines: text, or for programs logfmt or json\n"
    "\n"
    "Ctrl-C ends the watching, not the Map Run.\n"
    "Exit status: 0 it succeeded, 1 it failed or was aborted, or it cannot be looked at, 2 usage "
    "or\n"
    "configuration, 3 Ctrl-C, 4 [limits] timeout, 6 refused by a rule, 7 audit log unavailable.\n";

enum { EVERY_MIN_MS = 1000, EVERY_DEFAULT_MS = 2000, PATH_SIZE = 4096 };

struct options {
	const char *arn;
	struct foreground_given given;
	int64_t every_ms;
};

/* @return whether to go on; else *status is the exit status */
static bool read_options(struct options *o, int argc, char **argv, int *status)
{
	static const struct option names[] = { { "config", required_argument, NULL, 'c' },
					       { "log-format", required_argument, NULL, 'l' },
					       { "every", required_argument, NULL, 'e' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	struct err err = { 0 };
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'c') {
			o->given.config = optarg;
		} else if (option == 'l') {
			o->given.log_format = optarg;
		} else if (option == 'e' && duration_parse(&o->every_ms, optarg, &err) < 0) {
			*status = usage_error("watch", "--every: %s", err.message);
			return false;
		} else if (option == 'h') {
			*status = print_help(help);
			return false;
		} else if (option != 'e') {
			*status = usage_error("watch", "unknown or incomplete option '%.60s'",
					      argv[optind - 1]);
			return false;
		}
	}
	if (argc - optind == 1 && o->every_ms >= EVERY_MIN_MS) {
		o->arn = argv[optind];
		return true;
	}
	*status =
	    argc - optind != 1
		? usage_error("watch", "expected one MAP_RUN_ARN, got %d arguments", argc - optind)
		: usage_error("watch", "--every is 1s or more: one look a second is what an "
				       "account and region may do");
	return false;
}

static int status_of(struct bytes result)
{
	cJSON *o = json_parse(result, NULL);
	int status = json_get_bool(o, "succeeded", false) ? EXIT_DONE : EXIT_FAILED;
	cJSON_Delete(o);
	return status;
}

static cJSON *input_of(const struct options *o)
{
	cJSON *input = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(input, "mapRunArn", o->arn);
	(void)cJSON_AddNumberToObject(input, "every", (double)o->every_ms / 1000.0);
	return input;
}

/* The file of the standard library. False: it is too long, or there is none. */
static bool find_script(char out[PATH_SIZE], const char *config_file, struct err *err)
{
	struct config config = { 0 };
	bool found = config_load(&config, config_file, err) == 0;
	if (found && !config.lua_dir) {
		(void)err_set(err, ERR_INVALID,
			      "the standard library is not found; [host] lua_dir says where it is");
		found = false;
	}
	if (found && snprintf(out, PATH_SIZE, "%s/watch.lua", config.lua_dir) >= PATH_SIZE) {
		(void)err_set(err, ERR_INVALID, "[host] lua_dir is too long");
		found = false;
	}
	config_clear(&config);
	return found;
}

int cmd_watch(int argc, char **argv)
{
	struct options o = { .every_ms = EVERY_DEFAULT_MS };
	struct err err = { 0 };
	char script[PATH_SIZE];
	int status;
	if (!read_options(&o, argc, argv, &status))
		return status;
	if (!find_script(script, o.given.config, &err))
		return usage_error("watch", "%s", err.message);
	cJSON *request =
	    start_run_asked(&(struct start_asked){ .file = script, .input = input_of(&o) });
	const struct foreground_looks looks = {
		.status = status_of,
		.left = "not watched any more; the Map Run goes on",
	};
	status = request ? foreground_look("watch", &o.given, request, &looks)
			 : usage_error("watch", "out of memory");
	cJSON_Delete(request);
	return status;
}
