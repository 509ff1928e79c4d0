/* States that start executions of the same engine. */
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

/* A machine `name` whose one state starts `child` with this suffix. */
static void parent(struct driver *d, const char *name, const char *suffix)
{
	char text[600];
	(void)snprintf(
	    text, sizeof(text),
	    "{'StartAt':'N','States':{'N':{'Type':'Task','Resource':"
	    "'arn:aws:states:::states:startExecution%s','Parameters':{"
	    "'StateMachineArn':'" ARN("stateMachine", "child") "','Name':'c',"
							       "'Input':{'a':1}},'End':true}}}",
	    suffix);
	driver_machine(d, name, text);
}

static void open_with_child(struct driver *d, const char *state)
{
	char text[300];
	driver_open(d, nothing);
	(void)snprintf(text, sizeof(text), "{'StartAt':'S','States':{'S':%s}}", state);
	driver_machine(d, "child", text);
}

TEST(a_sync_state_waits_and_takes_the_output)
{
	struct driver d;
	open_with_child(&d, "{'Type':'Wait','Seconds':5,'End':true}");
	parent(&d, "p", ".sync:2");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 TaskScheduled, 4<3 TaskStarted, "
		  "5<4 TaskSubmitted");
	driver_restart(&d); /* it still waits after a restart */
	driver_advance(&d, 5000);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "SUCCEEDED");
	CHECK(strstr(buf_cstr(&d.answer), "\\\"Output\\\":{\\\"a\\\":1}") != NULL);
	driver_close(&d);
}

TEST(a_failing_child_fails_the_state)
{
	struct driver d;
	open_with_child(&d, "{'Type':'Fail','Error':'E','Cause':'C'}");
	parent(&d, "p", ".sync");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "error"), "States.TaskFailed");
	CHECK(strstr(driver_get(&d, "cause"), "{\"Cause\":\"C\",\"Error\":\"E\"") != NULL);
	/* The name is used up: a second parent cannot start it. */
	arn = driver_start(&d, "p", "two", "{}");
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "error"), "StepFunctions.ExecutionAlreadyExistsException");
	driver_close(&d);
}

TEST(two_states_may_wait_for_one_execution)
{
	struct driver d;
	char one[300];
	open_with_child(&d, "{'Type':'Wait','Seconds':5,'End':true}");
	parent(&d, "p", ".sync");
	(void)snprintf(one, sizeof(one), "%s", driver_start(&d, "p", "one", "{}"));
	const char *two = driver_start(&d, "p", "two", "{}");
	driver_run(&d);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", one);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}",
			  ARN("execution", "child:c"));
	CHECK_STR(driver_get(&d, "status"), "RUNNING"); /* the other still waits */
	driver_advance(&d, 5000);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", two);
	CHECK_STR(driver_get(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(stopping_the_parent_stops_the_child)
{
	struct driver d;
	open_with_child(&d, "{'Type':'Wait','Seconds':5,'End':true}");
	parent(&d, "p", ".sync");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}",
			  ARN("execution", "child:c"));
	CHECK_STR(driver_get(&d, "status"), "ABORTED");
	driver_close(&d);
}

TEST(a_state_without_suffix_goes_on_at_once)
{
	struct driver d;
	open_with_child(&d, "{'Type':'Wait','Seconds':5,'End':true}");
	parent(&d, "p", "");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 TaskScheduled, 4<3 TaskStarted, "
		  "5<4 TaskSucceeded, 6<5 TaskStateExited, 7<6 ExecutionSucceeded");
	driver_close(&d);
}

TEST(the_token_of_a_sync_state_ends_it_before_its_child)
{
	static const char child[] = ARN("execution", "child:c");
	struct driver d;
	char token[700];
	open_with_child(&d, "{'Type':'Wait','Seconds':500,'End':true}");
	driver_machine(
	    &d, "p",
	    "{'StartAt':'N','States':{'N':{'Type':'Task','Resource':"
	    "'arn:aws:states:::states:startExecution.sync','Parameters':{"
	    "'StateMachineArn':'" ARN("stateMachine",
				      "child") "','Name':'c',"
					       "'Input':{'t.$':'$$.Task.Token'}},'End':true}}}");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", child);
	cJSON *input = json_parse(bytes_str(driver_get(&d, "input")), NULL);
	(void)snprintf(token, sizeof(token), "%s", json_get_str(input, "t"));
	cJSON_Delete(input);
	driver_restart(&d); /* it is still good after a restart */
	CHECK_STR(driver_call(&d, "SendTaskSuccess", "{'taskToken':'%s','output':'1'}", token),
		  "{}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 TaskScheduled, 4<3 TaskStarted, "
		  "5<4 TaskSubmitted, 6<5 TaskSucceeded, 7<6 TaskStateExited, "
		  "8<7 ExecutionSucceeded");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", child);
	CHECK_STR(driver_get(&d, "status"), "RUNNING");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_sync_state_waits_and_takes_the_output),
				 TAP_CASE(a_failing_child_fails_the_state),
				 TAP_CASE(two_states_may_wait_for_one_execution),
				 TAP_CASE(stopping_the_parent_stops_the_child),
				 TAP_CASE(a_state_without_suffix_goes_on_at_once),
				 TAP_CASE(the_token_of_a_sync_state_ends_it_before_its_child)));
}
