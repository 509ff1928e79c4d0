/* States that call the service itself: aws-sdk:sfn. */
#include "tap.h"

#include "engine_driver.h"

#define ARN(kind, rest) "arn:aws:states:us-east-1:123456789012:" kind ":" rest

static const char *nothing(struct driver *d, const char *function, const cJSON *input,
			   struct buf *out)
{
	(void)d;
	(void)function;
	(void)input;
	(void)out;
	return "Unexpected";
}

/* A machine whose one state calls an operation. */
static void caller(struct driver *d, const char *name, const char *operation,
		   const char *parameters)
{
	char text[900];
	(void)snprintf(text, sizeof(text),
		       "{'StartAt':'C','States':{'C':{'Type':'Task','Resource':"
		       "'arn:aws:states:::aws-sdk:sfn:%s','Parameters':%s,'End':true}}}",
		       operation, parameters);
	driver_machine(d, name, text);
}

/* Run a call to its end; the answer is DescribeExecution of the caller. */
static const char *run_call(struct driver *d, const char *operation, const char *parameters)
{
	static int nth;
	char name[40];
	(void)snprintf(name, sizeof(name), "call-%d", nth++);
	caller(d, name, operation, parameters);
	const char *arn = driver_start(d, name, "one", "{}");
	driver_run(d);
	return driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
}

static void check_output(struct driver *d, const char *operation, const char *parameters,
			 const char *want)
{
	(void)run_call(d, operation, parameters);
	CHECK_STR(driver_get(d, "output"), want);
}

static void check_refused(struct driver *d, const char *operation, const char *parameters,
			  const char *error, const char *cause)
{
	char start[512];
	static const char end[] = ") (SDK Attempt Count: 1)";
	(void)run_call(d, operation, parameters);
	CHECK_STR(driver_get(d, "error"), error);
	const char *got = driver_get(d, "cause");
	(void)snprintf(start, sizeof(start),
		       "%s (Service: Sfn, Status Code: 400, Request ID: ", cause);
	CHECK(strncmp(got, start, strlen(start)) == 0);
	CHECK_STR(got + strlen(start) + 36, end);
}

static const char fail_machine[] =
    "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E','Cause':'C'}}}";

TEST(an_object_stands_for_its_json_text)
{
	struct driver d;
	driver_open(&d, nothing);
	driver_machine(&d, "p", "{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}");
	check_output(
	    &d, "startExecution",
	    "{'StateMachineArn':'" ARN("stateMachine", "p") "','Name':'n',"
							    "'Input':{'Key':'v'}}",
	    "{\"ExecutionArn\":\"" ARN("execution", "p:n") "\",\"StartDate\":"
							   "\"2026-09-24T00:00:00.000Z\"}");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}",
			  ARN("execution", "p:n"));
	CHECK_STR(driver_get(&d, "output"), "{\"Key\":\"v\"}");
	check_output(&d, "createStateMachine",
		     "{'Name':'q','RoleArn':'arn:aws:iam::123456789012:role/r','Definition':"
		     "{'StartAt':'P','States':{'P':{'Type':'Succeed'}}}}",
		     "{\"CreationDate\":\"2026-09-24T00:00:00.000Z\",\"StateMachineArn\":"
		     "\"" ARN("stateMachine", "q") "\"}");
	driver_close(&d);
}

TEST(a_call_is_a_task_of_the_history)
{
	struct driver d;
	driver_open(&d, nothing);
	caller(&d, "c", "listActivities", "{}");
	const char *arn = driver_start(&d, "c", "one", "{}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 TaskScheduled, 4<3 TaskStarted, "
		  "5<4 TaskSucceeded, 6<5 TaskStateExited, 7<6 ExecutionSucceeded");
	(void)driver_call(&d, "GetExecutionHistory", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "events.2.taskScheduledEventDetails.resourceType"), "aws-sdk:sfn");
	CHECK_STR(driver_get(&d, "events.2.taskScheduledEventDetails.resource"), "listActivities");
	CHECK_STR(driver_get(&d, "events.4.taskSucceededEventDetails.output"),
		  "{\"Activities\":[]}");
	driver_close(&d);
}

