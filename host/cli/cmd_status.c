/* cmd_status.c - runbook status: how the host of a state directory is. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/look.h"
#include "cli/owner.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook status [--json] [--config FILE]\n"
    "\n"
    "Who owns the state directory and since when; how many runs go on, wait or are parked; "
    "changes\n"
    "whose end nobody knows; whether changes are held; the disk, the audit log, schedules and\n"
    "listeners. Asked of the process that owns the directory; without one the files are read.\n"
    "\n"
    "Exit status: 0 a process owns it and can record what it does, 1 none does, 2 usage or\n"
    "configuration, 5 the owner does not answer, 7 it cannot write its audit log.\n";

enum { OWNER_ANSWER_MS = 3000 };

struct view {
	const char *config;
	bool json;
};

static bool read_options(struct view *v, int argc, char **argv, int *status)
{
	static const struct option names[] = { { "config", required_argument, NULL, 'c' },
					       { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'c') {
			v->config = optarg;
		} else if (option == 'j') {
			v->json = true;
		} else {
			*status =
			    option == 'h'
				? print_help(help)
				: usage_error("status", "unknown or incomplete option '%.60s'",
					      argv[optind - 1]);
			return false;
		}
	}
	if (optind == argc)
		return true;
	*status = usage_error("status", "unexpected '%.60s'", argv[optind]);
	return false;
}

/* No store yet is no error: nothing was ever run there. */
static int read_files(struct config *config, const cJSON *request, const char *silent,
		      cJSON **answer, struct err *err)
{
	int rc = look_read(config, request, answer, err);
	if (rc == -ERR_INVALID && (*answer = cJSON_CreateObject()))
		rc = 0;
	if (rc < 0)
		return rc;
	if (silent)
		(void)cJSON_AddStringToObject(*answer, "silent", silent);
	status_add_files(*answer, config->state_dir);
	return 0;
}

static int fetch(struct config *config, cJSON **answer, struct err *err)
{
	cJSON *request = look_request("status");
	struct err why = { 0 };
	int rc = request ? owner_ask(config, request, OWNER_ANSWER_MS, answer, &why)
			 : err_set(&why, ERR_NOMEM, "out of memory");
	if (rc == 1 || rc == -ERR_TIMEOUT || rc == -ERR_IO)
		rc = read_files(config, request, rc == -ERR_TIMEOUT ? why.message : NULL, answer,
				err);
	else if (rc < 0)
		*err = why;
	cJSON_Delete(request);
	return rc;
}

static int status_of(const cJSON *answer)
{
	if (json_get(answer, "silent"))
		return EXIT_UNKNOWN;
	if (!json_get(answer, "owner"))
		return EXIT_FAILED;
	return json_get(json_get(answer, "audit"), "failed") ? EXIT_NO_AUDIT : EXIT_DONE;
}

static void print_json(const cJSON *v)
{
	struct buf text = BUF_INIT((size_t)1 << 24);
	json_write(&text, v);
	(void)puts(buf_cstr(&text));
	buf_clear(&text);
}

int cmd_status(int argc, char **argv)
{
	struct view v = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	cJSON *answer = NULL;
	int status;
	if (!read_options(&v, argc, argv, &status))
		return status;
	int rc = config_load(&config, v.config, &err);
	if (rc == 0)
		rc = fetch(&config, &answer, &err);
	config_clear(&config);
	if (rc < 0)
		return usage_error("status", "%s", err.message);
	if (v.json)
		print_json(answer);
	else
		table_status(answer);
	status = status_of(answer);
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
