/* usage.h - how a command explains itself, and complains about its arguments or configuration. */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include <stdbool.h>

#include "base/compiler.h"

/* A text on standard output. Returns EXIT_DONE, or EXIT_FAILED where it could not be written. */
int print_help(const char *text);

/*
 * Read the options of a command that has only --config FILE and --help; other words are left behind
 * optind. argv[0] names the command.
 *
 * @param[out] file NULL where it is not given
 * @return false when there is nothing more to do, and *status says how it ended
 */
bool read_config_option(const char **file, const char *help, int argc, char **argv, int *status);

/* The same for a command that writes log lines: with --log-format FORMAT, likewise NULL. */
bool read_logging_options(const char **file, const char **log_format, const char *help, int argc,
			  char **argv, int *status);

/* "runbook NAME: ..." on standard error; returns EXIT_USAGE. command "": the program itself. */
int usage_error(const char *command, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
