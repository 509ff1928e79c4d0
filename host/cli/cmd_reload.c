/* cmd_reload.c - runbook reload: serve reads its configuration anew; waits for what comes of it. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/actor.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/owner.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook reload [--config FILE]\n"
    "\n"
    "Have the `runbook serve` that goes on read its configuration anew, with the secrets,\n"
    "certificates and calendars that it names, and wait for what comes of it. All of it is\n"
    "looked at first: either everything is swapped, or nothing. SIGHUP does the same. What takes\n"
    "a restart (state_dir, addresses, plugins, [audit]) is refused by name.\n"
    "\n"
    "Runs that go on keep what they were started with; rules and policy hold for their next call.\n"
    "\n"
    "Exit status: 0 in force, 2 usage or refused, 7 it could not be recorded.\n";

enum { ACTOR_MAX = 16 * 1024, WAIT_MS = 120 * 1000 };

static void say_counts(const cJSON *answer, const char *name)
{
	const cJSON *n = json_get(answer, name);
	(void)printf("%s: %" PRId64 " added, %" PRId64 " changed, %" PRId64 " removed\n", name,
		     json_get_int(n, "added", 0), json_get_int(n, "changed", 0),
		     json_get_int(n, "removed", 0));
}

static int say_done(const cJSON *answer)
{
	const char *file = json_get_str(json_get(answer, "config"), "file");
	(void)printf("reloaded %s\n", file ? file : "");
	say_counts(answer, "schedules");
	say_counts(answer, "hooks");
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int ask(const struct config *config)
{
	struct err err = { 0 };
	struct buf actor = BUF_INIT(ACTOR_MAX);
	cJSON *request = cJSON_CreateObject(), *answer = NULL;
	actor_operator(&actor);
	(void)cJSON_AddStringToObject(request, "op", "reload");
	(void)cJSON_AddItemToObject(request, "actor", json_parse(buf_bytes(&actor), NULL));
	buf_clear(&actor);
	int status, rc = owner_ask(config, request, WAIT_MS, &answer, &err);
	if (rc == 0)
		status = say_done(answer);
	else if (rc == 1)
		status =
		    usage_error("reload", "no 'runbook serve' goes on with %s", config->state_dir);
	else
		status = usage_error("reload", "%s", err.message);
	if (strcmp(err.name, "AuditUnavailable") == 0)
		status = EXIT_NO_AUDIT;
	cJSON_Delete(request);
	cJSON_Delete(answer);
	return status;
}

/* Of the file only where the state is: what is wrong with the rest is serve's to say. */
int cmd_reload(int argc, char **argv)
{
	int status;
	const char *file;
	struct config config = { 0 };
	struct err err = { 0 };
	if (!read_config_option(&file, help, argc, argv, &status))
		return status;
	if (optind != argc)
		return usage_error("reload", "expected no more than --config FILE");
	if (config_find_state(&config, file, &err) < 0)
		status = usage_error("reload", "%s", err.message);
	else
		status = ask(&config);
	config_clear(&config);
	return status;
}
