/* cmd_plugin.c - commands that plugins offer, such as runbook local. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/host.h"
#include "cli/usage.h"
#include "net/loop.h"
#include "script/registry.h"

static void on_signal(void *arg)
{
	struct host *h = arg;
	loop_quit(h->loop);
}

static bool asks_for_help(int argc, char **argv)
{
	return argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int run_command(struct host *h, const struct registered_command *c, int argc, char **argv)
{
	struct err err = { 0 };
	if (asks_for_help(argc, argv))
		return printf("usage: runbook %s %s\n\n%s", c->command->name, c->command->synopsis,
			      c->command->doc) < 0 ||
		       fflush(stdout) != 0;
	int rc = host_on_stop(h, on_signal, h, &err);
	if (rc == 0) /* a terminal that was closed */
		rc = host_on_hangup(h, on_signal, h, &err);
	if (rc == 0)
		rc = c->command->start(c->state, argc, argv, &err);
	if (rc < 0)
		return usage_error(c->command->name, "%s", err.message);
	host_loop(h);
	c->command->stop(c->state);
	return h->exit_status;
}

/* Take "--NAME VALUE" out of the arguments: the rest is the command's. NULL: it is not there. */
static const char *take_option(const char *name, int *argc, char **argv)
{
	const char *value = NULL;
	size_t n = strlen(name);
	int kept = 1;
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], name) == 0 && i + 1 < *argc)
			value = argv[++i];
		else if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			value = argv[i] + n + 1;
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	argv[kept] = NULL;
	return value;
}

int cmd_plugin(int argc, char **argv)
{
	struct host h = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	int status;
	const char *file = take_option("--config", &argc, argv);
	const char *log_format = take_option("--log-format", &argc, argv);
	int rc = config_load(&config, file, &err);
	if (rc == 0)
		rc = config_set_log_format(&config, log_format, &err);
	if (rc == 0)
		rc = host_open(&h, &config, &err);
	const struct registered_command *c =
	    rc == 0 ? registry_find_command(h.registry, argv[0]) : NULL;
	if (rc < 0)
		status = usage_error("", "%s", err.message);
	else if (!c)
		status =
		    usage_error("", "no command is called '%s'; see 'runbook --help'", argv[0]);
	else
		status = run_command(&h, c, argc, argv);
	status = host_close(&h, status);
	config_clear(&config);
	return status;
}
