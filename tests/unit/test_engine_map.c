/* Map Runs of the engine: children, counters, thresholds, redrive. */
#include "tap.h"

#include "engine_driver.h"

static const char map_machine[] =
    "{'StartAt':'Before','States':{'Before':{'Type':'Pass','Next':'Each'},"
    "'Each':{'Type':'Map','Label':'Each','MaxConcurrency':2,'ItemsPath':'$.items',"
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
    "'StartAt':'Work','States':{'Work':{'Type':'Task',"
    "'Resource':'arn:aws:lambda:us-east-1:123456789012:function:work','End':true}}},"
    "'End':true}}}";

static bool broken = true; /* the test's own switch: does item 1 fail? */

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	if (strcmp(function, "work") != 0)
		return "UnknownFunction";
	if (broken && json_get_int(input, "n", -1) == 1)
		return "Work.Broken";
	buf_addf(out, "{\"done\":%d}", (int)json_get_int(input, "n", -1));
	return NULL;
}

/* The ARN of the newest Map Run of an execution. */
static const char *map_run_of(struct driver *d, const char *arn)
{
	static char text[300];
	driver_map_run(d, arn, 0, text);
	return text;
}

static void check_counts(struct driver *d, const char *run, const char *status, const char *want)
{
	char counts[200] = "";
	static const char *const names[] = {
		"pending",       "running",        "succeeded",
		"failed",        "timedOut",       "aborted",
		"total",         "resultsWritten", "failuresNotRedrivable",
		"pendingRedrive"
	};
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", run);
	CHECK_STR(driver_get(d, "status"), status);
	for (int kind = 0; kind < 2; kind++) {
		counts[0] = '\0';
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			char path[64];
			(void)snprintf(path, sizeof(path), "%s.%s",
				       kind ? "itemCounts" : "executionCounts", names[i]);
			size_t n = strlen(counts);
			(void)snprintf(counts + n, sizeof(counts) - n, "%s%s", n ? " " : "",
				       driver_get(d, path));
		}
		CHECK_STR(counts, want);
	}
}

TEST(a_failed_map_run_is_redriven_to_success)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	driver_machine(&d, "m", map_machine);
	const char *arn = driver_start(
	    &d, "m", "one", "{'items':[{'n':0},{'n':1},{'n':2},{'n':3},{'n':4},{'n':5}]}");
	driver_run(&d);
	char run[300];
	(void)snprintf(run, sizeof(run), "%s", map_run_of(&d, arn));
	check_counts(&d, run, "FAILED", "2 0 3 1 0 0 6 6 0 0");
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 PassStateEntered, 3<2 PassStateExited, "
		  "4<3 MapStateEntered, 5<4 MapStateStarted, 6<5 MapRunStarted, 7<6 MapRunFailed, "
		  "8<7 MapStateFailed, 9<8 ExecutionFailed");
	int calls = d.calls;

	broken = false;
	driver_advance(&d, 1000);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "redriveDate"), "1.790208001E9");
	driver_run(&d);

	check_counts(&d, run, "SUCCEEDED", "0 0 6 0 0 0 6 6 0 0");
	CHECK_STR(driver_get(&d, "redriveCount"), "1");
	CHECK_INT(d.calls - calls, 3); /* failed and never started */
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 PassStateEntered, 3<2 PassStateExited, "
		  "4<3 MapStateEntered, 5<4 MapStateStarted, 6<5 MapRunStarted, 7<6 MapRunFailed, "
		  "8<7 MapStateFailed, 9<8 ExecutionFailed, 10<9 ExecutionRedriven, "
		  "11<5 MapRunRedriven, 12<11 MapRunSucceeded, 13<12 MapStateSucceeded, "
		  "14<11 MapStateExited, 15<14 ExecutionSucceeded");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(
	    driver_get(&d, "output"),
	    "[{\"done\":0},{\"done\":1},{\"done\":2},{\"done\":3},{\"done\":4},{\"done\":5}]");
	CHECK_STR(driver_get(&d, "redriveStatusReason"),
		  "Execution is SUCCEEDED and cannot be redriven");
	driver_close(&d);
}

/* A machine whose items wait `n` seconds each; the processor and the fields of the Map are given. */
static void wait_machine(struct driver *d, const char *kind, const char *fields)
{
	char text[900];
	(void)snprintf(text, sizeof(text),
		       "{'StartAt':'Each','States':{'Each':{'Type':'Map','Label':'Each',%s,"
		       "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':"
		       "'%s'},'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s',"
		       "'Next':'T'},'T':{'Type':'Task',"
		       "'Resource':'arn:aws:lambda:us-east-1:123456789012:function:work',"
		       "'End':true}}},'End':true}}}",
		       fields, kind);
	driver_machine(d, "w", text);
}

