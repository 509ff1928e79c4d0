/*
 * machine.h - a state machine: a name, its current revision and its executions.
 *
 *	ACTIVE -> DELETING -> gone
 *
 * Deletion (recorded): executions go on until their next transition and fail there; a while after
 * the deletion, when none runs any more, the machine goes and its executions with it.
 */
#ifndef LOCAL_MACHINE_H
#define LOCAL_MACHINE_H

#include "local/core/alarms.h"
#include "local/core/execution.h"
#include "local/core/records.h"
#include "local/core/version.h"

struct definition;

enum { MACHINE_LINGER_MS = 80 * 1000 }; /* recorded: between 30 and 87 s */

struct machine {
	struct engine *e;
	struct record record;
	char *arn;
	char *name;
	bool express;
	bool deleting;
	struct definition *definition; /* the current revision */
	struct definition **revisions; /* all of them, counted */
	size_t n_revisions, cap_revisions;
	int64_t created_ms;
	char *logging, *tracing, *encryption; /* JSON text as given, or NULL */
	cJSON *tags;                          /* array of {key, value}, or NULL */
	struct versions versions;
	struct alarm gone;
	int64_t gone_ms;  /* when deleting */
	struct roll roll; /* its own executions, not the children of Map Runs */
};

struct machine *machine_new(struct engine *e, const char *arn, const char *name, bool express);
/* Make d the current revision; one count is taken over. */
void machine_set_definition(struct machine *m, struct definition *d);
void machine_delete(struct machine *m); /* DELETING from now on */
void machine_arm_gone(struct machine *m, int64_t at_ms);
void machine_free(struct machine *m);

#endif
