/*
 * shapes.h - the members of the arguments and answers of every operation, as the API model has them.
 *
 * One table for each side of an operation, ended by a row without a name; ops.c refers to them.
 * Source: the Step Functions API model, version 2016-11-23 (types, required members, lengths,
 * ranges, enums, patterns, the idempotency token, the sensitive trait). Three things are ours:
 * MEMBER_RECORDED marks the key facts that go into the audit record; answers carry types only, no
 * limits, since a client must not refuse what the service chose to say; and the name of a new
 * execution counts as its idempotency token.
 */
#ifndef SFN_SHAPES_H
#define SFN_SHAPES_H

#include "plugin_api.h"

enum {
	ARN_MAX = 256,       /* executions, state machines, roles */
	LONG_ARN_MAX = 2000, /* Map Runs */
	NAME_MAX_CHARS = 80,
	PAYLOAD_MAX = 262144,
	DEFINITION_MAX = 1048576,
	PAGE_MAX = 1000,
	TOKEN_MAX = 1024,
	LIST_EXECUTIONS_TOKEN_MAX = 3096, /* the one operation with longer page tokens */
};

/* shapes_execution.c */
extern const struct member sfn_start_execution_in[], sfn_start_execution_out[];
extern const struct member sfn_describe_execution_in[], sfn_describe_execution_out[];
extern const struct member sfn_stop_execution_in[], sfn_stop_execution_out[];
extern const struct member sfn_redrive_execution_in[], sfn_redrive_execution_out[];
extern const struct member sfn_list_executions_in[], sfn_list_executions_out[];

/* shapes_map_run.c */
extern const struct member sfn_describe_map_run_in[], sfn_describe_map_run_out[];
extern const struct member sfn_update_map_run_in[], sfn_update_map_run_out[];
extern const struct member sfn_list_map_runs_in[], sfn_list_map_runs_out[];

/* shapes_state_machine.c */
extern const struct member sfn_create_state_machine_in[], sfn_create_state_machine_out[];
extern const struct member sfn_delete_state_machine_in[], sfn_delete_state_machine_out[];

#endif
