/* api_sync.c - StartSyncExecution: an Express execution whose end is the answer. */
#include "local/core/api.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/mem.h"

enum { LONGEST_S = 310 }; /* Express executions end after five minutes */

static int start_sync(const struct api_call *c, struct err *err)
{
	struct target to;
	struct execution *x;
	int rc = target_find(c->e, json_get_str(c->args, "stateMachineArn"), &to, err);
	if (rc)
		return rc;
	if (!to.machine->express || !c->may_wait)
		return fault(err, "StateMachineTypeNotSupported",
			     "This operation is not supported by this type of state machine");
	rc = api_start(c, &to, &x, err);
	if (rc)
		return rc;
	struct buf args = MEM_BUF;
	x->sync = true;
	buf_adds(&args, "{\"executionArn\":");
	json_write_string(&args, bytes_str(x->arn));
	buf_adds(&args, "}");
	rc = api_wait(c, &(struct api_wait){ x->arn, API_COLLECT, buf_bytes(&args), LONGEST_S },
		      err);
	buf_clear(&args);
	return rc;
}

static int collect(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "executionArn");
	struct execution *x = table_find(&c->e->executions, arn);
	if (!x || !x->sync || execution_is_open(x))
		return fault(err, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn);
	int64_t took = x->stop_ms > x->start_ms ? x->stop_ms - x->start_ms : 1;
	const char *colon = strrchr(x->name, ':');
	jsonw_open(c->w, "billingDetails", '{');
	jsonw_int(c->w, "billedDurationInMilliseconds", (took + 99) / 100 * 100);
	jsonw_int(c->w, "billedMemoryUsedInMB", 64);
	jsonw_close(c->w, '}');
	jsonw_str(c->w, "cause", x->cause);
	jsonw_str(c->w, "error", x->error);
	jsonw_str(c->w, "executionArn", x->arn);
	api_write_data(c->w, "input", "inputDetails", x->input);
	jsonw_bytes(c->w, "name",
		    (struct bytes){ x->name, colon ? (size_t)(colon - x->name) : strlen(x->name) });
	api_write_data(c->w, "output", "outputDetails", x->output);
	jsonw_date(c->w, "startDate", x->start_ms);
	jsonw_str(c->w, "stateMachineArn", x->machine_arn);
	jsonw_str(c->w, "status", execution_status_name(x->status.now));
	jsonw_date(c->w, "stopDate", x->stop_ms);
	jsonw_str(c->w, "traceHeader", x->trace_header);
	execution_bury(x);
	return 0;
}

static const struct arg collect_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 2000 },
	{ 0 },
};

const struct api_row api_sync_rows[] = {
	{ API_COLLECT, collect_args, collect },
	{ "StartSyncExecution", api_start_args, start_sync },
	{ 0 },
};
