/* A redrive, state by state: what each type of state does, and what is new and what is kept. */
#include "tap.h"

#include "engine_driver.h"

#define ARN(kind, rest) "arn:aws:states:us-east-1:123456789012:" kind ":" rest
#define FUNCTION "arn:aws:lambda:us-east-1:123456789012:function:work"
#define TASK_STATE "{'Type':'Task','Resource':'" FUNCTION "','End':true}"
/* A branch of a Parallel: an Express Map Run over the Parallel's input. */
#define MAP_BRANCH(label) \
	"{'StartAt':'" label "','States':{'" label "':{'Type':'Map','Label':'" label "'," \
	"'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'EXPRESS'}," \
	"'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s','Next':'T'}," \
	"'T':" TASK_STATE "}},'End':true}}}"

static bool broken;
static char seen[600]; /* the last input of the work */

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	struct buf text = BUF_INIT(sizeof(seen));
	(void)d;
	json_write(&text, input);
	(void)snprintf(seen, sizeof(seen), "%s", buf_cstr(&text));
	buf_clear(&text);
	if (broken && json_get_int(input, "n", -1) == 1)
		return "Work.Broken";
	if (strcmp(function, "work") == 0)
		json_write(out, input);
	else
		json_write_string(out, bytes_str(function));
	return NULL;
}

static void open_with(struct driver *d, const char *definition)
{
	driver_open(d, work);
	broken = true;
	driver_machine(d, "m", definition);
}

