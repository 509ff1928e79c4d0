/* cmd_replay.c - runbook replay RUN --check: would this file still do what the run has done? */
#include <getopt.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/host.h"
#include "cli/usage.h"
#include "net/loop.h"
#include "script/run.h"

static const char help[] =
    "usage: runbook replay RUN --check [--file FILE] [--config FILE]\n"
    "\n"
    "Replay the recorded history of a run against its runbook as it is today, or against FILE:\n"
    "nothing is called and nothing is recorded. Names the first step that differs, what was\n"
    "recorded and what is asked now, with file and line.\n"
    "Exit status: 0 the same, 1 it differs, 2 usage, or no such run.\n";

struct replay {
	struct host host;
	const char *run, *file, *config;
	bool check;
	int status;
};

static void on_found(void *arg, const struct replay_check *found)
{
	struct replay *r = arg;
	r->status = found->same ? EXIT_DONE : EXIT_FAILED;
	if (found->same)
		printf("run %s: %s\n", r->run, found->message);
	else if (found->step[0])
		printf("%s%sstep %s: %s\n", found->place, found->place[0] ? ": " : "", found->step,
		       found->message);
	else /* the message has the step */
		printf("%s\n", found->message);
	loop_quit(r->host.loop);
}

static int replay_in(struct replay *r, struct config *config)
{
	struct err err = { 0 };
	int rc = config_load(config, r->config, &err);
	if (rc == 0)
		rc = host_open(&r->host, config, &err);
	if (rc == 0)
		rc = host_find_store(&r->host, &err);
	if (rc == 0)
		rc = runs_new(&r->host.runs,
			      &(struct runs_spec){ .loop = r->host.loop,
						   .registry = r->host.registry,
						   .lua_dir = config->lua_dir,
						   .store_path = r->host.store },
			      &err);
	if (rc == 0)
		rc = run_check_replay(r->host.runs, r->run, r->file, on_found, r, &err);
	if (rc < 0)
		return usage_error("replay", "%s", err.message);
	host_loop(&r->host);
	return fflush(stdout) == 0 ? r->status : EXIT_FAILED;
}

static bool read_options(struct replay *r, int argc, char **argv, int *status)
{
	static const struct option names[] = {
		{ "check", no_argument, NULL, 'k' },
		{ "file", required_argument, NULL, 'f' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'k') {
			r->check = true;
		} else if (option == 'f') {
			r->file = optarg;
		} else if (option == 'c') {
			r->config = optarg;
		} else {
			*status =
			    option == 'h'
				? print_help(help)
				: usage_error("replay", "unknown or incomplete option '%.60s'",
					      argv[optind - 1]);
			return false;
		}
	}
	if (argc - optind != 1 || !r->check) {
		*status =
		    usage_error("replay", "expected RUN --check; 'runbook resume RUN' carries "
					  "a run on");
		return false;
	}
	r->run = argv[optind];
	return true;
}

int cmd_replay(int argc, char **argv)
{
	struct replay r = { .host = { .lock = { .fd = -1 } } };
	struct config config = { 0 };
	int status;
	if (!read_options(&r, argc, argv, &status))
		return status;
	status = host_close(&r.host, replay_in(&r, &config));
	config_clear(&config);
	return status;
}
