/* Who may be redriven, tokens, and what a redrive restarts. */
#include "tap.h"

#include "engine_driver.h"

#define DAY (INT64_C(24) * 3600 * 1000)

static bool broken; /* does the task fail? */

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	if (broken && strcmp(function, "work") == 0)
		return "Work.Broken";
	json_write(out, input);
	return NULL;
}

static const char fail_machine[] =
    "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E','Cause':'C'}}}";

static const char *redrive(struct driver *d, const char *arn, const char *token)
{
	return driver_call(d, "RedriveExecution", "{'executionArn':'%s','clientToken':'%s'}", arn,
			   token);
}

static const char *reason(struct driver *d, const char *arn)
{
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	return driver_get(d, "redriveStatusReason");
}

/* The message of a refusal for a reason. */
static void check_refused(struct driver *d, const char *arn, const char *why)
{
	char want[512];
	CHECK_STR(reason(d, arn), why);
	CHECK_STR(driver_get(d, "redriveStatus"), "NOT_REDRIVABLE");
	(void)snprintf(want, sizeof(want),
		       "ExecutionNotRedrivable: Execution %s invalid for redrive as: %s", arn, why);
	CHECK_STR(redrive(d, arn, "never"), want);
	CHECK_INT(d->err.status, 400);
}

TEST(a_running_or_succeeded_execution_is_refused)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "w",
		       "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':1,'End':true}}}");
	const char *arn = driver_start(&d, "w", "one", "{}");
	driver_run(&d);
	check_refused(&d, arn, "Execution is RUNNING and cannot be redriven");
	driver_advance(&d, 1000);
	check_refused(&d, arn, "Execution is SUCCEEDED and cannot be redriven");
	driver_close(&d);
}

TEST(fourteen_days_after_the_close_it_is_too_late)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "f", fail_machine);
	const char *arn = driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	driver_advance(&d, 14 * DAY - 1);
	CHECK_STR(reason(&d, arn), "(absent)");
	CHECK_STR(driver_get(&d, "redriveStatus"), "REDRIVABLE");
	driver_advance(&d, 1);
	check_refused(&d, arn, "Execution redrivable period exceeded");
	driver_close(&d);
}

TEST(a_redrive_renews_the_fourteen_days_but_not_the_year)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "f", fail_machine);
	const char *arn = driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	for (int i = 0; i < 36; i++) {
		char token[16];
		driver_advance(&d, 10 * DAY);
		(void)snprintf(token, sizeof(token), "t%d", i);
		(void)redrive(&d, arn, token);
		CHECK_INT(d.err.code, 0);
		driver_run(&d);
	}
	driver_advance(&d, 5 * DAY - 1);
	CHECK_STR(reason(&d, arn), "(absent)");
	driver_advance(&d, 1);
	check_refused(&d, arn, "Execution has exceeded the max execution time");
	driver_close(&d);
}

TEST(an_execution_from_before_the_launch_is_refused)
{
	struct driver d;
	driver_open(&d, work);
	d.now = INT64_C(1700006400000) - 1;
	driver_machine(&d, "f", fail_machine);
	const char *arn = driver_start(&d, "f", "old", "{}");
	driver_run(&d);
	check_refused(&d, arn, "Execution was started before the launch of RedriveExecution");
	d.now++;
	arn = driver_start(&d, "f", "new", "{}");
	driver_run(&d);
	CHECK_STR(reason(&d, arn), "(absent)");
	driver_close(&d);
}

/* A loop of two-event states: `rounds` times, then the task. */
static const char loop_machine[] =
    "{'StartAt':'P','States':{'P':{'Type':'Pass','Parameters':{"
    "'n.$':'States.MathAdd($.n, -1)'},'Next':'C'},"
    "'C':{'Type':'Choice','Choices':[{'Variable':'$.n','NumericGreaterThan':0,'Next':'P'}],"
    "'Default':'T'},"
    "'T':{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:123456789012:function:work',"
    "'End':true}}}";

