#include "sfn/ops.h"

#include <string.h>

#include "sfn/shapes.h"

#define EXECUTION_ARN "arn:{partition}:states:{region}:{account}:execution:{stateMachine}:{name}"
#define MAP_RUN_ARN "arn:{partition}:states:{region}:{account}:mapRun:{stateMachine}/{label}:{id}"
#define STATE_MACHINE_ARN "arn:{partition}:states:{region}:{account}:stateMachine:{stateMachine}"

/* The service remembers the token of a redrive for 15 minutes from its first use; a minute is left for
 * the way there. */
enum { TOKEN_KEPT_MS = 14 * 60 * 1000 };

/* A redrive that does not help must not go on for ever, nor for a whole state machine at once. */
static const struct op_budget redrive_budgets[] = {
	{ 3, BUDGET_RESOURCE, INT64_C(24) * 60 * 60 * 1000 },
	{ 10, BUDGET_GROUP, INT64_C(60) * 60 * 1000 },
	{ 0 },
};

/* Recorded: a token that is remembered is answered before the execution's status is looked at. */
static const char *const redrive_undone[] = { "ExecutionNotRedrivable", NULL };

/* The order is that of `runbook ops`: the main job first. */
const struct operation sfn_ops[] = {
	{
	    .name = "describe_map_run",
	    .wire_name = "DescribeMapRun",
	    .flags = OP_READS,
	    .members = sfn_describe_map_run_in,
	    .answer = sfn_describe_map_run_out,
	    .resource = "mapRunArn",
	    .iam_action = "states:DescribeMapRun",
	    .iam_resource = MAP_RUN_ARN,
	    .doc = "status, item and child execution counters and redrives of a Map Run",
	},
	{
	    .name = "redrive_execution",
	    .wire_name = "RedriveExecution",
	    .flags = OP_CHANGES,
	    .members = sfn_redrive_execution_in,
	    .answer = sfn_redrive_execution_out,
	    .resource = "executionArn",
	    .iam_action = "states:RedriveExecution",
	    .iam_resource = EXECUTION_ARN,
	    .doc = "restart a failed, aborted or timed out execution where it went wrong",
	    .tell =
		"aws stepfunctions describe-execution --region {region} --endpoint-url {endpoint} "
		"--execution-arn {executionArn} --query "
		"'[status,redriveCount,redriveDate]'",
	    .max_calls = 1,
	    .resend_ms = TOKEN_KEPT_MS,
	    .answer_date = "redriveDate",
	    .budgets = redrive_budgets,
	    .undone = redrive_undone,
	},
	{
	    .name = "start_execution",
	    .wire_name = "StartExecution",
	    .flags = OP_CHANGES | OP_SHARED,
	    .members = sfn_start_execution_in,
	    .answer = sfn_start_execution_out,
	    .resource = "stateMachineArn",
	    .iam_action = "states:StartExecution",
	    .iam_resource = STATE_MACHINE_ARN,
	    .doc = "start an execution; with a name, starting it twice starts it once",
	    .tell = "aws stepfunctions list-executions --region {region} --endpoint-url {endpoint} "
		    "--state-machine-arn "
		    "{stateMachineArn} "
		    "--max-results 10",
	},
	{
	    .name = "describe_execution",
	    .wire_name = "DescribeExecution",
	    .flags = OP_READS,
	    .members = sfn_describe_execution_in,
	    .answer = sfn_describe_execution_out,
	    .resource = "executionArn",
	    .iam_action = "states:DescribeExecution",
	    .iam_resource = EXECUTION_ARN,
	    .doc = "status, input, output and redrive state of an execution",
	},
	{
	    .name = "stop_execution",
	    .wire_name = "StopExecution",
	    .flags = OP_CHANGES,
	    .members = sfn_stop_execution_in,
	    .answer = sfn_stop_execution_out,
	    .resource = "executionArn",
	    .iam_action = "states:StopExecution",
	    .iam_resource = EXECUTION_ARN,
	    .doc = "abort a running execution and the Map Runs it started",
	    .tell =
		"aws stepfunctions describe-execution --region {region} --endpoint-url {endpoint} "
		"--execution-arn {executionArn} --query "
		"'[status,stopDate]'",
	},
	{
	    .name = "update_map_run",
	    .wire_name = "UpdateMapRun",
	    .flags = OP_CHANGES,
	    .members = sfn_update_map_run_in,
	    .answer = sfn_update_map_run_out,
	    .resource = "mapRunArn",
	    .iam_action = "states:UpdateMapRun",
	    .iam_resource = MAP_RUN_ARN,
	    .doc = "change the concurrency and the tolerated failures of a running Map Run",
	    .tell = "aws stepfunctions describe-map-run --region {region} --endpoint-url "
		    "{endpoint} --map-run-arn {mapRunArn} --query "
		    "'[maxConcurrency,toleratedFailurePercentage,toleratedFailureCount]'",
	},
	{
	    .name = "list_map_runs",
	    .wire_name = "ListMapRuns",
	    .flags = OP_READS,
	    .members = sfn_list_map_runs_in,
	    .answer = sfn_list_map_runs_out,
	    .resource = "executionArn",
	    .iam_action = "states:ListMapRuns",
	    .iam_resource = EXECUTION_ARN,
	    .doc = "one page of the Map Runs an execution started",
	},
	{
	    /* By state machine or by Map Run, never both; the service says so, the model cannot. */
	    .name = "list_executions",
	    .wire_name = "ListExecutions",
	    .flags = OP_READS,
	    .members = sfn_list_executions_in,
	    .answer = sfn_list_executions_out,
	    .resource = "stateMachineArn",
	    .iam_action = "states:ListExecutions",
	    .iam_resource = STATE_MACHINE_ARN,
	    .doc = "one page of the executions of a state machine, or of the children of a Map Run",
	},
	{
	    .name = "create_state_machine",
	    .wire_name = "CreateStateMachine",
	    .flags = OP_CHANGES,
	    .members = sfn_create_state_machine_in,
	    .answer = sfn_create_state_machine_out,
	    .resource = "name",
	    .iam_action = "states:CreateStateMachine",
	    .iam_resource = STATE_MACHINE_ARN,
	    .doc = "create a state machine; needs iam:PassRole on roleArn too",
	    .tell = "aws stepfunctions list-state-machines --region {region} --endpoint-url "
		    "{endpoint} --query "
		    "'stateMachines[].[name,creationDate]'",
	},
	{
	    .name = "delete_state_machine",
	    .wire_name = "DeleteStateMachine",
	    .flags = OP_CHANGES,
	    .members = sfn_delete_state_machine_in,
	    .answer = sfn_delete_state_machine_out,
	    .resource = "stateMachineArn",
	    .iam_action = "states:DeleteStateMachine",
	    .iam_resource = STATE_MACHINE_ARN,
	    .doc = "delete a state machine once its running executions have ended",
	    .tell = "aws stepfunctions describe-state-machine --region {region} --endpoint-url "
		    "{endpoint} --state-machine-arn "
		    "{stateMachineArn} --query status",
	},
	{ .name = NULL },
};

const struct operation *sfn_op_by_wire_name(const char *wire_name)
{
	for (const struct operation *op = sfn_ops; op->name; op++) {
		if (strcmp(op->wire_name, wire_name) == 0)
			return op;
	}
	return NULL;
}