/* What engine_tells of a read. */
static uint64_t tells(struct driver *d, const char *op, const char *member, const char *arn)
{
	(void)driver_call(d, op, "{'%s':'%s'}", member, arn);
	return engine_tells(d->e);
}

TEST(a_read_tells_of_what_it_was_made_from)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	d.hold = true;
	driver_machine(&d, "M", map_machine);
	const char *arn =
	    driver_start(&d, "M", "one", "{'items':[{'n':0},{'n':1},{'n':2},{'n':3}]}");
	CHECK(engine_tells(d.e) == UINT64_MAX); /* it has changed something */
	CHECK(tells(&d, "DescribeExecution", "executionArn", arn) == UINT64_MAX);
	driver_run(&d);
	driver_drain(&d);
	const char *run = map_run_of(&d, arn);
	CHECK_INT((int64_t)tells(&d, "DescribeExecution", "executionArn", arn), 1);
	CHECK_INT((int64_t)tells(&d, "DescribeMapRun", "mapRunArn", run), 1);
	CHECK(tells(&d, "DescribeExecution", "executionArn", "arn:aws:x") == UINT64_MAX);

	/* A child goes on: its own record and the lists of children are newer, the others are not. */
	engine_task_done(d.e, d.now, d.tasks[0].id, BYTES_LIT("0"), NULL, NULL);
	(void)engine_step(d.e, d.now);
	driver_drain(&d);
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s'}", run);
	CHECK_INT((int64_t)engine_tells(d.e), 2);
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','statusFilter':'RUNNING'}", run);
	CHECK(engine_tells(d.e) == UINT64_MAX);
	CHECK_INT((int64_t)tells(&d, "DescribeExecution", "executionArn", arn), 1);
	CHECK_INT((int64_t)tells(&d, "GetExecutionHistory", "executionArn", arn), 1);
	CHECK_INT((int64_t)tells(&d, "DescribeMapRun", "mapRunArn", run), 1);
	CHECK_STR(driver_get(&d, "itemCounts.succeeded"), "1");

	/* Its status is told when it is stored. */
	engine_task_done(d.e, d.now, d.tasks[1].id, BYTES_LIT(""), "Broken", NULL);
	(void)engine_step(d.e, d.now);
	CHECK(tells(&d, "DescribeMapRun", "mapRunArn", run) == UINT64_MAX);
	driver_drain(&d);
	CHECK_INT((int64_t)tells(&d, "DescribeMapRun", "mapRunArn", run), 3);
	CHECK_INT((int64_t)tells(&d, "DescribeExecution", "executionArn", arn), 1);
	driver_advance(&d, 2000);
	CHECK(tells(&d, "DescribeMapRun", "mapRunArn", run) == UINT64_MAX);
	driver_drain(&d);
	CHECK_INT((int64_t)tells(&d, "DescribeMapRun", "mapRunArn", run), 4);
	CHECK_STR(driver_get(&d, "status"), "FAILED");
	CHECK_INT((int64_t)tells(&d, "DescribeExecution", "executionArn", arn), 4);
	driver_close(&d);
}

TEST(a_stopped_parent_aborts_its_map_run)
{
	struct driver d;
	char run[300];
	driver_open(&d, work);
	broken = true;
	wait_machine(&d, "STANDARD", "'MaxConcurrency':2");
	const char *arn = driver_start(&d, "w", "one",
				       "[{'n':0,'s':1},{'n':5,'s':9},{'n':2,'s':9},{'n':3,'s':1}]");
	driver_advance(&d, 2000);
	(void)snprintf(run, sizeof(run), "%s", map_run_of(&d, arn));
	check_counts(&d, run, "RUNNING", "1 2 1 0 0 0 4 0 0 0");
	CHECK_STR(driver_get(&d, "stopDate"), "(absent)");
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s','cause':'me'}", arn);
	check_counts(&d, run, "ABORTED", "1 0 1 0 0 2 4 4 0 0");
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapRunStarted, 5<0 ExecutionAborted");

	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	check_counts(&d, run, "RUNNING", "1 2 1 0 0 0 4 0 0 0");
	driver_advance(&d, 20000);
	check_counts(&d, run, "SUCCEEDED", "0 0 4 0 0 0 4 4 0 0");
	driver_close(&d);
}

