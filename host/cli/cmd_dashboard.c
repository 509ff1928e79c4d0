/* cmd_dashboard.c - runbook dashboard: a link that logs a browser in. */
#include <getopt.h>
#include <stdio.h>

#include "cli/actor.h"
#include "cli/command.h"
#include "cli/look.h"
#include "cli/owner.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook dashboard [--config FILE]\n"
    "\n"
    "Print a link to the dashboard of the `runbook serve` that owns the state directory. It is "
    "good\n"
    "once, for a minute, and logs in whoever runs this command: the session is that person's, and "
    "so\n"
    "are its votes on approvals. It needs [admin] address in the configuration.\n"
    "\n"
    "Exit status: 0 printed, 2 usage or configuration, or no `serve` with a dashboard goes on.\n";

enum { OWNER_ANSWER_MS = 10000 };

static int ask(const struct config *config, cJSON **answer, struct err *err)
{
	cJSON *request = look_request("dashboard");
	const char *sudo_user = actor_sudo_user();
	if (request && sudo_user)
		(void)cJSON_AddStringToObject(request, "sudoUser", sudo_user);
	int rc = request ? owner_ask(config, request, OWNER_ANSWER_MS, answer, err)
			 : err_set(err, ERR_NOMEM, "out of memory");
	cJSON_Delete(request);
	if (rc == 1)
		return err_set(err, ERR_IO,
			       "no process owns the state directory: `runbook serve` has the "
			       "dashboard");
	return rc;
}

int cmd_dashboard(int argc, char **argv)
{
	int status;
	const char *file;
	struct config config = { 0 };
	struct err err = { 0 };
	cJSON *answer = NULL;
	if (!read_config_option(&file, help, argc, argv, &status))
		return status;
	if (optind != argc)
		return usage_error("dashboard", "unexpected '%.60s'", argv[optind]);
	int rc = config_load(&config, file, &err);
	if (rc == 0)
		rc = ask(&config, &answer, &err);
	config_clear(&config);
	if (rc < 0)
		return usage_error("dashboard", "%s", err.message);
	(void)printf("%s\n", json_get_str(answer, "url"));
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
