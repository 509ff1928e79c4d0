/* api_list.c - ListExecutions and GetExecutionHistory. */
#include <stdlib.h>

#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/version.h"

/* ---- ListExecutions ---- */

struct filter {
	int status;            /* EXECUTION_STATUSES: any */
	const char *qualified; /* ARN of a version or alias they were started by, or NULL */
	int redriven;          /* -1: any, 0 or 1 */
};

static bool same(const char *a, const char *b)
{
	return b && strcmp(a, b) == 0;
}

static bool passes(const struct filter *f, const struct execution *x)
{
	if (f->status != EXECUTION_STATUSES && x->status.now != f->status)
		return false;
	if (f->qualified && !same(f->qualified, x->version_arn) &&
	    !same(f->qualified, x->alias_arn))
		return false;
	return f->redriven < 0 || f->redriven == (x->redrive_count > 0);
}

static void write_row(struct jsonw *w, const struct execution *x)
{
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "executionArn", x->arn);
	if (x->map_run) {
		jsonw_int(w, "itemCount", x->map_run->items[x->item].count);
		jsonw_str(w, "mapRunArn", x->map_run->arn);
	}
	jsonw_str(w, "name", x->name);
	jsonw_int(w, "redriveCount", x->redrive_count);
	if (x->redrive_ms)
		jsonw_date(w, "redriveDate", x->redrive_ms);
	jsonw_date(w, "startDate", x->start_ms);
	jsonw_str(w, "stateMachineAliasArn", x->alias_arn);
	jsonw_str(w, "stateMachineArn", x->machine_arn);
	jsonw_str(w, "stateMachineVersionArn", x->version_arn);
	jsonw_str(w, "status", execution_status_name(x->status.now));
	if (x->stop_ms)
		jsonw_date(w, "stopDate", x->stop_ms);
	jsonw_close(w, '}');
}

static int find_roll(const struct api_call *c, const struct roll **out, struct filter *filter,
		     struct err *err)
{
	const char *machine_arn = json_get_str(c->args, "stateMachineArn");
	const char *run_arn = json_get_str(c->args, "mapRunArn");
	struct target to;
	struct arn a;
	if (!machine_arn == !run_arn)
		return api_refuse(c, err, "MISSING_REQUIRED_PARAMETER",
				  "Exactly one of stateMachineArn and mapRunArn must be specified");
	if (run_arn) {
		int rc = arn_parse_as(&a, run_arn, "mapRun", NULL, err);
		struct map_run *run = rc ? NULL : table_find(&c->e->map_runs, run_arn);
		if (!rc && !run)
			rc = fault(err, "ResourceNotFound", "Resource not found: '%s'", run_arn);
		*out = run ? &run->roll : NULL;
		return rc;
	}
	int rc = target_find(c->e, machine_arn, &to, err);
	filter->qualified = !rc && to.version ? machine_arn : NULL;
	if (!rc && to.machine->express)
		rc = fault(err, "StateMachineTypeNotSupported",
			   "This operation is not supported by this type of state machine");
	*out = rc ? NULL : &to.machine->roll;
	return rc;
}

static int read_filter(const struct api_call *c, struct filter *f, struct err *err)
{
	const char *status = json_get_str(c->args, "statusFilter");
	const char *redrive = json_get_str(c->args, "redriveFilter");
	bool by_machine = json_get(c->args, "stateMachineArn") != NULL;
	f->status = status ? execution_status_of(status) : EXECUTION_STATUSES;
	f->redriven = redrive ? strcmp(redrive, "REDRIVEN") == 0 : -1;
	if (by_machine && redrive)
		return fault(err, "ValidationException",
			     "RedriveFilter cannot be applied to ListExecutions call with "
			     "StateMachine ARN");
	if (by_machine && f->status == EXECUTION_PENDING_REDRIVE)
		return fault(err, "ValidationException",
			     "PENDING_REDRIVE status filter cannot be applied to ListExecutions "
			     "call with StateMachine ARN");
	return 0;
}

static int list_executions(const struct api_call *c, struct err *err)
{
	const struct roll *roll = NULL;
	struct filter filter = { 0 };
	int64_t start = 0;
	int rc = read_filter(c, &filter, err);
	if (!rc)
		rc = find_roll(c, &roll, &filter, err);
	if (rc || !roll)
		return rc;
	if (filter.status != EXECUTION_STATUSES || filter.redriven >= 0)
		api_tells_all(c); /* of those that are left out, too */
	const char *arn = json_get_str(c->args, "mapRunArn");
	arn = arn ? arn : json_get_str(c->args, "stateMachineArn");
	char *about = mem_printf("ListExecutions %s %d %d", arn, filter.status, filter.redriven);
	rc = page_start(c->args, about, &start, err);
	size_t left = page_size(c->args);
	size_t i = start > 0 && (size_t)start < roll->n ? (size_t)start : roll->n;
	if (!rc)
		jsonw_open(c->w, "executions", '[');
	for (; i > 0 && left > 0 && !rc; i--) {
		const struct execution *x = roll->rows[i - 1];
		if (!x || !passes(&filter, x))
			continue;
		api_tells(c, &x->record);
		write_row(c->w, x);
		left--;
	}
	/* Is there another page? */
	while (i > 0 && !(roll->rows[i - 1] && passes(&filter, roll->rows[i - 1])))
		i--;
	if (!rc) {
		jsonw_close(c->w, ']');
		if (i > 0)
			page_next(c, about, (int64_t)i);
	}
	free(about);
	return rc;
}

/* ---- GetExecutionHistory ---- */

static int get_history(const struct api_call *c, struct err *err)
{
	struct execution *x;
	int64_t start;
	bool reverse = json_get_bool(c->args, "reverseOrder", false);
	bool data = json_get_bool(c->args, "includeExecutionData", true);
	int rc = api_find_standard(c, json_get_str(c->args, "executionArn"), &x, err);
	if (rc)
		return rc;
	api_tells(c, &x->record);
	char *about = mem_printf("GetExecutionHistory %s %d", x->arn, reverse);
	rc = page_start(c->args, about, &start, err);
	if (!rc) {
		uint32_t n = x->history.n, i = (uint32_t)start;
		uint32_t end = i + (uint32_t)page_size(c->args);
		jsonw_open(c->w, "events", '[');
		for (; i < n && i < end; i++)
			history_write(c->w, &x->history, reverse ? n - i : i + 1, data);
		jsonw_close(c->w, ']');
		if (i < n)
			page_next(c, about, i);
	}
	free(about);
	return rc;
}

static const struct arg list_args[] = {
	{ .name = "stateMachineArn", .type = ARG_STRING, .min = 1, .max = 256 },
	{ .name = "mapRunArn", .type = ARG_STRING, .min = 1, .max = 2000 },
	{ .name = "statusFilter",
	  .type = ARG_STRING,
	  .choices = "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]" },
	{ .name = "redriveFilter", .type = ARG_STRING, .choices = "[REDRIVEN, NOT_REDRIVEN]" },
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 3096 },
	{ 0 },
};

static const struct arg history_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "reverseOrder", .type = ARG_BOOLEAN },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 1024 },
	{ .name = "includeExecutionData", .type = ARG_BOOLEAN },
	{ 0 },
};

const struct api_row api_list_rows[] = {
	{ "GetExecutionHistory", history_args, get_history },
	{ "ListExecutions", list_args, list_executions },
	{ 0 },
};
