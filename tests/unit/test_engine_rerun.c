/* What a redrive does to Map Runs in every state they may be in, and to machines that changed. */
#include "tap.h"

#include "engine_driver.h"

#define ARN(kind, rest) "arn:aws:states:us-east-1:123456789012:" kind ":" rest
#define TASK_STATE \
	"{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:123456789012:function:work','End':" \
	"true}"
/* A Distributed Map whose children are of this type and begin with `first`. */
#define MAP(label, type, first) \
	"{'Type':'Map','Label':'" label "','ItemProcessor':{'ProcessorConfig':{'Mode':" \
	"'DISTRIBUTED','ExecutionType':'" type "'},'StartAt':'W','States':{" first \
	"'T':" TASK_STATE "}},'End':true"
#define WAIT_FIRST "'W':{'Type':'Wait','SecondsPath':'$.s','Next':'T'},"

#define MAP_FLOW(label) \
	"{'StartAt':'" label "','States':{'" label "':" MAP(label, "STANDARD", WAIT_FIRST) "}}}"
#define PARALLEL(branches) \
	"{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,'Branches':[" branches "]}}}"

static bool broken; /* does the work fail for items with n = 1? */

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	(void)function;
	if (broken && json_get_int(input, "n", -1) == 1)
		return "Work.Broken";
	json_write(out, input);
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
}

static void check_execution(struct driver *d, const char *arn, const char *member, const char *want)
{
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(d, member), want);
}

static void check_run(struct driver *d, const char *run, const char *status, const char *redrives)
{
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", run);
	CHECK_STR(driver_get(d, "status"), status);
	CHECK_STR(driver_get(d, "redriveCount"), redrives);
}

TEST(all_branches_of_a_parallel_are_redriven_with_their_map_runs)
{
	struct driver d;
	char one[300], two[300], more[300];
	open_with(&d,
		  PARALLEL(MAP_FLOW("A") "," MAP_FLOW(
		      "B") ","
			   "{'StartAt':'S','States':{'S':{'Type':'Wait','Seconds':1,'Next':'C'},"
			   "'C':{'Type':'Pass','Result':{'n':1},'Next':'T'},'T':" TASK_STATE "}}"));
	const char *arn = driver_start(&d, "m", "x", "[{'n':0,'s':0},{'n':2,'s':5}]");
	driver_advance(&d, 1000);
	check_execution(&d, arn, "error", "Work.Broken");
	driver_map_run(&d, arn, 0, one);
	driver_map_run(&d, arn, 1, two);
	check_run(&d, one, "ABORTED", "0");
	CHECK_STR(driver_get(&d, "itemCounts.aborted"), "1");
	check_run(&d, two, "ABORTED", "0");
	CHECK_INT(d.calls, 3);
	broken = false;
	redrive(&d, arn);
	driver_advance(&d, 6000);
	check_execution(&d, arn, "status", "SUCCEEDED");
	CHECK_INT(d.calls, 6); /* the items that were done are not done again */
	check_run(&d, one, "SUCCEEDED", "1");
	check_run(&d, two, "SUCCEEDED", "1");
	driver_map_run(&d, arn, 2, more);
	CHECK_STR(more, "(absent)");
	driver_close(&d);
}

TEST(a_map_state_that_had_not_begun_starts_its_first_map_run)
{
	struct driver d;
	char run[300];
	open_with(&d, "{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,'Branches':["
		      "{'StartAt':'S','States':{'S':{'Type':'Wait','Seconds':5,'Next':'A'},"
		      "'A':" MAP("A", "STANDARD",
				 WAIT_FIRST) ",'ItemsPath':'$.items'}}},"
					     "{'StartAt':'T','States':{'T':" TASK_STATE "}}]}}}");
	const char *arn = driver_start(&d, "m", "x", "{'n':1,'items':[{'n':0,'s':0}]}");
	driver_run(&d);
	check_execution(&d, arn, "status", "FAILED");
	driver_map_run(&d, arn, 0, run);
	CHECK_STR(run, "(absent)");
	broken = false;
	redrive(&d, arn);
	driver_advance(&d, 5000);
	check_execution(&d, arn, "status", "SUCCEEDED");
	driver_map_run(&d, arn, 0, run);
	check_run(&d, run, "SUCCEEDED", "0");
	driver_close(&d);
}

