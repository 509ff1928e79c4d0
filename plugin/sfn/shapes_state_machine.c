#include "sfn/shapes.h"

static const char *const machine_type[] = { "STANDARD", "EXPRESS", NULL };
static const char *const log_level[] = { "ALL", "ERROR", "FATAL", "OFF", NULL };
static const char *const encryption_type[] = { "AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY", NULL };

/* ---- CreateStateMachine ---- */

static const struct member log_group[] = {
	{ .name = "logGroupArn", .min = 1, .max = ARN_MAX },
	{ .name = NULL },
};

static const struct member log_destination[] = {
	{ .name = "cloudWatchLogsLogGroup", .type = MEMBER_OBJECT, .members = log_group },
	{ .name = NULL },
};

static const struct member log_destinations[] = {
	{ .name = "member", .type = MEMBER_OBJECT, .members = log_destination },
	{ .name = NULL },
};

static const struct member logging[] = {
	{ .name = "level", .choices = log_level },
	{ .name = "includeExecutionData", .type = MEMBER_BOOLEAN },
	{ .name = "destinations", .type = MEMBER_LIST, .members = log_destinations },
	{ .name = NULL },
};

static const struct member tag[] = {
	{ .name = "key", .min = 1, .max = 128 },
	{ .name = "value", .max = 256 },
	{ .name = NULL },
};

static const struct member tags[] = {
	{ .name = "member", .type = MEMBER_OBJECT, .members = tag },
	{ .name = NULL },
};

static const struct member tracing[] = {
	{ .name = "enabled", .type = MEMBER_BOOLEAN },
	{ .name = NULL },
};

static const struct member encryption[] = {
	{ .name = "type", .flags = MEMBER_REQUIRED, .choices = encryption_type },
	{ .name = "kmsKeyId", .min = 1, .max = 2048 },
	{ .name = "kmsDataKeyReusePeriodSeconds", .type = MEMBER_INTEGER, .min = 60, .max = 900 },
	{ .name = NULL },
};

const struct member sfn_create_state_machine_in[] = {
	{ .name = "name", .flags = MEMBER_REQUIRED, .min = 1, .max = NAME_MAX_CHARS },
	{ .name = "definition",
	  .flags = MEMBER_REQUIRED | MEMBER_SENSITIVE,
	  .min = 1,
	  .max = DEFINITION_MAX },
	{ .name = "roleArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = "type", .choices = machine_type },
	{ .name = "loggingConfiguration", .type = MEMBER_OBJECT, .members = logging },
	{ .name = "tags", .type = MEMBER_LIST, .members = tags },
	{ .name = "tracingConfiguration", .type = MEMBER_OBJECT, .members = tracing },
	{ .name = "publish", .type = MEMBER_BOOLEAN },
	{ .name = "versionDescription", .flags = MEMBER_SENSITIVE, .max = 256 },
	{ .name = "encryptionConfiguration", .type = MEMBER_OBJECT, .members = encryption },
	{ .name = NULL },
};

const struct member sfn_create_state_machine_out[] = {
	{ .name = "stateMachineArn", .flags = MEMBER_RECORDED },
	{ .name = "creationDate", .type = MEMBER_TIMESTAMP, .flags = MEMBER_RECORDED },
	{ .name = "stateMachineVersionArn", .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- DeleteStateMachine ---- */

const struct member sfn_delete_state_machine_in[] = {
	{ .name = "stateMachineArn", .flags = MEMBER_REQUIRED, .min = 1, .max = ARN_MAX },
	{ .name = NULL },
};

const struct member sfn_delete_state_machine_out[] = {
	{ .name = NULL },
};