TEST(a_full_history_is_refused)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	driver_machine(&d, "l", loop_machine);
	/* 1 + 4 a round + entered, scheduled, started, failed, ExecutionFailed: 24,998 events. */
	const char *arn = driver_start(&d, "l", "one", "{'n':6248}");
	driver_run(&d);
	CHECK_STR(reason(&d, arn), "(absent)");
	(void)driver_call(&d, "GetExecutionHistory",
			  "{'executionArn':'%s','reverseOrder':true,'maxResults':1}", arn);
	CHECK_STR(driver_get(&d, "events.0.id"), "24998");
	CHECK_STR(driver_get(&d, "events.0.type"), "ExecutionFailed");
	(void)redrive(&d, arn, "a");
	CHECK_INT(d.err.code, 0);
	driver_run(&d);
	check_refused(&d, arn, "Execution history event limit exceeded");

	arn = driver_start(&d, "l", "endless", "{'n':100000}");
	driver_run(&d);
	check_refused(&d, arn, "Execution history event limit exceeded");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "error"), "States.Runtime");
	driver_close(&d);
}

TEST(a_token_answers_for_fifteen_minutes)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "f", fail_machine);
	const char *arn = driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	(void)redrive(&d, arn, "Abc");
	CHECK_STR(driver_get(&d, "redriveDate"), "1.790208E9");
	CHECK_STR(redrive(&d, arn, "Abc"), "{\"redriveDate\":1.790208E9}");
	driver_run(&d);
	driver_advance(&d, 15 * 60 * 1000 - 1);
	CHECK_STR(redrive(&d, arn, "Abc"), "{\"redriveDate\":1.790208E9}");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "redriveCount"), "1");
	driver_advance(&d, 1);
	CHECK_STR(redrive(&d, arn, "Abc"), "{\"redriveDate\":1.7902089E9}");
	driver_run(&d);
	(void)redrive(&d, arn, "abc"); /* another one: case matters */
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "redriveCount"), "3");
	driver_close(&d);
}

TEST(the_eleventh_token_evicts_the_first)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "f", fail_machine);
	const char *arn = driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	for (int i = 0; i < 11; i++) {
		char token[16];
		(void)snprintf(token, sizeof(token), "t%d", i);
		(void)redrive(&d, arn, token);
		driver_advance(&d, 1000);
	}
	(void)redrive(&d, arn, "t1"); /* still known */
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "redriveCount"), "11");
	(void)redrive(&d, arn, "t0"); /* forgotten: a new redrive */
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "redriveCount"), "12");
	driver_close(&d);
}

TEST(a_refused_token_is_not_used_up)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "w",
		       "{'StartAt':'W','TimeoutSeconds':2,'States':{'W':{'Type':'Wait',"
		       "'Seconds':5,'End':true}}}");
	const char *arn = driver_start(&d, "w", "one", "{}");
	driver_run(&d);
	(void)redrive(&d, arn, "B");
	CHECK_STR(d.err.name, "ExecutionNotRedrivable");
	driver_advance(&d, 2000);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 WaitStateEntered, 3<0 ExecutionTimedOut");
	CHECK_STR(redrive(&d, arn, "B"), "{\"redriveDate\":1.790208002E9}");
	driver_close(&d);
}

TEST(open_executions_are_limited)
{
	struct driver d;
	driver_open(&d, work);
	d.config.max_open_executions = 1;
	driver_reopen(&d);
	driver_machine(&d, "f", fail_machine);
	driver_machine(&d, "w",
		       "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9,'End':true}}}");
	char arn[300];
	(void)snprintf(arn, sizeof(arn), "%s", driver_start(&d, "f", "one", "{}"));
	driver_run(&d);
	(void)driver_start(&d, "w", "two", "{}");
	driver_run(&d);
	(void)redrive(&d, arn, "a");
	CHECK_STR(d.err.name, "ExecutionLimitExceeded");
	driver_advance(&d, 9000);
	(void)redrive(&d, arn, "a");
	CHECK_INT(d.err.code, 0);
	driver_close(&d);
}