TEST(children_wait_for_a_slot_to_be_redriven)
{
	struct driver d;
	char run[300];
	driver_open(&d, work);
	broken = true;
	wait_machine(&d, "STANDARD", "'MaxConcurrency':3");
	const char *arn =
	    driver_start(&d, "w", "one", "[{'n':1,'s':1},{'n':5,'s':9},{'n':2,'s':9}]");
	driver_advance(&d, 3000);
	(void)snprintf(run, sizeof(run), "%s", map_run_of(&d, arn));
	check_counts(&d, run, "FAILED", "0 0 0 1 0 2 3 3 0 0");
	broken = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	(void)driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','maxConcurrency':1}", run);
	driver_run(&d);
	check_counts(&d, run, "RUNNING", "0 2 1 0 0 0 3 0 0 0"); /* the task needs no time */
	(void)driver_call(&d, "StopExecution", "{'executionArn':'%s'}", arn);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	/* The setting lives on the run: now one at a time. */
	check_counts(&d, run, "RUNNING", "0 1 1 0 0 0 3 0 0 1");
	driver_advance(&d, 60000);
	check_counts(&d, run, "SUCCEEDED", "0 0 3 0 0 0 3 3 0 0");
	CHECK_STR(driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','maxConcurrency':1}", run),
		  "ValidationException: The Map Run has completed and cannot be updated "
		  "{\"reason\":\"CANNOT_UPDATE_COMPLETED_MAP_RUN\"}");
	driver_close(&d);
}

TEST(express_children_run_to_their_end_and_restart_under_their_arn)
{
	struct driver d;
	char run[300], child[300];
	driver_open(&d, work);
	broken = true;
	wait_machine(&d, "EXPRESS", "'MaxConcurrency':2");
	const char *arn = driver_start(&d, "w", "one",
				       "[{'n':5,'s':9},{'n':1,'s':1},{'n':2,'s':1},{'n':3,'s':1}]");
	driver_advance(&d, 1000);
	(void)snprintf(run, sizeof(run), "%s", map_run_of(&d, arn));
	check_counts(&d, run, "RUNNING", "1 2 0 1 0 0 4 0 0 0");
	driver_advance(&d, 8000);
	check_counts(&d, run, "FAILED", "1 0 2 1 0 0 4 4 0 0");
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','statusFilter':'FAILED'}", run);
	(void)snprintf(child, sizeof(child), "%s", driver_get(&d, "executions.0.executionArn"));
	broken = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_advance(&d, 60000);
	check_counts(&d, run, "SUCCEEDED", "0 0 4 0 0 0 4 4 0 0");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", child);
	CHECK_STR(driver_get(&d, "redriveCount"), "1");
	CHECK_STR(driver_get(&d, "redriveDate"), "(absent)");
	CHECK_STR(driver_get(&d, "startDate"), "1.790208009E9");
	CHECK_STR(driver_call(&d, "GetExecutionHistory", "{'executionArn':'%s'}", child),
		  "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'");
	driver_close(&d);
}

TEST(tolerated_failures_are_not_exceeded_by_reaching_them)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	wait_machine(&d, "STANDARD", "'ToleratedFailurePercentage':50");
	const char *arn = driver_start(&d, "w", "one", "[{'n':1,'s':0},{'n':2,'s':0}]");
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "output"), "[{\"done\":2}]");
	check_counts(&d, map_run_of(&d, arn), "SUCCEEDED", "0 0 1 1 0 0 2 2 0 0");
	CHECK_STR(driver_get(&d, "toleratedFailurePercentage"), "50.0");
	CHECK_STR(driver_get(&d, "maxConcurrency"), "2147483647");
	driver_close(&d);
}

TEST(settings_change_while_it_runs)
{
	struct driver d;
	char run[300];
	driver_open(&d, work);
	broken = true;
	wait_machine(&d, "STANDARD", "'MaxConcurrency':1,'ToleratedFailureCount':1");
	const char *arn =
	    driver_start(&d, "w", "one", "[{'n':1,'s':1},{'n':2,'s':9},{'n':3,'s':9}]");
	driver_advance(&d, 2000);
	(void)snprintf(run, sizeof(run), "%s", map_run_of(&d, arn));
	check_counts(&d, run, "RUNNING", "1 1 0 1 0 0 3 0 0 0");
	CHECK_STR(driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','maxConcurrency':2}", run),
		  "{}");
	driver_run(&d);
	check_counts(&d, run, "RUNNING", "0 2 0 1 0 0 3 0 0 0");
	(void)driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','toleratedFailureCount':0}", run);
	driver_advance(&d, 1999);
	check_counts(&d, run, "RUNNING", "0 2 0 1 0 0 3 0 0 0");
	driver_advance(&d, 1);
	check_counts(&d, run, "FAILED", "0 0 0 1 0 2 3 3 0 0");
	broken = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	check_counts(&d, run, "RUNNING", "0 2 1 0 0 0 3 0 0 0"); /* the first needs no time */
	/* What was set is kept. */
	CHECK_STR(driver_get(&d, "maxConcurrency"), "2");
	CHECK_STR(driver_get(&d, "toleratedFailureCount"), "0");
	driver_close(&d);
}

