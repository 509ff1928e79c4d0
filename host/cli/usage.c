#include "cli/usage.h"

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
