#include "sfn/shapes.h"

/* ---- DescribeMapRun ---- */

const struct member sfn_describe_map_run_in[] = {
	{ .name = "mapRunArn", .flags = MEMBER_REQUIRED, .min = 1, .max = LONG_ARN_MAX },
	{ .name = NULL },
};

/* MapRunItemCounts and MapRunExecutionCounts have the same ten members. */
static const struct member counts[] = {
	{ .name = "pending", .type = MEMBER_INTEGER },
	{ .name = "running", .type = MEMBER_INTEGER },
	{ .name = "succeeded", .type = MEMBER_INTEGER },
	{ .name = "failed", .type = MEMBER_INTEGER },
	{ .name = "timedOut", .type = MEMBER_INTEGER },
	{ .name = "aborted", .type = MEMBER_INTEGER },
	{ .name = "total", .type = MEMBER_INTEGER },
	{ .name = "resultsWritten", .type = MEMBER_INTEGER },
	{ .name = "failuresNotRedrivable", .type = MEMBER_INTEGER },
	{ .name = "pendingRedrive", .type = MEMBER_INTEGER },
	{ .name = NULL },
};

const struct member sfn_describe_map_run_out[] = {
	{ .name = "mapRunArn" },
	{ .name = "executionArn", .flags = MEMBER_RECORDED },
	{ .name = "status", .flags = MEMBER_RECORDED },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ .name = "stopDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = "maxConcurrency", .type = MEMBER_INTEGER },
	{ .name = "toleratedFailurePercentage", .type = MEMBER_NUMBER },
	{ .name = "toleratedFailureCount", .type = MEMBER_INTEGER },
	{ .name = "itemCounts",
	  .type = MEMBER_OBJECT,
	  .flags = MEMBER_RECORDED,
	  .members = counts },
	{ .name = "executionCounts",
	  .type = MEMBER_OBJECT,
	  .flags = MEMBER_RECORDED,
	  .members = counts },
	{ .name = "redriveCount", .type = MEMBER_INTEGER, .flags = MEMBER_RECORDED },
	{ .name = "redriveDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- UpdateMapRun ---- */

const struct member sfn_update_map_run_in[] = {
	{ .name = "mapRunArn", .flags = MEMBER_REQUIRED, .min = 1, .max = LONG_ARN_MAX },
	{ .name = "maxConcurrency", .type = MEMBER_INTEGER, .max = INT32_MAX },
	{ .name = "toleratedFailurePercentage", .type = MEMBER_NUMBER, .max = 100 },
	{ .name = "toleratedFailureCount", .type = MEMBER_INTEGER, .max = INT64_MAX },
	{ .name = NULL },
};

const struct member sfn_update_map_run_out[] = {
	{ .name = NULL },
};

/* ---- ListMapRuns ---- */

const struct member sfn_list_map_runs_in[] = {
	{ .name = "executionArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = "maxResults", .type = MEMBER_INTEGER, .min = 0, .max = PAGE_MAX },
	{ .name = "nextToken", .min = 1, .max = TOKEN_MAX },
	{ .name = NULL },
};

static const struct member map_run_item[] = {
	{ .name = "executionArn" },
	{ .name = "mapRunArn" },
	{ .name = "stateMachineArn" }, /* the labelled form, "...:stateMachine:SM/Label" */
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ .name = "stopDate", .type = MEMBER_TIMESTAMP },
	{ .name = NULL },
};

static const struct member map_run_items[] = {
	{ .name = "member", .type = MEMBER_OBJECT, .members = map_run_item },
	{ .name = NULL },
};

const struct member sfn_list_map_runs_out[] = {
	{ .name = "mapRuns", .type = MEMBER_LIST, .members = map_run_items },
	{ .name = "nextToken" },
	{ .name = NULL },
};