static void redrive(struct driver *d, const char *arn)
{
	(void)driver_call(d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	CHECK_INT(d->err.code, 0);
	driver_run(d);
}

static const char *execution(struct driver *d, const char *arn, const char *member)
{
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	return driver_get(d, member);
}

static void check_run(struct driver *d, const char *run, const char *status, const char *redrives)
{
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", run);
	CHECK_STR(driver_get(d, "status"), status);
	CHECK_STR(driver_get(d, "redriveCount"), redrives);
}

TEST(two_failed_map_runs_and_a_failed_task_are_all_redriven)
{
	struct driver d;
	char a[300], b[300], now[300];
	open_with(&d, "{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,'Branches':"
		      "[" MAP_BRANCH("A") "," MAP_BRANCH(
			  "B") ",{'StartAt':'S','States':{"
			       "'S':{'Type':'Wait','Seconds':1,'Next':'C'},"
			       "'C':{'Type':'Pass','Result':{'n':1},'Next':'T'},'T':" TASK_STATE
			       "}}]}}}");
	/* Both runs fail at once and close when their slow item is done, after the task has failed. */
	const char *arn = driver_start(&d, "m", "x", "[{'n':1,'s':0},{'n':0,'s':3}]");
	driver_advance(&d, 3000);
	CHECK_STR(execution(&d, arn, "error"), "Work.Broken");
	driver_map_run(&d, arn, 0, b);
	driver_map_run(&d, arn, 1, a);
	check_run(&d, a, "FAILED", "0");
	check_run(&d, b, "FAILED", "0");
	CHECK_STR(driver_get(&d, "itemCounts.aborted"), "0");
	CHECK_INT(d.calls, 5);
	CHECK_STR(
	    driver_history(&d, arn),
	    "1<0 ExecutionStarted, 2<0 ParallelStateEntered, 3<2 ParallelStateStarted, "
	    "4<3 MapStateEntered, 5<4 MapStateStarted, 6<5 MapRunStarted, "
	    "7<3 MapStateEntered, 8<7 MapStateStarted, 9<8 MapRunStarted, "
	    "10<3 WaitStateEntered, 11<10 WaitStateExited, 12<11 PassStateEntered, "
	    "13<12 PassStateExited, 14<13 TaskStateEntered, 15<14 LambdaFunctionScheduled, "
	    "16<15 LambdaFunctionStarted, 17<16 LambdaFunctionFailed, 18<17 TaskStateAborted, "
	    "19<17 ParallelStateFailed, 20<19 ExecutionFailed");

	broken = false;
	redrive(&d, arn);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	CHECK_INT(d.calls, 8); /* one item of each run, and the task */
	driver_map_run(&d, arn, 0, now);
	CHECK_STR(now, b);
	driver_map_run(&d, arn, 1, now);
	CHECK_STR(now, a);
	driver_map_run(&d, arn, 2, now);
	CHECK_STR(now, "(absent)");
	check_run(&d, a, "SUCCEEDED", "1");
	check_run(&d, b, "SUCCEEDED", "1");
	CHECK_STR(
	    strstr(driver_history(&d, arn), "21<"),
	    "21<20 ExecutionRedriven, 22<5 MapRunRedriven, 23<8 MapRunRedriven, "
	    "24<14 LambdaFunctionScheduled, 25<24 LambdaFunctionStarted, 26<22 MapRunSucceeded, "
	    "27<26 MapStateSucceeded, 28<22 MapStateExited, 29<23 MapRunSucceeded, "
	    "30<29 MapStateSucceeded, 31<23 MapStateExited, 32<25 LambdaFunctionSucceeded, "
	    "33<32 TaskStateExited, 34<33 ParallelStateSucceeded, 35<33 ParallelStateExited, "
	    "36<35 ExecutionSucceeded");
	driver_close(&d);
}

TEST(a_wait_begins_again_unless_its_time_is_past)
{
	struct driver d;
	open_with(&d, "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':30,'End':true}}}");
	char arn[300];
	(void)snprintf(arn, sizeof(arn), "%s", driver_start(&d, "m", "x", "{}"));
	driver_advance(&d, 9000);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	redrive(&d, arn);
	driver_advance(&d, 29999);
	CHECK_STR(execution(&d, arn, "status"), "RUNNING");
	driver_advance(&d, 1);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 WaitStateEntered, 3<0 ExecutionAborted, "
		  "4<3 ExecutionRedriven, 5<2 WaitStateExited, 6<5 ExecutionSucceeded");

	driver_machine(&d, "stamp",
		       "{'StartAt':'W','States':{'W':{'Type':'Wait','TimestampPath':'$.at',"
		       "'End':true}}}");
	(void)snprintf(arn, sizeof(arn), "%s",
		       driver_start(&d, "stamp", "x", "{'at':'2026-09-24T00:01:00Z'}"));
	driver_run(&d);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	driver_advance(&d, 60000);
	redrive(&d, arn);
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(choice_and_fail_states_are_not_entered_again)
{
	struct driver d;
	open_with(&d, "{'StartAt':'C','States':{'C':{'Type':'Choice','Choices':[{'Variable':'$.n',"
		      "'NumericEquals':9,'Next':'F'}]},'F':{'Type':'Fail','Error':'E'}}}");
	char arn[300];
	(void)snprintf(arn, sizeof(arn), "%s", driver_start(&d, "m", "none", "{'n':1}"));
	driver_run(&d);
	CHECK_STR(execution(&d, arn, "redriveStatus"), "REDRIVABLE");
	redrive(&d, arn);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 ChoiceStateEntered, 3<2 ExecutionFailed, "
		  "4<3 ExecutionRedriven, 5<2 ExecutionFailed");

	(void)snprintf(arn, sizeof(arn), "%s", driver_start(&d, "m", "fail", "{'n':9}"));
	driver_run(&d);
	redrive(&d, arn);
	CHECK_STR(strstr(driver_history(&d, arn), "4<"),
		  "4<3 FailStateEntered, 5<4 ExecutionFailed, 6<5 ExecutionRedriven, "
		  "7<6 ExecutionFailed");
	CHECK_STR(execution(&d, arn, "redriveStatus"), "REDRIVABLE");
	driver_close(&d);
}