/* A run that succeeded, in a state that failed on its result: a redrive makes another run. */
static void check_new_run(struct driver *d, const char *error)
{
	char first[300], second[300];
	const char *arn = driver_start(d, "m", "x", "[{'n':0,'s':0},{'n':2,'s':0}]");
	driver_run(d);
	check_execution(d, arn, "error", error);
	driver_map_run(d, arn, 0, first);
	check_run(d, first, "SUCCEEDED", "0");
	redrive(d, arn);
	driver_run(d);
	driver_map_run(d, arn, 0, second);
	CHECK(strcmp(first, second) != 0);
	check_run(d, second, "SUCCEEDED", "0");
	check_run(d, first, "SUCCEEDED", "0");
	CHECK_INT(d->calls, 4);
	driver_close(d);
}

TEST(a_result_that_is_too_large_means_a_new_map_run)
{
	struct driver d;
	driver_open(&d, work);
	d.config.max_data_bytes = 20;
	driver_reopen(&d);
	driver_machine(&d, "m",
		       "{'StartAt':'A','States':{'A':" MAP("A", "STANDARD", WAIT_FIRST) "}}}");
	check_new_run(&d, "States.DataLimitExceeded");
}

TEST(a_result_that_cannot_be_selected_means_a_new_map_run)
{
	struct driver d;
	open_with(&d, "{'StartAt':'A','States':{'A':" MAP(
			  "A", "STANDARD", WAIT_FIRST) ",'ResultSelector':{'a.$':'$.missing'}}}}");
	check_new_run(&d, "States.Runtime");
}

TEST(a_map_run_that_is_closing_finishes_that_first)
{
	struct driver d;
	char run[300];
	open_with(&d, "{'StartAt':'A','States':{'A':" MAP("A", "EXPRESS", WAIT_FIRST) "}}}");
	const char *arn = driver_start(&d, "m", "x", "[{'n':1,'s':9},{'n':0,'s':9}]");
	driver_advance(&d, 1000);
	driver_map_run(&d, arn, 0, run);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	check_run(&d, run, "RUNNING", "0");
	redrive(&d, arn);
	driver_advance(&d, 7999);
	check_run(&d, run, "RUNNING", "0");
	check_execution(&d, arn, "status", "RUNNING");
	CHECK_INT(d.calls, 0);
	driver_advance(&d, 1); /* one of the children fails: the run closes, and begins again */
	check_run(&d, run, "RUNNING", "1");
	CHECK_INT(d.calls, 2);
	broken = false;
	driver_advance(&d, 9000);
	check_run(&d, run, "SUCCEEDED", "1");
	CHECK_INT(d.calls, 3);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapRunStarted, 5<0 ExecutionAborted, 6<5 ExecutionRedriven, "
		  "7<3 MapRunRedriven, 8<7 MapRunSucceeded, 9<8 MapStateSucceeded, "
		  "10<7 MapStateExited, 11<10 ExecutionSucceeded");
	driver_close(&d);
}

TEST(a_map_run_is_redriven_a_thousand_times)
{
	struct driver d;
	char run[300];
	open_with(&d, "{'StartAt':'A','States':{'A':" MAP("A", "STANDARD", WAIT_FIRST) "}}}");
	const char *arn = driver_start(&d, "m", "x", "[{'n':1,'s':0}]");
	driver_run(&d);
	for (int i = 0; i < 1000; i++) {
		redrive(&d, arn);
		driver_run(&d);
	}
	driver_map_run(&d, arn, 0, run);
	check_run(&d, run, "FAILED", "1000");
	broken = false;
	redrive(&d, arn);
	driver_run(&d);
	check_execution(&d, arn, "error", "States.Runtime");
	check_run(&d, run, "FAILED", "1000");
	driver_close(&d);
}

TEST(a_child_with_a_full_history_is_lost)
{
	struct driver d;
	char run[300];
	open_with(&d, "{'StartAt':'A','States':{'A':" MAP(
			  "A", "STANDARD",
			  "'W':{'Type':'Choice','Choices':[{'Variable':'$.n',"
			  "'NumericEquals':9,'Next':'P'}],'Default':'T'},"
			  "'P':{'Type':'Pass','Next':'W'},") "}}}");
	const char *arn = driver_start(&d, "m", "x", "[{'n':0},{'n':9}]");
	driver_run(&d);
	driver_map_run(&d, arn, 0, run);
	check_run(&d, run, "FAILED", "0");
	CHECK_STR(driver_get(&d, "itemCounts.failed"), "1");
	CHECK_STR(driver_get(&d, "itemCounts.failuresNotRedrivable"), "1");
	CHECK_STR(driver_get(&d, "executionCounts.failuresNotRedrivable"), "1");
	redrive(&d, arn); /* its last result is final, and one failure too many */
	driver_run(&d);
	check_run(&d, run, "FAILED", "1");
	check_execution(&d, arn, "error", "States.ExceedToleratedFailureThreshold");
	CHECK_INT(d.calls, 1);
	driver_close(&d);
}

