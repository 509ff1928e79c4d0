/* cmd_runs.c - runbook runs, runbook show: what the store knows of runs. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/approval_links.h"
#include "cli/command.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/usage.h"

static const char runs_help[] =
    "usage: runbook runs [--state STATE] [--runbook FILE] [--limit N] [--json] [--config FILE]\n"
    "\n"
    "List the runs of the state directory, newest first, 50 unless --limit says more.\n"
    "STATE is queued, running, waiting, done, failed, cancelled, timed_out or parked (a person\n"
    "must look), or 'open' for those that are not over.\n";

static const char show_help[] =
    "usage: runbook show RUN [--full] [--links] [--json] [--config FILE]\n"
    "\n"
    "All of one run: who started it and why, every step with its times, arguments and answer, and\n"
    "how it ended. RUN is its id, or a beginning of it of 4 characters or more. Arguments and\n"
    "answers are shortened unless --full. With --links also the signed links with which the "
    "people\n"
    "who are asked approve or reject: each is a secret of the person it is for.\n";

struct view {
	const char *config, *state, *runbook, *limit;
	bool json, full, links;
};

static bool read_options(struct view *v, const char *help, int argc, char **argv, int *status)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "runbook", required_argument, NULL, 'r' },
		{ "limit", required_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "full", no_argument, NULL, 'f' },
		{ "links", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'c')
			v->config = optarg;
		else if (option == 's')
			v->state = optarg;
		else if (option == 'r')
			v->runbook = optarg;
		else if (option == 'l')
			v->limit = optarg;
		else if (option == 'j')
			v->json = true;
		else if (option == 'f')
			v->full = true;
		else if (option == 'k')
			v->links = true;
		else {
			*status = option == 'h'
				      ? print_help(help)
				      : usage_error(argv[0], "unknown or incomplete option '%.60s'",
						    argv[optind - 1]);
			return false;
		}
	}
	return true;
}

static int finish(const struct view *v, const char *name, int rc, cJSON *answer,
		  const struct err *err)
{
	if (rc < 0)
		return usage_error(name, "%s", err->message);
	if (v->json)
		table_json(answer);
	else if (strcmp(name, "runs") == 0)
		table_runs(answer);
	else
		table_run(answer, v->full);
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

int cmd_runs(int argc, char **argv)
{
	struct view v = { .limit = "50" };
	struct err err = { 0 };
	cJSON *answer = NULL;
	int status;
	if (!read_options(&v, runs_help, argc, argv, &status))
		return status;
	if (optind != argc)
		return usage_error("runs", "unexpected '%.60s'", argv[optind]);
	cJSON *limit = json_parse(bytes_str(v.limit), NULL), *request = look_request("runs");
	int64_t n = 0;
	if (!json_int_token(limit, &n) || n < 1)
		n = -1;
	cJSON_Delete(limit);
	if (n < 0) {
		cJSON_Delete(request);
		return usage_error("runs", "--limit %.40s: expected a number from 1", v.limit);
	}
	json_set_int(request, "limit", n);
	if (v.state)
		(void)cJSON_AddStringToObject(request, "state", v.state);
	if (v.runbook)
		(void)cJSON_AddStringToObject(request, "runbook", v.runbook);
	int rc = look_fetch(v.config, request, &answer, &err);
	return finish(&v, "runs", rc, answer, &err);
}

static int add_links(const struct view *v, cJSON *run, struct err *err)
{
	struct config config = { 0 };
	struct approval_links links = { 0 };
	int rc = config_load(&config, v->config, err);
	if (rc == 0)
		rc = approval_links_open(&links, &config, err);
	if (rc == 0)
		rc = approval_links_show(&links, run, err);
	approval_links_close(&links);
	config_clear(&config);
	return rc;
}

int cmd_show(int argc, char **argv)
{
	struct view v = { 0 };
	struct err err = { 0 };
	cJSON *answer = NULL;
	int status;
	if (!read_options(&v, show_help, argc, argv, &status))
		return status;
	if (argc - optind != 1)
		return usage_error("show", "expected one RUN; 'runbook runs' lists them");
	cJSON *request = look_request("show");
	if (request)
		(void)cJSON_AddStringToObject(request, "run", argv[optind]);
	int rc = look_fetch(v.config, request, &answer, &err);
	if (rc == 0 && v.links)
		rc = add_links(&v, answer, &err);
	if (rc < 0)
		cJSON_Delete(answer);
	return finish(&v, "show", rc, answer, &err);
}