TEST(retries_are_counted_afresh_and_the_context_tells_of_the_redrive)
{
	struct driver d;
	open_with(&d, "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" FUNCTION "',"
		      "'Parameters':{'n.$':'$.n','retries.$':'$$.State.RetryCount',"
		      "'entered.$':'$$.State.EnteredTime','execution.$':'$$.Execution'},"
		      "'Retry':[{'ErrorEquals':['Work.Broken'],'IntervalSeconds':2,"
		      "'MaxAttempts':1}],'End':true}}}");
	const char *arn = driver_start(&d, "m", "x", "{'n':1}");
	driver_advance(&d, 2000);
	CHECK_INT(d.calls, 2);
	CHECK(strstr(seen, "\"retries\":1"));
	CHECK(!strstr(seen, "RedriveTime"));
	driver_advance(&d, 1000);
	redrive(&d, arn);
	CHECK_INT(d.calls, 3);
	CHECK(strstr(seen, "\"retries\":0"));
	CHECK(strstr(seen, "\"entered\":\"2026-09-24T00:00:00.000Z\""));
	CHECK(strstr(seen, "\"StartTime\":\"2026-09-24T00:00:00.000Z\""));
	CHECK(strstr(seen, "\"RedriveCount\":1,\"RedriveTime\":\"2026-09-24T00:00:03.000Z\""));
	driver_advance(&d, 1999);
	CHECK_INT(d.calls, 3);
	broken = false;
	driver_advance(&d, 1);
	CHECK_INT(d.calls, 4);
	CHECK(strstr(seen, "\"retries\":1"));
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(a_task_gets_its_whole_time_again)
{
	struct driver d;
	open_with(&d, "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" FUNCTION "',"
		      "'TimeoutSeconds':5,'End':true}}}");
	const char *arn = driver_start(&d, "m", "x", "{}");
	d.hold = true;
	driver_advance(&d, 5000);
	CHECK_STR(execution(&d, arn, "error"), "States.Timeout");
	redrive(&d, arn);
	driver_advance(&d, 4999);
	CHECK_STR(execution(&d, arn, "status"), "RUNNING");
	driver_advance(&d, 1);
	CHECK_STR(execution(&d, arn, "status"), "FAILED");
	driver_close(&d);
}

TEST(iterations_that_failed_were_aborted_or_never_began_are_run)
{
	struct driver d;
	open_with(&d, "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':2,"
		      "'ItemProcessor':{'StartAt':'W','States':{"
		      "'W':{'Type':'Wait','SecondsPath':'$.s','Next':'T'},'T':" TASK_STATE
		      "}},'End':true}}}");
	const char *arn =
	    driver_start(&d, "m", "x", "[{'n':0,'s':1},{'n':2,'s':9},{'n':1,'s':1},{'n':3,'s':1}]");
	driver_advance(&d, 2000);
	CHECK_STR(execution(&d, arn, "status"), "FAILED");
	CHECK_INT(d.calls, 2);
	broken = false;
	redrive(&d, arn);
	CHECK_INT(d.calls, 3); /* the failed one, at once: its Wait had ended */
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	CHECK_INT(d.calls, 5); /* never the one that was done */
	int started = 0;
	for (const char *p = driver_history(&d, arn);
	     (p = strstr(p, "MapIterationStarted")) != NULL; p++)
		started++;
	CHECK_INT(started, 4);
	driver_close(&d);
}

TEST(an_execution_that_a_state_started_is_started_anew)
{
	struct driver d;
	open_with(&d, "{'StartAt':'T','States':{'T':" TASK_STATE "}}");
	driver_machine(&d, "p",
		       "{'StartAt':'N','States':{'N':{'Type':'Task','Resource':"
		       "'arn:aws:states:::states:startExecution.sync:2','Parameters':{"
		       "'StateMachineArn':'" ARN("stateMachine", "m") "','Input':{'n':1}},"
								      "'End':true}}}");
	const char *arn = driver_start(&d, "p", "x", "{}");
	driver_run(&d);
	CHECK_STR(execution(&d, arn, "error"), "States.TaskFailed");
	broken = false;
	redrive(&d, arn);
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	(void)driver_call(&d, "ListExecutions",
			  "{'stateMachineArn':'" ARN("stateMachine", "m") "'}");
	CHECK_STR(driver_get(&d, "executions.0.status"), "SUCCEEDED");
	CHECK_STR(driver_get(&d, "executions.0.redriveCount"), "0");
	CHECK_STR(driver_get(&d, "executions.1.status"), "FAILED");
	CHECK_STR(driver_get(&d, "executions.2"), "(absent)");
	driver_close(&d);
}

TEST(children_are_redrivable_by_their_map_run_alone_and_listed_by_filters)
{
	struct driver d;
	char run[300], child[300];
	open_with(&d, "{'StartAt':'A','States':{'A':{'Type':'Map','Label':'A','ItemProcessor':{"
		      "'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
		      "'TimeoutSeconds':5,'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':"
		      "'$.s','Next':'T'},'T':" TASK_STATE "}},'ToleratedFailureCount':1,"
		      "'End':true}}}");
	const char *arn = driver_start(&d, "m", "x", "[{'n':0,'s':0},{'n':1,'s':0},{'n':2,'s':6}]");
	driver_advance(&d, 5000);
	driver_map_run(&d, arn, 0, run);
	check_run(&d, run, "FAILED", "0");
	CHECK_STR(driver_get(&d, "itemCounts.failed"), "1");
	CHECK_STR(driver_get(&d, "itemCounts.timedOut"), "1");
	CHECK_STR(driver_get(&d, "itemCounts.failuresNotRedrivable"), "0"); /* threshold crossed */
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','statusFilter':'FAILED'}", run);
	(void)snprintf(child, sizeof(child), "%s", driver_get(&d, "executions.0.executionArn"));
	CHECK_STR(driver_get(&d, "executions.1"), "(absent)");
	CHECK_STR(execution(&d, child, "redriveStatus"), "REDRIVABLE_BY_MAP_RUN");
	CHECK_STR(driver_get(&d, "redriveStatusReason"), "(absent)");
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", child);
	CHECK_STR(d.err.name, "ValidationException");

	broken = false;
	redrive(&d, arn);
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','redriveFilter':'REDRIVEN'}",
			  run);
	CHECK_STR(driver_get(&d, "executions.0.redriveCount"), "1");
	CHECK_STR(driver_get(&d, "executions.1.redriveCount"), "1");
	CHECK_STR(driver_get(&d, "executions.2"), "(absent)");
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','redriveFilter':'NOT_REDRIVEN'}",
			  run);
	CHECK_STR(driver_get(&d, "executions.0.status"), "SUCCEEDED");
	CHECK_STR(driver_get(&d, "executions.1"), "(absent)");
	CHECK_STR(driver_call(&d, "ListExecutions",
			      "{'stateMachineArn':'" ARN("stateMachine",
							 "m") "',"
							      "'redriveFilter':'REDRIVEN'}"),
		  "ValidationException: RedriveFilter cannot be applied to ListExecutions call "
		  "with StateMachine ARN");
	driver_advance(&d, 5000); /* it times out again: one, which is tolerated */
	check_run(&d, run, "SUCCEEDED", "1");
	CHECK_STR(execution(&d, arn, "status"), "SUCCEEDED");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(two_failed_map_runs_and_a_failed_task_are_all_redriven),
	    TAP_CASE(a_wait_begins_again_unless_its_time_is_past),
	    TAP_CASE(choice_and_fail_states_are_not_entered_again),
	    TAP_CASE(retries_are_counted_afresh_and_the_context_tells_of_the_redrive),
	    TAP_CASE(a_task_gets_its_whole_time_again),
	    TAP_CASE(iterations_that_failed_were_aborted_or_never_began_are_run),
	    TAP_CASE(an_execution_that_a_state_started_is_started_anew),
	    TAP_CASE(children_are_redrivable_by_their_map_run_alone_and_listed_by_filters)));
}
