/*
 * reload_parts.h - all that a reload swaps: read and made ready piece by piece, taken at once. For
 * serve_reload.c only.
 *
 * In this order: parts_read, parts_judge, parts_look, parts_ready, and in the same turn of the loop
 * parts_take, which cannot fail. parts_clear at any time: nothing has changed then.
 */
#ifndef CLI_RELOAD_PARTS_H
#define CLI_RELOAD_PARTS_H

#include "cli/serve.h"

struct reload_parts { /* zeros, but for serve: nothing is there */
	struct serve *serve;
	struct config *config;              /* held; NULL: it was not read, or was taken */
	struct http_change *listen, *admin; /* NULL: no such section; certificates and limits */
	struct approvals_change *approvals; /* NULL: no [listen], as hooks and webhooks */
	struct rulebook *rules;
	struct firings_change *firings;
	struct hooks_change *hooks;
	struct webhooks_change *webhooks;
};

/* On the worker: the file, and the files that it names. May it take the place of the one that goes on? */
NODISCARD int parts_read(struct reload_parts *p, const char *file, struct err *err);
/* Can it work with what is loaded? */
NODISCARD int parts_judge(struct reload_parts *p, struct err *err);
/* On the worker: what the store has of what is new. */
NODISCARD int parts_look(struct reload_parts *p, struct err *err);
NODISCARD int parts_ready(struct reload_parts *p, struct err *err);
void parts_take(struct reload_parts *p);
void parts_clear(struct reload_parts *p);

#endif
