#include "cli/usage.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"

int print_help(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_DONE;
}

int usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)fprintf(stderr, "runbook%s%s: ", command[0] ? " " : "", command);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputs("\n", stderr);
	va_end(ap);
	return EXIT_USAGE;
}

static bool read_options(const char **file, const char **log_format, const char *help, int argc,
			 char **argv, int *status)
{
	static const struct option names[] = { { "config", required_argument, NULL, 'c' },
					       { "log-format", required_argument, NULL, 'l' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;
	*file = NULL;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) == 'c' ||
	       (option == 'l' && log_format))
		*(option == 'c' ? file : log_format) = optarg;
	if (option == -1)
		return true;
	*status = option == 'h'
		      ? print_help(help)
		      : usage_error(argv[0], "unknown or incomplete option '%s'", argv[optind - 1]);
	return false;
}

bool read_config_option(const char **file, const char *help, int argc, char **argv, int *status)
{
	return read_options(file, NULL, help, argc, argv, status);
}

bool read_logging_options(const char **file, const char **log_format, const char *help, int argc,
			  char **argv, int *status)
{
	*log_format = NULL;
	return read_options(file, log_format, help, argc, argv, status);
}
