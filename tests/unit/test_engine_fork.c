/* Parallel and Inline Map: histories and redrives as they were recorded. */
#include "tap.h"

#include "engine_driver.h"

#define WORK "arn:aws:states:us-east-1:123456789012:activity:work"

static const char *nothing(struct driver *d, const char *function, const cJSON *input,
			   struct buf *out)
{
	(void)d;
	(void)function;
	(void)input;
	(void)out;
	return "Unexpected";
}

static char tokens[3][700];

/* Lease the next task; its token goes to tokens[i]. */
static void lease(struct driver *d, int i)
{
	(void)driver_call(d, "GetActivityTask", "{'activityArn':'" WORK "','workerName':'w'}");
	cJSON *tree = json_parse(buf_bytes(&d->answer), NULL);
	const char *token = json_get_str(tree, "taskToken");
	(void)snprintf(tokens[i], sizeof(tokens[i]), "%s", token ? token : "");
	cJSON_Delete(tree);
}

static const char *succeed(struct driver *d, int i, const char *output)
{
	const char *answer = driver_call(d, "SendTaskSuccess", "{'taskToken':'%s','output':'%s'}",
					 tokens[i], output);
	driver_run(d);
	return answer;
}

static void fail(struct driver *d, int i)
{
	(void)driver_call(d, "SendTaskFailure",
			  "{'taskToken':'%s','error':'Probe.Retry','cause':'c'}", tokens[i]);
	driver_run(d);
}

#define TASK(name) "'" name "':{'Type':'Task','Resource':'" WORK "','End':true}"
#define BRANCH(name) "{'StartAt':'" name "','States':{" TASK(name) "}}"

static void open_with_activity(struct driver *d)
{
	driver_open(d, nothing);
	(void)driver_call(d, "CreateActivity", "{'name':'work'}");
}

TEST(a_parallel_reruns_its_failed_and_aborted_branches)
{
	struct driver d;
	open_with_activity(&d);
	driver_machine(&d, "p",
		       "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':[" BRANCH(
			   "A") "," BRANCH("B") "," BRANCH("C") "],'End':true}}}");
	const char *arn = driver_start(&d, "p", "one", "{}");
	driver_run(&d);
	for (int i = 0; i < 3; i++)
		lease(&d, i);
	(void)succeed(&d, 0, "1");
	fail(&d, 1);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 ParallelStateEntered, 3<2 ParallelStateStarted, "
		  "4<3 TaskStateEntered, 5<4 ActivityScheduled, 6<3 TaskStateEntered, "
		  "7<6 ActivityScheduled, 8<3 TaskStateEntered, 9<8 ActivityScheduled, "
		  "10<5 ActivityStarted, 11<7 ActivityStarted, 12<9 ActivityStarted, "
		  "13<10 ActivitySucceeded, 14<13 TaskStateExited, 15<11 ActivityFailed, "
		  "16<15 TaskStateAborted, 17<15 TaskStateAborted, 18<15 ParallelStateFailed, "
		  "19<18 ExecutionFailed");
	/* Recorded: the cancelled worker's heartbeat is still answered, its result is not taken. */
	CHECK_STR(driver_call(&d, "SendTaskHeartbeat", "{'taskToken':'%s'}", tokens[2]), "{}");
	CHECK_STR(succeed(&d, 2, "3"), "TaskTimedOut: Task Timed Out: '" WORK "'");

	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	CHECK_STR(driver_call(&d, "SendTaskHeartbeat", "{'taskToken':'%s'}", tokens[2]),
		  "TaskTimedOut: Task Timed Out: '" WORK "'");
	lease(&d, 1);
	lease(&d, 2);
	(void)succeed(&d, 2, "3");
	(void)succeed(&d, 1, "2");
	CHECK_STR(strstr(driver_history(&d, arn), "20<"),
		  "20<19 ExecutionRedriven, 21<6 ActivityScheduled, 22<8 ActivityScheduled, "
		  "23<21 ActivityStarted, 24<22 ActivityStarted, 25<24 ActivitySucceeded, "
		  "26<25 TaskStateExited, 27<23 ActivitySucceeded, 28<27 TaskStateExited, "
		  "29<28 ParallelStateSucceeded, 30<28 ParallelStateExited, "
		  "31<30 ExecutionSucceeded");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "output"), "[1,2,3]");
	driver_close(&d);
}

TEST(an_inline_map_resumes_and_starts_the_rest)
{
	struct driver d;
	open_with_activity(&d);
	driver_machine(&d, "m",
		       "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':1,"
		       "'ItemProcessor':" BRANCH("T") ",'End':true}}}");
	const char *arn = driver_start(&d, "m", "one", "[0,1,2]");
	driver_run(&d);
	lease(&d, 0);
	(void)succeed(&d, 0, "10");
	lease(&d, 1);
	fail(&d, 1);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	lease(&d, 1);
	(void)succeed(&d, 1, "11");
	lease(&d, 2);
	(void)succeed(&d, 2, "12");
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapIterationStarted, 5<4 TaskStateEntered, 6<5 ActivityScheduled, "
		  "7<6 ActivityStarted, 8<7 ActivitySucceeded, 9<8 TaskStateExited, "
		  "10<9 MapIterationSucceeded, 11<9 MapIterationStarted, 12<11 TaskStateEntered, "
		  "13<12 ActivityScheduled, 14<13 ActivityStarted, 15<14 ActivityFailed, "
		  "16<15 MapIterationFailed, 17<15 TaskStateAborted, 18<15 MapStateFailed, "
		  "19<18 ExecutionFailed, 20<19 ExecutionRedriven, 21<12 ActivityScheduled, "
		  "22<21 ActivityStarted, 23<22 ActivitySucceeded, 24<23 TaskStateExited, "
		  "25<24 MapIterationSucceeded, 26<24 MapIterationStarted, 27<26 TaskStateEntered, "
		  "28<27 ActivityScheduled, 29<28 ActivityStarted, 30<29 ActivitySucceeded, "
		  "31<30 TaskStateExited, 32<31 MapIterationSucceeded, 33<32 MapStateSucceeded, "
		  "34<32 MapStateExited, 35<34 ExecutionSucceeded");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "output"), "[10,11,12]");
	driver_close(&d);
}