TEST(a_timed_out_parent_gets_its_time_again)
{
	struct driver d;
	char run[300];
	open_with(&d, "{'TimeoutSeconds':5,'StartAt':'A','States':{'A':" MAP(
			  "A", "STANDARD", WAIT_FIRST) ",'MaxConcurrency':1}}}");
	const char *arn = driver_start(&d, "m", "x", "[{'n':0,'s':3},{'n':2,'s':4}]");
	driver_advance(&d, 5000);
	check_execution(&d, arn, "status", "TIMED_OUT");
	driver_map_run(&d, arn, 0, run);
	check_run(&d, run, "ABORTED", "0");
	redrive(&d, arn);
	driver_advance(&d, 4000);
	check_execution(&d, arn, "status", "SUCCEEDED");
	check_run(&d, run, "SUCCEEDED", "1");
	driver_close(&d);
}

TEST(a_redrive_keeps_the_definition_and_the_alias_it_started_with)
{
	struct driver d;
	char alias[300];
	driver_open(&d, work);
	broken = true;
	driver_machine(&d, "m", "{'StartAt':'T','States':{'T':" TASK_STATE "}}");
	(void)driver_call(&d, "PublishStateMachineVersion", "{'stateMachineArn':'%s'}",
			  ARN("stateMachine", "m"));
	(void)driver_call(&d, "CreateStateMachineAlias",
			  "{'name':'live','routingConfiguration':[{'stateMachineVersionArn':"
			  "'%s:1','weight':100}]}",
			  ARN("stateMachine", "m"));
	(void)snprintf(alias, sizeof(alias), "%s", driver_get(&d, "stateMachineAliasArn"));
	(void)driver_call(&d, "StartExecution",
			  "{'stateMachineArn':'%s','name':'x','input':'{\\'n\\':1}'}", alias);
	driver_run(&d);
	(void)driver_call(&d, "UpdateStateMachine",
			  "{'stateMachineArn':'%s','publish':true,'definition':'{\\'StartAt\\':"
			  "\\'T\\',\\'States\\':{\\'T\\':{\\'Type\\':\\'Succeed\\'}}}'}",
			  ARN("stateMachine", "m"));
	CHECK_INT(d.err.code, 0);
	(void)driver_call(&d, "UpdateStateMachineAlias",
			  "{'stateMachineAliasArn':'%s','routingConfiguration':[{"
			  "'stateMachineVersionArn':'%s:2','weight':100}]}",
			  alias, ARN("stateMachine", "m"));
	CHECK_INT(d.err.code, 0);
	broken = false;
	redrive(&d, ARN("execution", "m:x"));
	driver_run(&d);
	CHECK_INT(d.calls, 2);
	check_execution(&d, ARN("execution", "m:x"), "status", "SUCCEEDED");
	CHECK_STR(driver_get(&d, "stateMachineVersionArn"), ARN("stateMachine", "m:1"));
	CHECK_STR(driver_get(&d, "stateMachineAliasArn"), alias);
	driver_close(&d);
}

TEST(a_machine_that_is_being_deleted_redrives_nothing)
{
	struct driver d;
	open_with(&d, "{'StartAt':'T','States':{'T':" TASK_STATE "}}");
	const char *arn = driver_start(&d, "m", "x", "{'n':1}");
	driver_run(&d);
	(void)driver_call(&d, "DeleteStateMachine", "{'stateMachineArn':'%s'}",
			  ARN("stateMachine", "m"));
	check_execution(&d, arn, "redriveStatus", "REDRIVABLE");
	CHECK_STR(
	    driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn),
	    "ExecutionNotRedrivable: Execution " ARN(
		"execution", "m:x") " invalid for redrive as: State machine is in DELETING status");
	driver_advance(&d, 600000);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(d.err.name, "ExecutionDoesNotExist");
	driver_close(&d);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(all_branches_of_a_parallel_are_redriven_with_their_map_runs),
		      TAP_CASE(a_map_state_that_had_not_begun_starts_its_first_map_run),
		      TAP_CASE(a_result_that_is_too_large_means_a_new_map_run),
		      TAP_CASE(a_result_that_cannot_be_selected_means_a_new_map_run),
		      TAP_CASE(a_map_run_that_is_closing_finishes_that_first),
		      TAP_CASE(a_map_run_is_redriven_a_thousand_times),
		      TAP_CASE(a_child_with_a_full_history_is_lost),
		      TAP_CASE(a_timed_out_parent_gets_its_time_again),
		      TAP_CASE(a_redrive_keeps_the_definition_and_the_alias_it_started_with),
		      TAP_CASE(a_machine_that_is_being_deleted_redrives_nothing)));
}