TEST(a_machine_redrives_an_execution)
{
	struct driver d;
	driver_open(&d, nothing);
	driver_machine(&d, "f", fail_machine);
	(void)driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	driver_advance(&d, 1500);
	check_output(&d, "redriveExecution", "{'ExecutionArn':'" ARN("execution", "f:one") "'}",
		     "{\"RedriveDate\":\"2026-09-24T00:00:01.500Z\"}");
	check_output(&d, "describeExecution", "{'ExecutionArn':'" ARN("execution", "f:one") "'}",
		     "{\"Cause\":\"C\",\"Error\":\"E\",\"ExecutionArn\":\"" ARN(
			 "execution", "f:one") "\",\"Input\":\"{}\",\"InputDetails\":{"
					       "\"Included\":true},\"Name\":\"one\","
					       "\"RedriveCount\":1,\"RedriveDate\":"
					       "\"2026-09-24T00:00:01.500Z\",\"RedriveStatus\":"
					       "\"REDRIVABLE\",\"StartDate\":"
					       "\"2026-09-24T00:00:00.000Z\","
					       "\"StateMachineArn\":\"" ARN(
						   "stateMachine",
						   "f") "\",\"Status\":\"FAILED\",\"StopDate\":"
							"\"2026-09-24T00:00:01.500Z\"}");
	check_refused(&d, "redriveExecution", "{'ExecutionArn':'" ARN("execution", "f:no") "'}",
		      "Sfn.ExecutionDoesNotExistException",
		      "Execution Does Not Exist: '" ARN("execution", "f:no") "'");
	driver_close(&d);
}

TEST(a_machine_describes_a_map_run)
{
	struct driver d;
	char parameters[400];
	driver_open(&d, nothing);
	driver_machine(&d, "m",
		       "{'StartAt':'M','States':{'M':{'Type':'Map','Label':'M','ItemProcessor':{"
		       "'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
		       "'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}},'End':true}}}");
	(void)driver_start(&d, "m", "one", "[1,2]");
	driver_run(&d);
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'%s'}", ARN("execution", "m:one"));
	(void)snprintf(parameters, sizeof(parameters), "{'MapRunArn':'%s'}",
		       driver_get(&d, "mapRuns.0.mapRunArn"));
	(void)run_call(&d, "describeMapRun", parameters);
	const char *text = buf_cstr(&d.answer);
	CHECK(strstr(text, "\\\"ItemCounts\\\":{\\\"Aborted\\\":0,\\\"Failed\\\":0,"
			   "\\\"FailuresNotRedrivable\\\":0,") != NULL);
	CHECK(strstr(text, "\\\"ToleratedFailurePercentage\\\":0.0}") != NULL);
	check_refused(&d, "describeMapRun", "{'MapRunArn':'" ARN("mapRun", "m/M:none") "'}",
		      "Sfn.ResourceNotFoundException",
		      "Resource not found: '" ARN("mapRun", "m/M:none") "'");
	driver_close(&d);
}

TEST(errors_are_named_after_the_exceptions_of_the_sdk)
{
	struct driver d;
	driver_open(&d, nothing);
	check_refused(&d, "stopExecution", "{'ExecutionArn':'x'}", "Sfn.InvalidArnException",
		      "Invalid Arn: 'Invalid ARN prefix: x'");
	check_refused(&d, "describeMapRun", "{}", "Sfn.ValidationException",
		      "1 validation error detected: Value null at 'mapRunArn' failed to satisfy "
		      "constraint: Member must not be null");
	(void)run_call(&d, "describeMapRun", "{'mapRunArn':'x'}");
	CHECK_STR(driver_get(&d, "error"), "States.Runtime");
	CHECK_STR(driver_get(&d, "cause"),
		  "The field 'mapRunArn' is not supported by Step Functions");
	(void)run_call(&d, "collectSyncExecution", "{'ExecutionArn':'x'}");
	CHECK_STR(driver_get(&d, "error"), "States.Runtime");
	driver_close(&d);
}