/* The answer of DescribeMapRun after 10,000 items with 3 % failures, redriven once. */
static void live_with_many(char *out, size_t size)
{
	struct driver d;
	struct buf input = BUF_INIT(1 << 20);
	driver_open(&d, work);
	d.config.max_data_bytes = 1 << 24;
	driver_reopen(&d);
	broken = true;
	wait_machine(&d, "STANDARD", "'ToleratedFailureCount':100");
	buf_adds(&input, "[");
	for (int i = 0; i < 10000; i++)
		buf_addf(&input, "%s{'n':%d,'s':%d}", i ? "," : "", i % 33 == 0 ? 1 : 2, i % 7);
	buf_adds(&input, "]");
	const char *arn = driver_start(&d, "w", "one", buf_cstr(&input));
	driver_advance(&d, 100000);
	broken = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_advance(&d, 100000);
	(void)driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", map_run_of(&d, arn));
	(void)snprintf(out, size, "%s", buf_cstr(&d.answer));
	buf_clear(&input);
	driver_close(&d);
}

TEST(ten_thousand_items_end_the_same_way_twice)
{
	char one[1200], two[1200];
	live_with_many(one, sizeof(one));
	live_with_many(two, sizeof(two));
	CHECK_STR(one, two);
	CHECK(strstr(one, "\"status\":\"SUCCEEDED\"") != NULL);
	CHECK(strstr(one, "\"succeeded\":10000,") != NULL);
}

/* A list within lists: its depth is what may come in. */
static const char *deep_list(char out[300], int depth)
{
	memset(out, '[', (size_t)depth);
	memset(out + depth, ']', (size_t)depth);
	out[2 * (size_t)depth] = '\0';
	return out;
}

/* Status and error of an execution of this machine over a list as deep as may come in. */
static const char *run_deep(const char *definition)
{
	static char outcome[200];
	struct driver d;
	char list[300];
	driver_open(&d, NULL);
	driver_machine(&d, "m", definition);
	const char *arn = driver_start(&d, "m", "x", deep_list(list, JSON_DEPTH_MAX));
	driver_advance(&d, 1000);
	driver_restart(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	char status[40];
	(void)snprintf(status, sizeof(status), "%s", driver_get(&d, "status"));
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	(void)snprintf(outcome, sizeof(outcome), "%s %s", status, driver_get(&d, "error"));
	driver_close(&d);
	return outcome;
}

TEST(what_nests_too_deep_fails)
{
	CHECK_STR(run_deep("{'StartAt':'P','States':{'P':{'Type':'Pass','Parameters':{'a.$':'$'},"
			   "'End':true}}}"),
		  "FAILED States.DataLimitExceeded");
	CHECK_STR(run_deep("{'StartAt':'P','States':{'P':{'Type':'Pass','ResultPath':'$.a','End':"
			   "true}}}"),
		  "FAILED States.ResultPathMatchFailure");
	CHECK_STR(
	    run_deep("{'StartAt':'M','States':{'M':{'Type':'Map','Label':'M','ItemSelector':{"
		     "'v':{'w.$':'$$.Map.Item.Value'}},'ItemProcessor':{'ProcessorConfig':{"
		     "'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},'StartAt':'P','States':{"
		     "'P':{'Type':'Pass','End':true}}},'End':true}}}"),
	    "FAILED States.DataLimitExceeded");
	CHECK_STR(run_deep("{'StartAt':'M','States':{'M':{'Type':'Map','Label':'M','ItemBatcher':{"
			   "'MaxItemsPerBatch':2},'ItemProcessor':{'ProcessorConfig':{'Mode':"
			   "'DISTRIBUTED','ExecutionType':'STANDARD'},'StartAt':'P','States':{'P':{"
			   "'Type':'Pass','End':true}}},'End':true}}}"),
		  "FAILED States.DataLimitExceeded");
	CHECK_STR(run_deep("{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':[{'StartAt':"
			   "'Q','States':{'Q':{'Type':'Pass','End':true}}}],'End':true}}}"),
		  "FAILED States.DataLimitExceeded");
	CHECK_STR(run_deep("{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}"),
		  "SUCCEEDED (absent)");
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_failed_map_run_is_redriven_to_success),
		      TAP_CASE(a_read_tells_of_what_it_was_made_from),
		      TAP_CASE(a_stopped_parent_aborts_its_map_run),
		      TAP_CASE(children_wait_for_a_slot_to_be_redriven),
		      TAP_CASE(express_children_run_to_their_end_and_restart_under_their_arn),
		      TAP_CASE(tolerated_failures_are_not_exceeded_by_reaching_them),
		      TAP_CASE(settings_change_while_it_runs),
		      TAP_CASE(ten_thousand_items_end_the_same_way_twice),
		      TAP_CASE(what_nests_too_deep_fails)));
}
