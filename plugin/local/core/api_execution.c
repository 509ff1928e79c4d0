/* api_execution.c - executions: start, describe, stop, redrive. */
#include <stdlib.h>
#include <string.h>

#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/redrive.h"
#include "local/core/version.h"

static int check_open_limit(const struct api_call *c, struct err *err)
{
	if (c->e->open_executions < c->e->max_open_executions)
		return 0;
	return fault(err, "ExecutionLimitExceeded",
		     "Execution Limit Exceeded: 'The maximum number of open executions (%lld) has "
		     "been reached'",
		     (long long)c->e->max_open_executions);
}

/* ---- start ---- */

enum { SHOWN_WORD = 100 };

/* The same name again: the same answer while the first one runs with the same input. */
static int check_same_start(struct execution *x, const char *input, struct err *err)
{
	if (execution_is_open(x) && bytes_eq(doc_text(x->input), bytes_str(input)))
		return 0;
	return fault(err, "ExecutionAlreadyExists", "Execution Already Exists: '%s'", x->arn);
}

/* A text that starts with a word that JSON does not have: told as the service's parser tells it. */
static int check_word(const char *input, struct err *err)
{
	size_t n = strspn(input, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	struct bytes word = { input, n };
	if (n == 0 || n > SHOWN_WORD || bytes_eq(word, BYTES_LIT("true")) ||
	    bytes_eq(word, BYTES_LIT("false")) || bytes_eq(word, BYTES_LIT("null")))
		return 0;
	return fault(err, "InvalidExecutionInput",
		     "Invalid State Machine Execution Input: 'Unrecognized token '%.*s': was "
		     "expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
		     "'false')\n at [Source: (String)\"%.500s\"; line: 1, column: %zu]'",
		     (int)n, input, input, n + 1);
}

static int check_input(const char *input, struct err *err)
{
	struct err why = { 0 };
	cJSON *tree = json_parse(bytes_str(input), &why);
	cJSON_Delete(tree);
	int rc = tree ? 0 : check_word(input, err);
	if (tree || rc)
		return rc;
	return fault(err, "InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'",
		     *input ? why.message : "Invalid execution input.");
}

static struct execution *find_by_name(const struct api_call *c, const struct machine *m,
				      const char *name)
{
	const char *tail = strstr(m->arn, ":stateMachine:");
	char *arn = mem_printf("%.*s:execution:%s:%s", (int)(tail - m->arn), m->arn, m->name, name);
	struct execution *x = table_find(&c->e->executions, arn);
	free(arn);
	return x;
}

int api_start(const struct api_call *c, const struct target *to, struct execution **out,
	      struct err *err)
{
	struct machine *m = to->machine;
	struct definition *d = to->version ? to->version->definition : m->definition;
	const char *given = json_get_str(c->args, "name");
	const char *input = json_get_str(c->args, "input");
	char uuid[40], second[40];
	if (m->deleting)
		return fault(err, "StateMachineDeleting", "State Machine is being deleted: '%s'",
			     m->arn);
	if (given && !arn_name_ok(given))
		return fault(err, "InvalidName", "Invalid Name: '%s'", given);
	input = input ? input : "{}";
	int rc = check_input(input, err);
	if (rc)
		return rc;
	*out = given && !m->express ? find_by_name(c, m, given) : NULL;
	if (*out)
		return check_same_start(*out, input, err);
	rc = m->express ? 0 : check_open_limit(c, err);
	if (rc)
		return rc;
	engine_uuid(c->e, uuid, 4);
	engine_uuid(c->e, second, 4);
	char *name = mem_printf("%s%s%s", given ? given : uuid, m->express ? ":" : "",
				m->express ? second : "");
	*out = execution_start(c->e, &(struct execution_spec){
					 .machine = m,
					 .definition = d,
					 .flow = d->flows[0],
					 .express = m->express,
					 .name = name,
					 .input = doc_of_text(bytes_str(input)),
					 .version_arn = to->version ? to->version->arn : NULL,
					 .alias_arn = to->alias ? to->alias->arn : NULL,
				     });
	free(name);
	(*out)->trace_header = mem_str(json_get_str(c->args, "traceHeader"));
	return 0;
}

static int start_execution(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineArn");
	struct target to;
	struct execution *x;
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (!rc && a.label.p)
		rc = api_refuse(c, err, "API_DOES_NOT_SUPPORT_LABELED_ARNS",
				"Labeled State Machine ARNs are not supported for this API");
	if (!rc)
		rc = target_find(c->e, arn, &to, err);
	if (!rc)
		rc = api_start(c, &to, &x, err);
	if (rc)
		return rc;
	jsonw_str(c->w, "executionArn", x->arn);
	jsonw_date(c->w, "startDate", x->start_ms);
	return 0;
}

/* ---- describe ---- */

void api_write_data(struct jsonw *w, const char *name, const char *about, struct doc *d)
{
	if (!d)
		return;
	jsonw_bytes(w, name, doc_text(d));
	jsonw_raw(w, about,
		  BYTES_LIT("{\"__type\":\"com.amazonaws.swf.base.model#"
			    "CloudWatchEventsExecutionDataDetails\",\"included\":true}"));
}

static int describe_execution(const struct api_call *c, struct err *err)
{
	struct execution *x;
	int rc = api_find_execution(c, json_get_str(c->args, "executionArn"), &x, err);
	if (rc)
		return rc;
	api_tells(c, &x->record);
	jsonw_str(c->w, "cause", x->cause);
	jsonw_str(c->w, "error", x->error);
	jsonw_str(c->w, "executionArn", x->arn);
	api_write_data(c->w, "input", "inputDetails", x->input);
	jsonw_str(c->w, "mapRunArn", x->map_run ? x->map_run->arn : NULL);
	jsonw_str(c->w, "name", x->name);
	api_write_data(c->w, "output", "outputDetails", x->output);
	jsonw_int(c->w, "redriveCount", x->redrive_count);
	if (x->redrive_ms)
		jsonw_date(c->w, "redriveDate", x->redrive_ms);
	redrive_write_status(c->w, x, c->e->now);
	jsonw_date(c->w, "startDate", x->start_ms);
	jsonw_str(c->w, "stateMachineAliasArn", x->alias_arn);
	jsonw_str(c->w, "stateMachineArn", x->machine_arn);
	jsonw_str(c->w, "stateMachineVersionArn", x->version_arn);
	jsonw_str(c->w, "status", execution_status_name(x->status.now));
	if (x->stop_ms)
		jsonw_date(c->w, "stopDate", x->stop_ms);
	jsonw_str(c->w, "traceHeader", x->trace_header);
	return 0;
}

/* ---- stop and redrive ---- */

static int stop_execution(const struct api_call *c, struct err *err)
{
	struct execution *x;
	int rc = api_find_standard(c, json_get_str(c->args, "executionArn"), &x, err);
	if (rc)
		return rc;
	if (execution_is_open(x))
		execution_abort(x, json_get_str(c->args, "error"), json_get_str(c->args, "cause"));
	jsonw_date(c->w, "stopDate", x->stop_ms); /* of a closed one: its own (recorded) */
	return 0;
}

static int redrive_execution(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "executionArn");
	const char *token = json_get_str(c->args, "clientToken");
	struct execution *x;
	struct arn a;
	int rc = arn_parse_as(&a, arn, "execution", NULL, err);
	if (!rc && a.label.p)
		rc = api_refuse(c, err, "API_DOES_NOT_SUPPORT_LABELED_ARNS",
				"Labeled Execution ARNs are not supported for this API");
	if (!rc)
		rc = api_find_standard(c, arn, &x, err);
	if (rc)
		return rc;
	int64_t date = token ? redrive_token_date(x, token, c->e->now) : -1;
	if (date >= 0) {
		jsonw_date(c->w, "redriveDate", date);
		return 0;
	}
	const char *why = redrive_refusal(x, c->e->now);
	if (!why && x->machine->deleting)
		why = "State machine is in DELETING status";
	if (why)
		return fault(err, "ExecutionNotRedrivable",
			     "Execution %s invalid for redrive as: %s", x->arn, why);
	rc = check_open_limit(c, err);
	if (rc)
		return rc;
	execution_redrive(x);
	if (token)
		redrive_token_add(x, token, c->e->now);
	jsonw_date(c->w, "redriveDate", x->redrive_ms);
	return 0;
}

const struct arg api_start_args[] = {
	{ .name = "stateMachineArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "name", .type = ARG_STRING, .min = 1, .max = 80 },
	{ .name = "input", .type = ARG_STRING, .max = 262144 },
	{ .name = "traceHeader", .type = ARG_STRING, .max = 256 },
	{ 0 },
};

static const struct arg describe_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "includedData", .type = ARG_STRING, .choices = "[ALL_DATA, METADATA_ONLY]" },
	{ 0 },
};

static const struct arg stop_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "error", .type = ARG_STRING, .max = 256 },
	{ .name = "cause", .type = ARG_STRING, .max = 32768 },
	{ 0 },
};

static const struct arg redrive_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "clientToken", .type = ARG_STRING, .min = 1, .max = 64, .pattern = "[!-~]+" },
	{ 0 },
};

const struct api_row api_execution_rows[] = {
	{ "DescribeExecution", describe_args, describe_execution },
	{ "RedriveExecution", redrive_args, redrive_execution },
	{ "StartExecution", api_start_args, start_execution },
	{ "StopExecution", stop_args, stop_execution },
	{ 0 },
};
