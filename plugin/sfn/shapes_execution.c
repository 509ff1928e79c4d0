#include "sfn/shapes.h"

static const char *const execution_status[] = { "RUNNING", "SUCCEEDED",       "FAILED", "TIMED_OUT",
						"ABORTED", "PENDING_REDRIVE", NULL };
static const char *const included_data[] = { "ALL_DATA", "METADATA_ONLY", NULL };
static const char *const redrive_filter[] = { "REDRIVEN", "NOT_REDRIVEN", NULL };

/* ---- StartExecution ---- */

const struct member sfn_start_execution_in[] = {
	{ .name = "stateMachineArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	/* Ours: the name is what makes a start repeatable, and a start without one would be made twice
	 * by a retry after a lost answer. The service's own default is a fresh UUID, too. */
	{ .name = "name", .flags = MEMBER_TOKEN, .min = 1, .max = NAME_MAX_CHARS },
	{ .name = "input", .flags = MEMBER_SENSITIVE, .max = PAYLOAD_MAX },
	{ .name = "traceHeader", .max = 256, .pattern = "[[:cntrl:][:print:]]*" },
	{ .name = NULL },
};

const struct member sfn_start_execution_out[] = {
	{ .name = "executionArn", .flags = MEMBER_RECORDED },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- DescribeExecution ---- */

const struct member sfn_describe_execution_in[] = {
	{ .name = "executionArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = "includedData", .choices = included_data },
	{ .name = NULL },
};

static const struct member data_details[] = {
	{ .name = "included", .type = MEMBER_BOOLEAN },
	{ .name = NULL },
};

const struct member sfn_describe_execution_out[] = {
	{ .name = "executionArn" },
	{ .name = "stateMachineArn" },
	{ .name = "name" },
	{ .name = "status", .flags = MEMBER_RECORDED },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ .name = "stopDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = "input", .flags = MEMBER_SENSITIVE },
	{ .name = "inputDetails", .type = MEMBER_OBJECT, .members = data_details },
	{ .name = "output", .flags = MEMBER_SENSITIVE },
	{ .name = "outputDetails", .type = MEMBER_OBJECT, .members = data_details },
	{ .name = "traceHeader" },
	{ .name = "mapRunArn" },
	{ .name = "error", .flags = MEMBER_SENSITIVE },
	{ .name = "cause", .flags = MEMBER_SENSITIVE },
	{ .name = "stateMachineVersionArn" },
	{ .name = "stateMachineAliasArn" },
	{ .name = "redriveCount", .type = MEMBER_INTEGER, .flags = MEMBER_RECORDED },
	{ .name = "redriveDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = "redriveStatus", .flags = MEMBER_RECORDED },
	{ .name = "redriveStatusReason", .flags = MEMBER_SENSITIVE },
	{ .name = NULL },
};

/* ---- StopExecution ---- */

const struct member sfn_stop_execution_in[] = {
	{ .name = "executionArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = "error", .flags = MEMBER_SENSITIVE, .max = 256 },
	{ .name = "cause", .flags = MEMBER_SENSITIVE, .max = 32768 },
	{ .name = NULL },
};

const struct member sfn_stop_execution_out[] = {
	{ .name = "stopDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- RedriveExecution ---- */

const struct member sfn_redrive_execution_in[] = {
	{ .name = "executionArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = "clientToken", .flags = MEMBER_TOKEN, .min = 1, .max = 64, .pattern = "[!-~]+" },
	{ .name = NULL },
};

const struct member sfn_redrive_execution_out[] = {
	{ .name = "redriveDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- ListExecutions ---- */

const struct member sfn_list_executions_in[] = {
	{ .name = "stateMachineArn", .min = 1, .max = ARN_MAX },
	{ .name = "mapRunArn", .min = 1, .max = LONG_ARN_MAX },
	{ .name = "statusFilter", .choices = execution_status },
	{ .name = "redriveFilter", .choices = redrive_filter },
	{ .name = "maxResults", .type = MEMBER_INTEGER, .min = 0, .max = PAGE_MAX },
	{ .name = "nextToken", .min = 1, .max = LIST_EXECUTIONS_TOKEN_MAX },
	{ .name = NULL },
};

static const struct member execution_item[] = {
	{ .name = "executionArn" },
	{ .name = "stateMachineArn" },
	{ .name = "name" },
	{ .name = "status" },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ .name = "stopDate", .type = MEMBER_TIMESTAMP },
	{ .name = "mapRunArn" },
	{ .name = "itemCount", .type = MEMBER_INTEGER },
	{ .name = "stateMachineVersionArn" },
	{ .name = "stateMachineAliasArn" },
	{ .name = "redriveCount", .type = MEMBER_INTEGER },
	{ .name = "redriveDate", .type = MEMBER_TIMESTAMP },
	{ .name = NULL },
};

static const struct member execution_items[] = {
	{ .name = "member", .type = MEMBER_OBJECT, .members = execution_item },
	{ .name = NULL },
};

const struct member sfn_list_executions_out[] = {
	{ .name = "executions", .type = MEMBER_LIST, .members = execution_items },
	{ .name = "nextToken" },
	{ .name = NULL },
};
