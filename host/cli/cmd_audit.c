/* cmd_audit.c - runbook audit: the commands of audit/show.h on the configured log. */
#include <stdio.h>
#include <string.h>

#include "audit/show.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/usage.h"

int cmd_audit(int argc, char **argv)
{
	struct config config = { 0 };
	char dir[4096] = "";
	/* Only for the default folder: a log can be read without any configuration. */
	if (config_load(&config, NULL, NULL) == 0)
		(void)snprintf(dir, sizeof(dir), "%s/audit", config.state_dir);
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		config_clear(&config);
		return print_help(audit_usage);
	}
	int status = audit_command(
	    argc, argv,
	    &(struct audit_io){ .out = stdout, .err = stderr, .dir = dir[0] ? dir : NULL });
	config_clear(&config);
	return status;
}
