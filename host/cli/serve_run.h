/* serve_run.h - the runs that serve knows by what started them; for serve*.c only. */
#ifndef CLI_SERVE_RUN_H
#define CLI_SERVE_RUN_H

#include "cli/serve.h"
#include "script/run.h"

struct serve_run {
	struct serve *serve;
	const struct config_start *start;
	char id[RUN_ID_SIZE];
	struct serve_run *next;
};

/* Add one that goes on already. False: no memory. */
bool serve_note(struct serve *s, const struct config_start *start, const char *id);
void serve_forget(struct serve *s, struct serve_run *r);

/* A line of what is called name. */
void serve_say(struct serve *s, enum log_level level, const char *name, const char *text);
void serve_say_end(struct serve *s, const char *name, const struct run_end *end);

#endif
