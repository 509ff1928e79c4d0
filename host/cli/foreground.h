/*
 * foreground.h - one run on a terminal, whether this process goes through it or the one that owns
 * the state directory: what is printed, Ctrl-C, the exit status.
 *
 * When the owner goes away before the end of the run, this process takes the run over: it waits for
 * the state directory and carries the run on from its journal.
 */
#ifndef CLI_FOREGROUND_H
#define CLI_FOREGROUND_H

#include "base/json.h"

struct foreground_given {       /* on the command line; borrowed */
	const char *config;     /* file, or NULL */
	const char *log_format; /* or NULL */
};

/*
 * Go through what request (cli/start.h) asks for.
 *
 * @param command    in messages: "run"
 * @param given      what was said besides
 * @param request    borrowed; gets "again" when it is asked for once more
 * @return the exit status
 */
int foreground(const char *command, const struct foreground_given *given, cJSON *request);

/* Of a run that only looks. */
struct foreground_looks {
	int (*status)(
	    struct bytes result); /* the exit status, of its result (JSON) when it is done */
	const char *left;         /* said when it was interrupted */
};

/* The same; looks is borrowed. */
int foreground_look(const char *command, const struct foreground_given *given, cJSON *request,
		    const struct foreground_looks *looks);

#endif