TEST(what_is_not_a_plain_execution_is_named)
{
	struct driver d;
	driver_open(&d, work);
	CHECK_STR(redrive(&d, "arn:aws:states:us-east-1:123456789012:execution:m/L:c", "a"),
		  "ValidationException: Labeled Execution ARNs are not supported for this API "
		  "{\"reason\":\"API_DOES_NOT_SUPPORT_LABELED_ARNS\"}");
	CHECK_STR(redrive(&d, "arn:aws:states:us-east-1:123456789012:express:m:c:u", "a"),
		  "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'");
	CHECK_STR(redrive(&d, "arn:aws:states:us-east-1:123456789012:execution:m:no", "a"),
		  "ExecutionDoesNotExist: Execution Does Not Exist: "
		  "'arn:aws:states:us-east-1:123456789012:execution:m:no'");
	CHECK_STR(redrive(&d, "nonsense", "a"),
		  "InvalidArn: Invalid Arn: 'Invalid ARN prefix: nonsense'");
	CHECK_STR(
	    driver_call(&d, "RedriveExecution", "{'clientToken':''}"),
	    "ValidationException: 2 validation errors detected: Value null at 'executionArn' "
	    "failed to satisfy constraint: Member must not be null; Value '' at 'clientToken' "
	    "failed to satisfy constraint: Member must have length greater than or equal to "
	    "1");
	CHECK_STR(redrive(&d, "x", "a b"),
		  "ValidationException: 1 validation error detected: Value 'a b' at 'clientToken' "
		  "failed to satisfy constraint: Member must satisfy regular expression pattern: "
		  "[!-~]+");
	driver_close(&d);
}

TEST(a_failed_task_runs_again_from_its_entry)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	driver_machine(&d, "t",
		       "{'StartAt':'P','States':{'P':{'Type':'Pass','Next':'T'},'T':{'Type':'Task',"
		       "'Resource':'arn:aws:lambda:us-east-1:123456789012:function:work',"
		       "'Retry':[{'ErrorEquals':['Work.Broken'],'MaxAttempts':1}],'End':true}}}");
	const char *arn = driver_start(&d, "t", "one", "{}");
	driver_advance(&d, 5000);
	CHECK_INT(d.calls, 2);
	broken = false;
	(void)redrive(&d, arn, "a");
	driver_run(&d);
	CHECK_INT(d.calls, 3);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 PassStateEntered, 3<2 PassStateExited, "
		  "4<3 TaskStateEntered, 5<4 LambdaFunctionScheduled, 6<5 LambdaFunctionStarted, "
		  "7<6 LambdaFunctionFailed, 8<7 LambdaFunctionScheduled, "
		  "9<8 LambdaFunctionStarted, 10<9 LambdaFunctionFailed, 11<10 ExecutionFailed, "
		  "12<11 ExecutionRedriven, 13<4 LambdaFunctionScheduled, "
		  "14<13 LambdaFunctionStarted, 15<14 LambdaFunctionSucceeded, "
		  "16<15 TaskStateExited, 17<16 ExecutionSucceeded");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_running_or_succeeded_execution_is_refused),
	    TAP_CASE(fourteen_days_after_the_close_it_is_too_late),
	    TAP_CASE(a_redrive_renews_the_fourteen_days_but_not_the_year),
	    TAP_CASE(an_execution_from_before_the_launch_is_refused),
	    TAP_CASE(a_full_history_is_refused), TAP_CASE(a_token_answers_for_fifteen_minutes),
	    TAP_CASE(the_eleventh_token_evicts_the_first), TAP_CASE(a_refused_token_is_not_used_up),
	    TAP_CASE(open_executions_are_limited), TAP_CASE(what_is_not_a_plain_execution_is_named),
	    TAP_CASE(a_failed_task_runs_again_from_its_entry)));
}
