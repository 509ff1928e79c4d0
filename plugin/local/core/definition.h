/*
 * definition.h - a state machine definition, read once and checked: flows of states.
 *
 * A flow is one "StartAt" with its "States": the machine itself, a branch of a Parallel, the
 * processor of a Map. A definition is immutable and counted: executions keep the one they were
 * started with, whatever becomes of the machine (recorded: redrives use it too).
 */
#ifndef LOCAL_DEFINITION_H
#define LOCAL_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum state_type {
	STATE_TASK,
	STATE_PASS,
	STATE_CHOICE,
	STATE_WAIT,
	STATE_SUCCEED,
	STATE_FAIL,
	STATE_PARALLEL,
	STATE_MAP,
	STATE_TYPES
};

/* InputPath, OutputPath or ResultPath: absent means "$", null means nothing at all. */
struct path_field {
	bool null;
	const char *text; /* NULL: "$" */
};

struct state {
	const char *name;
	enum state_type type;
	const cJSON *def;
	const struct flow *flow;  /* that it belongs to */
	const struct state *next; /* NULL: the last one */
	struct path_field input_path, output_path, result_path;
	const cJSON *parameters; /* Parameters; of a Map ItemSelector or its old name Parameters */
	const cJSON *selector;   /* ResultSelector */
	bool uses_context;       /* "$$" occurs somewhere in it */
	struct flow **flows;     /* branches, or the processor */
	size_t n_flows;
	bool distributed; /* a Distributed Map ... */
	bool express;     /* ... with Express children */
	char *label;      /* of the Map Runs; given or made up */
};

struct flow {
	const cJSON *def;
	int id; /* index in definition.flows */
	struct state *states;
	size_t n_states;
	const struct state *start;
	int64_t timeout_s; /* TimeoutSeconds; 0: none */
};

struct diagnostics;

struct definition {
	uint32_t refs;
	char *key;        /* names its record */
	bool saved;       /* its record is written */
	char *role;       /* the revision it belongs to: role, ... */
	char *revision;   /* ... id (NULL until the machine was updated once) ... */
	int64_t since_ms; /* ... and time */
	char *text;       /* as given */
	cJSON *tree;
	struct flow **flows; /* [0] is the machine's own */
	size_t n_flows, cap_flows;
};

/*
 * Read and check a definition.
 *
 * @param[out] out  owned by the caller; definition_unref
 * @param express   it is to be an Express machine's, which may not do everything
 * @return 0; -ERR_REMOTE InvalidDefinition with the service's text, which names every fault
 */
NODISCARD int definition_parse(struct definition **out, const char *text, bool express,
			       struct err *err);
/* Read one from a store, which may have been created under fewer rules.
 * @return 0; -ERR_INVALID: it cannot be run */
NODISCARD int definition_load(struct definition **out, const char *text);
/* All that is wrong with it; *found is cleared by the caller (definition_check.h). */
void definition_validate(const char *text, struct diagnostics *found);
struct definition *definition_ref(struct definition *d);
void definition_unref(struct definition *d); /* NULL is fine */

const struct state *flow_state(const struct flow *f, const char *name); /* or NULL */

#endif
