/*
 * registry.h - what the plugins offer: operations by namespace and name, and commands by name.
 *
 * Rows are copied, widened to this program's struct operation; what they point to is borrowed for
 * the life of the process (plugins are never unloaded). Registration order is kept, so that `runbook ops` lists a plugin's operations as its author ordered them. Nothing here
 * knows Lua: script/gate.c turns rows into functions.
 */
#ifndef SCRIPT_REGISTRY_H
#define SCRIPT_REGISTRY_H

#include "plugin_api.h"

struct registry;

struct registered_op {
	const char *ns;              /* "sfn" */
	const struct operation *op;  /* a field that the plugin's ABI does not have is 0 */
	void *state;                 /* handed back to the functions of op */
	const struct plugin *plugin; /* who registered it; for the records */
	const char *full_name;       /* "sfn.describe_map_run" */
	/* One for each of op->variants: the row with the variant's flags and resend_ms. */
	struct registered_op *variants;
	size_t n_variants;
};

struct registered_command {
	const struct command *command;
	void *state;
	const struct plugin *plugin;
};

/* @param[out] out owned by the caller; registry_free */
NODISCARD int registry_new(struct registry **out, struct err *err);
void registry_free(struct registry *r); /* NULL is fine */

/* What is registered from now on belongs to p. Called by plugins.c around open; NULL ends it. */
void registry_set_plugin(struct registry *r, const struct plugin *p);

/*
 * Add an operation as NS.NAME. ns is copied; of op, what the ABI of the present plugin has of it.
 *
 * @return 0; -ERR_INVALID when a name is not a plain identifier or is taken, or when the row breaks
 *         the rules of plugin_api.h (not exactly one of OP_READS and OP_CHANGES, no start, no stop,
 *         no size, a read that is to be prepared, reconciled or sent again; of a variant likewise)
 */
NODISCARD int registry_add_operation(struct registry *r, const char *ns, const struct operation *op,
				     void *state, struct err *err);

/* Add a command. -ERR_INVALID when the name is taken by another plugin. The names of the program's
 * own commands are checked by the program, which looks here last. */
NODISCARD int registry_add_command(struct registry *r, const struct command *command, void *state,
				   struct err *err);

/* What a call with these arguments is: op itself, or one of its variants. */
const struct registered_op *registry_variant(const struct registered_op *op, struct bytes args);

size_t registry_n_operations(const struct registry *r);
const struct registered_op *registry_operation(const struct registry *r, size_t i);
const struct registered_op *registry_find(const struct registry *r, const char *ns,
					  const char *name); /* NULL: no such operation */
/* "sfn.redrive_execution"; NULL: no such operation. */
const struct registered_op *registry_find_full(const struct registry *r, const char *full_name);
bool registry_has_namespace(const struct registry *r, const char *ns);

size_t registry_n_commands(const struct registry *r);
const struct registered_command *registry_command(const struct registry *r, size_t i);
const struct registered_command *registry_find_command(const struct registry *r, const char *name);

#endif