TEST(a_failing_iteration_takes_the_others_down)
{
	struct driver d;
	open_with_activity(&d);
	driver_machine(
	    &d, "m",
	    "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':2,"
	    "'ItemProcessor':" BRANCH(
		"T") ",'Catch':[{'ErrorEquals':['States.ALL'],"
		     "'ResultPath':'$','Next':'E'}],'End':true},'E':{'Type':'Pass','End':true}}}");
	const char *arn = driver_start(&d, "m", "one", "[0,1]");
	driver_run(&d);
	lease(&d, 0);
	lease(&d, 1);
	fail(&d, 1);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapIterationStarted, 5<3 MapIterationStarted, 6<4 TaskStateEntered, "
		  "7<6 ActivityScheduled, 8<5 TaskStateEntered, 9<8 ActivityScheduled, "
		  "10<7 ActivityStarted, 11<9 ActivityStarted, 12<11 ActivityFailed, "
		  "13<12 MapIterationAborted, 14<12 TaskStateAborted, 15<12 MapIterationFailed, "
		  "16<12 TaskStateAborted, 17<12 MapStateFailed, 18<17 MapStateExited, "
		  "19<18 PassStateEntered, 20<19 PassStateExited, 21<20 ExecutionSucceeded");
	driver_close(&d);
}

TEST(clocks_of_an_activity_start_with_the_lease)
{
	struct driver d;
	open_with_activity(&d);
	driver_machine(&d, "t",
		       "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" WORK "',"
		       "'TimeoutSeconds':9,'HeartbeatSeconds':4,'End':true}}}");
	const char *arn = driver_start(&d, "t", "one", "{}");
	driver_advance(&d, 60000);
	lease(&d, 0);
	driver_advance(&d, 3999);
	CHECK_STR(driver_call(&d, "SendTaskHeartbeat", "{'taskToken':'%s'}", tokens[0]), "{}");
	driver_advance(&d, 3999);
	CHECK_STR(driver_call(&d, "SendTaskHeartbeat", "{'taskToken':'%s'}", tokens[0]), "{}");
	driver_restart(&d); /* the lease survives */
	driver_advance(&d, 2000);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "FAILED");
	CHECK_STR(driver_get(&d, "error"), "States.Timeout");
	CHECK_STR(driver_get(&d, "cause"), "(absent)");
	CHECK_STR(driver_get(&d, "stopDate"), "1.790208069E9");
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 TaskStateEntered, 3<2 ActivityScheduled, "
		  "4<3 ActivityStarted, 5<4 ActivityTimedOut, 6<5 ExecutionFailed");
	driver_close(&d);
}

TEST(tokens_are_checked_in_the_recorded_order)
{
	struct driver d;
	open_with_activity(&d);
	driver_machine(&d, "t", "{'StartAt':'T','States':{" TASK("T") "}}");
	(void)driver_start(&d, "t", "one", "{}");
	driver_run(&d);
	lease(&d, 0);
	CHECK_STR(driver_call(&d, "SendTaskSuccess", "{'taskToken':''}"),
		  "ValidationException: 2 validation errors detected: Value '' at 'taskToken' "
		  "failed to satisfy constraint: Member must have length greater than or equal to "
		  "1; Value at 'output' failed to satisfy constraint: Member must not be null");
	CHECK_STR(driver_call(&d, "SendTaskSuccess", "{'taskToken':'abc','output':'no'}"),
		  "InvalidToken: Invalid Token: 'Invalid token'");
	CHECK_STR(succeed(&d, 0, "not-json"),
		  "InvalidOutput: Invalid Output: 'not-json' is not valid JSON.");
	CHECK_STR(succeed(&d, 0, "{}"), "{}"); /* the task survived that */
	CHECK_STR(succeed(&d, 0, "not-json"),
		  "InvalidOutput: Invalid Output: 'not-json' is not valid JSON.");
	CHECK_STR(succeed(&d, 0, "{}"), "TaskTimedOut: Task Timed Out: '" WORK "'");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_parallel_reruns_its_failed_and_aborted_branches),
				 TAP_CASE(an_inline_map_resumes_and_starts_the_rest),
				 TAP_CASE(a_failing_iteration_takes_the_others_down),
				 TAP_CASE(clocks_of_an_activity_start_with_the_lease),
				 TAP_CASE(tokens_are_checked_in_the_recorded_order)));
}
