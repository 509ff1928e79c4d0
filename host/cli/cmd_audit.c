/* cmd_audit.c - runbook audit: the commands of audit/show.h on the configured log. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "audit/show.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/usage.h"

/* Where the words of the command begin that are not ours: VALUE of hash may be any word. */
static int first_free(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "hash") == 0 ? 3 : 1;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = first_free(argc, argv); i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* Take --config FILE out of argv. False: FILE is missing. */
static bool take_config(const char **file, int *argc, char **argv)
{
	int kept = first_free(*argc, argv), n = *argc;
	for (int i = kept; i < n; i++) {
		if (strcmp(argv[i], "--config") != 0)
			argv[kept++] = argv[i];
		else if (i + 1 == n)
			return false;
		else
			*file = argv[++i];
	}
	*argc = kept < n ? kept : n;
	return true;
}

int cmd_audit(int argc, char **argv)
{
	struct config config = { 0 };
	struct err err;
	char dir[4096] = "";
	const char *file = NULL;
	if (wants_help(argc, argv))
		return print_help(audit_usage);
	if (!take_config(&file, &argc, argv))
		return usage_error("audit", "a value is missing behind --config");
	/* Only for the default folder: a log can be read without any configuration. */
	int rc = config_load(&config, file, &err);
	if (rc == 0)
		(void)snprintf(dir, sizeof(dir), "%s/audit", config.state_dir);
	int status = rc < 0 && file ? usage_error("audit", "%s", err.message)
				    : audit_command(argc, argv,
						    &(struct audit_io){
							.out = stdout,
							.err = stderr,
							.dir = dir[0] ? dir : NULL,
						    });
	config_clear(&config);
	return status;
}