TEST(an_execution_may_stop_itself)
{
	struct driver d;
	driver_open(&d, nothing);
	caller(&d, "c", "stopExecution", "{'ExecutionArn.$':'$$.Execution.Id','Error':'Me'}");
	const char *arn = driver_start(&d, "c", "one", "{}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 TaskScheduled, 4<3 TaskStarted, "
		  "5<0 ExecutionAborted");
	driver_close(&d);
}

static void open_waiting(struct driver *d)
{
	driver_open(d, nothing);
	d->waits = true;
	driver_reopen(d);
}

static void check_status(struct driver *d, const char *arn, const char *status, const char *output)
{
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(d, "status"), status);
	CHECK_STR(driver_get(d, "output"), output);
}

TEST(a_worker_that_is_a_machine_waits_for_a_task)
{
	struct driver d;
	char worker[300];
	open_waiting(&d);
	(void)driver_call(&d, "CreateActivity", "{'name':'a'}");
	caller(&d, "w", "getActivityTask", "{'ActivityArn':'" ARN("activity", "a") "'}");
	(void)snprintf(worker, sizeof(worker), "%s", driver_start(&d, "w", "one", "{}"));
	driver_run(&d);
	driver_restart(&d); /* it still waits */
	driver_advance(&d, 59999);
	check_status(&d, worker, "RUNNING", "(absent)");
	driver_advance(&d, 1);
	check_status(&d, worker, "SUCCEEDED", "{}");

	(void)snprintf(worker, sizeof(worker), "%s", driver_start(&d, "w", "two", "{}"));
	driver_advance(&d, 1000);
	driver_machine(&d, "t",
		       "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" ARN(
			   "activity", "a") "','End':true}}}");
	(void)driver_start(&d, "t", "one", "{'n':1}");
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", worker);
	CHECK_STR(driver_get(&d, "status"), "SUCCEEDED");
	CHECK(strstr(driver_get(&d, "output"), "{\"Input\":\"{\\\"n\\\":1}\",\"TaskToken\":\"") !=
	      NULL);
	driver_close(&d);
}

static void make_express(struct driver *d)
{
	(void)driver_call(d, "CreateStateMachine",
			  "{'name':'x','type':'EXPRESS','roleArn':'arn:aws:iam::123456789012:role/r"
			  "','definition':'{\\'StartAt\\':\\'W\\',\\'States\\':{\\'W\\':{"
			  "\\'Type\\':\\'Wait\\',\\'Seconds\\':2,\\'End\\':true}}}'}");
	CHECK_INT(d->err.code, 0);
}

TEST(a_synchronous_execution_is_waited_for)
{
	struct driver d;
	open_waiting(&d);
	make_express(&d);
	caller(&d, "c", "startSyncExecution",
	       "{'StateMachineArn':'" ARN("stateMachine", "x") "','Input':{'a':1}}");
	const char *arn = driver_start(&d, "c", "one", "{}");
	driver_advance(&d, 1999);
	check_status(&d, arn, "RUNNING", "(absent)");
	driver_restart(&d);
	driver_advance(&d, 1);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "SUCCEEDED");
	const char *text = driver_get(&d, "output");
	CHECK(strncmp(text, "{\"BillingDetails\":{\"BilledDurationInMilliseconds\":2000,", 53) ==
	      0);
	CHECK(strstr(text, "\"Output\":\"{\\\"a\\\":1}\"") != NULL);

	arn = driver_start(&d, "c", "two", "{}");
	driver_run(&d);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	driver_advance(&d, 400000);
	check_status(&d, arn, "ABORTED", "(absent)");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(an_object_stands_for_its_json_text), TAP_CASE(a_call_is_a_task_of_the_history),
	    TAP_CASE(a_machine_redrives_an_execution), TAP_CASE(a_machine_describes_a_map_run),
	    TAP_CASE(errors_are_named_after_the_exceptions_of_the_sdk),
	    TAP_CASE(an_execution_may_stop_itself),
	    TAP_CASE(a_worker_that_is_a_machine_waits_for_a_task),
	    TAP_CASE(a_synchronous_execution_is_waited_for)));
}
