/* usage.h - how a command explains itself, and complains about its arguments or configuration. */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "base/compiler.h"

/* A text on standard output. Returns EXIT_DONE, or EXIT_FAILED where it could not be written. */
int print_help(const char *text);

/* "runbook NAME: ..." on standard error; returns EXIT_USAGE. command "": the program itself. */
int usage_error(const char *command, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
