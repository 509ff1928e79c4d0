/* cmd_runs.c - runbook runs, runbook show: what the store knows of runs. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/query.h"
#include "cli/command.h"
#include "cli/host.h"
#include "cli/owner.h"
#include "cli/shown_args.h"
#include "cli/table.h"
#include "cli/usage.h"
#include "store/store.h"

static const char runs_help[] =
    "usage: runbook runs [--state STATE] [--runbook FILE] [--limit N] [--json] [--config FILE]\n"
    "\n"
    "List the runs of the state directory, newest first, 50 unless --limit says more.\n"
    "STATE is queued, running, waiting, done, failed, cancelled, timed_out or parked (a person\n"
    "must look), or 'open' for those that are not over.\n";

static const char show_help[] =
    "usage: runbook show RUN [--full] [--json] [--config FILE]\n"
    "\n"
    "All of one run: who started it and why, every step with its times, arguments and answer, and\n"
    "how it ended. RUN is its id, or a beginning of it of 4 characters or more. Arguments and\n"
    "answers are shortened unless --full.\n";

struct view {
	const char *config, *state, *runbook, *limit;
	bool json, full;
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

/* ---- ask the owner, or read the store ---- */

static int read_store(struct host *h, const cJSON *request, cJSON **answer, struct err *err)
{
	struct query q = { .redact = shown_args, .arg = h };
	if (access(h->store, F_OK) != 0)
		return err_set(err, ERR_INVALID, "no runbook has been run in %s",
			       h->config->state_dir);
	int rc = store_reader_open(&q.reader, h->store, err);
	if (rc == 0)
		rc = query_request(&q, request, answer, err);
	store_reader_close(q.reader);
	return rc;
}

static int read_here(struct config *config, const cJSON *request, cJSON **answer, struct err *err)
{
	struct host h;
	int rc = host_open(&h, config, err);
	if (rc == 0)
		rc = read_store(&h, request, answer, err);
	return host_close(&h, EXIT_DONE) == EXIT_DONE || rc < 0
		   ? rc
		   : err_set(err, ERR_IO, "the program could not be ended in order");
}

static int fetch(const struct view *v, cJSON *request, cJSON **answer, struct err *err)
{
	struct config config = { 0 };
	int rc = request ? config_load(&config, v->config, err)
			 : err_set(err, ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = owner_ask(&config, request, answer, err);
	if (rc == 1)
		rc = read_here(&config, request, answer, err);
	config_clear(&config);
	cJSON_Delete(request);
	return rc;
}

static void print_json(const cJSON *v)
{
	struct buf text = BUF_INIT((size_t)1 << 30);
	json_write(&text, v);
	(void)puts(buf_cstr(&text));
	buf_clear(&text);
}

static int finish(const struct view *v, const char *name, int rc, cJSON *answer,
		  const struct err *err)
{
	if (rc < 0)
		return usage_error(name, "%s", err->message);
	if (v->json)
		print_json(answer);
	else if (strcmp(name, "runs") == 0)
		table_runs(answer);
	else
		table_run(answer, v->full);
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static cJSON *new_request(const char *op)
{
	cJSON *o = cJSON_CreateObject();
	if (o)
		(void)cJSON_AddStringToObject(o, "op", op);
	return o;
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
	cJSON *limit = json_parse(bytes_str(v.limit), NULL), *request = new_request("runs");
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
	int rc = fetch(&v, request, &answer, &err);
	return finish(&v, "runs", rc, answer, &err);
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
	cJSON *request = new_request("show");
	if (request)
		(void)cJSON_AddStringToObject(request, "run", argv[optind]);
	int rc = fetch(&v, request, &answer, &err);
	return finish(&v, "show", rc, answer, &err);
}
