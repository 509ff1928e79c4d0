/* How a Map Run stops when it fails on its tolerated failures: as recorded. */
#include "tap.h"

#include "engine_driver.h"

#define ARN(rest) "arn:aws:states:us-east-1:123456789012:" rest
#define EXECUTION ARN("execution:m:x")
/* An item waits `s` seconds, then its task fails if `bad` is its `n`. */
#define MACHINE(kind, fields) \
	"{'StartAt':'Each','States':{'Each':{'Type':'Map','Label':'Each'" fields \
	",'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'" kind "'}," \
	"'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s','Next':'T'}," \
	"'T':{'Type':'Task','Resource':'" ARN("function:work") "','End':true}}},'End':true}}}"
#define TWO_AT_ONCE ",'MaxConcurrency':2,'ToleratedFailureCount':0"
/* As recorded: item 1 fails after 8 s, beside item 2, which takes 30. */
#define ITEMS \
	"[{'n':0,'s':0},{'n':1,'s':8},{'n':2,'s':30},{'n':3,'s':0},{'n':4,'s':0},{'n':5,'s':0}]"

static int64_t bad; /* the `n` that fails */

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	(void)function;
	if (json_get_int(input, "n", -1) == bad)
		return "Work.Broken";
	buf_adds(out, "0");
	return NULL;
}

static void open_with(struct driver *d, const char *definition, const char *items, int64_t broken)
{
	driver_open(d, work);
	bad = broken;
	driver_machine(d, "m", definition);
	(void)driver_start(d, "m", "x", items);
}

static void find_run(struct driver *d, char run[300])
{
	(void)driver_call(d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}");
	(void)snprintf(run, 300, "%s", driver_get(d, "mapRuns.0.mapRunArn"));
}

/* "STATUS pending/running/succeeded/failed/aborted/pendingRedrive" of the Map Run's items. */
static const char *counts(struct driver *d)
{
	static char text[200];
	static const char *const names[] = { "pending", "running", "succeeded",
					     "failed",  "aborted", "pendingRedrive" };
	char run[300];
	find_run(d, run);
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", run);
	(void)snprintf(text, sizeof(text), "%s", driver_get(d, "status"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[40];
		size_t n = strlen(text);
		(void)snprintf(path, sizeof(path), "itemCounts.%s", names[i]);
		(void)snprintf(text + n, sizeof(text) - n, "%c%s", i ? '/' : ' ',
			       driver_get(d, path));
	}
	return text;
}

/* A member of each child, the newest first. */
static const char *children(struct driver *d, const char *member)
{
	static char text[400];
	char run[300];
	find_run(d, run);
	(void)driver_call(d, "ListExecutions", "{'mapRunArn':'%s'}", run);
	text[0] = '\0';
	for (int i = 0; i < 10; i++) {
		char path[60];
		(void)snprintf(path, sizeof(path), "executions.%d.%s", i, member);
		const char *value = driver_get(d, path);
		size_t n = strlen(text);
		if (strcmp(value, "(absent)") == 0)
			break;
		(void)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", value);
	}
	return text;
}

static void redrive(struct driver *d, int64_t broken)
{
	bad = broken;
	(void)driver_call(d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_INT(d->err.code, 0);
	driver_run(d);
}

/* The recording with Standard children, from its start to its redrive's end. */
static void live_as_recorded(struct driver *d)
{
	driver_advance(d, 8000);
	CHECK_STR(counts(d), "RUNNING 2/1/2/1/0/0");
	driver_advance(d, 1999);
	CHECK_STR(counts(d), "RUNNING 2/1/2/1/0/0");
	driver_advance(d, 1);
	CHECK_STR(counts(d), "FAILED 2/0/2/1/1/0");
	CHECK_STR(driver_get(d, "itemCounts.resultsWritten"), "6");
	CHECK_STR(driver_get(d, "stopDate"), "1.79020801E9");
	CHECK_STR(children(d, "status"), "SUCCEEDED ABORTED FAILED SUCCEEDED");
	CHECK_STR(children(d, "startDate"), "1.790208008E9 1.790208E9 1.790208E9 1.790208E9");
	CHECK_STR(children(d, "stopDate"), "1.790208008E9 1.79020801E9 1.790208008E9 1.790208E9");
	CHECK_STR(driver_history(d, EXECUTION),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapRunStarted, 5<4 MapRunFailed, 6<5 MapStateFailed, 7<6 ExecutionFailed");
	redrive(d, -1);
	driver_advance(d, 30000);
	CHECK_STR(counts(d), "SUCCEEDED 0/0/6/0/0/0");
	CHECK_STR(children(d, "redriveCount"), "0 0 0 1 1 0");
}

TEST(one_more_child_starts_and_two_seconds_later_the_others_are_aborted)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	live_as_recorded(&d);
	driver_close(&d);
}

TEST(a_restart_after_every_step_stops_it_at_the_same_time)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	d.restart = true;
	live_as_recorded(&d);
	driver_close(&d);
}

TEST(an_engine_that_was_down_over_the_time_stops_it_at_once)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 8000);
	d.now += 60000;
	driver_restart(&d);
	driver_run(&d);
	CHECK_STR(counts(&d), "FAILED 2/0/2/1/1/0");
	driver_close(&d);
}

TEST(one_more_express_child_starts_and_none_is_stopped)
{
	struct driver d;
	open_with(&d, MACHINE("EXPRESS", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 29999);
	CHECK_STR(counts(&d), "RUNNING 2/1/2/1/0/0");
	driver_advance(&d, 1);
	CHECK_STR(counts(&d), "FAILED 2/0/3/1/0/0");
	CHECK_STR(driver_get(&d, "stopDate"), "1.79020803E9");
	redrive(&d, -1);
	driver_advance(&d, 8000);
	CHECK_STR(counts(&d), "SUCCEEDED 0/0/6/0/0/0");
	driver_close(&d);
}

TEST(it_closes_when_nothing_runs_any_more)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", ",'MaxConcurrency':1"),
		  "[{'n':1,'s':0},{'n':2,'s':1},{'n':3,'s':0}]", 1);
	driver_run(&d);
	CHECK_STR(counts(&d), "RUNNING 1/1/0/1/0/0");
	driver_advance(&d, 1000);
	CHECK_STR(counts(&d), "FAILED 1/0/1/1/0/0");
	CHECK_STR(driver_get(&d, "stopDate"), "1.790208001E9");
	driver_close(&d);
}

TEST(the_one_more_is_aborted_too_and_another_failure_admits_nobody)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE),
		  "[{'n':1,'s':0},{'n':1,'s':1},{'n':2,'s':9},{'n':3,'s':0}]", 1);
	driver_advance(&d, 1000);
	CHECK_STR(counts(&d), "RUNNING 1/1/0/2/0/0");
	driver_advance(&d, 1000);
	CHECK_STR(counts(&d), "FAILED 1/0/0/2/1/0");
	driver_close(&d);
}

TEST(one_more_batch_is_one_more_child)
{
	struct driver d;
	driver_open(&d, work);
	bad = -1;
	/* A batch has no `n`: its task fails. */
	driver_machine(&d, "m",
		       "{'StartAt':'Each','States':{'Each':{'Type':'Map','Label':'Each',"
		       "'MaxConcurrency':1,'ItemBatcher':{'MaxItemsPerBatch':2},'ItemProcessor':{"
		       "'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
		       "'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" ARN(
			   "function:work") "','End':true}}},'End':true}}}");
	(void)driver_start(&d, "m", "x", "[0,1,2,3,4,5,6]");
	driver_run(&d);
	CHECK_STR(counts(&d), "FAILED 3/0/0/4/0/0");
	CHECK_STR(driver_get(&d, "executionCounts.failed"), "2");
	CHECK_STR(driver_get(&d, "executionCounts.pending"), "2");
	driver_close(&d);
}

TEST(a_redrive_that_fails_admits_one_more_and_leaves_the_rest_as_it_was)
{
	struct driver d;
	char run[300];
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 10000);
	redrive(&d, 1); /* it fails at once: its Wait had ended. Item 4 takes its place */
	CHECK_STR(counts(&d), "RUNNING 1/1/3/1/0/0");
	driver_advance(&d, 2000);
	CHECK_STR(counts(&d), "FAILED 1/0/3/1/1/0");

	find_run(&d, run);
	redrive(&d, -1);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	redrive(&d, -1);
	(void)driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','maxConcurrency':1}", run);
	driver_advance(&d, 30000);
	CHECK_STR(counts(&d), "SUCCEEDED 0/0/6/0/0/0");
	driver_close(&d);
}

TEST(those_that_wait_for_their_redrive_are_what_they_were)
{
	struct driver d;
	char run[300];
	open_with(&d, MACHINE("STANDARD", ",'MaxConcurrency':4"),
		  "[{'n':1,'s':0},{'n':2,'s':9},{'n':3,'s':9},{'n':4,'s':9}]", 1);
	driver_advance(&d, 2000);
	CHECK_STR(counts(&d), "FAILED 0/0/0/1/3/0");
	find_run(&d, run);
	redrive(&d, -1);
	(void)driver_call(&d, "UpdateMapRun", "{'mapRunArn':'%s','maxConcurrency':1}", run);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(counts(&d), "ABORTED 0/0/1/0/3/0");
	/* One at a time now: item 2 fails, item 3 is the one more, item 4 goes on waiting. */
	redrive(&d, 2);
	driver_advance(&d, 9000);
	CHECK_STR(counts(&d), "RUNNING 0/1/1/1/0/1");
	driver_advance(&d, 2000);
	CHECK_STR(counts(&d), "FAILED 0/0/1/1/2/0");
	driver_close(&d);
}

TEST(a_raised_tolerance_comes_too_late)
{
	struct driver d;
	char run[300];
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 8000);
	find_run(&d, run);
	CHECK_STR(driver_call(&d, "UpdateMapRun",
			      "{'mapRunArn':'%s','toleratedFailureCount':5,'maxConcurrency':9}",
			      run),
		  "{}");
	driver_run(&d);
	CHECK_STR(counts(&d), "RUNNING 2/1/2/1/0/0");
	CHECK_STR(driver_get(&d, "toleratedFailureCount"), "5");
	driver_advance(&d, 2000);
	CHECK_STR(counts(&d), "FAILED 2/0/2/1/1/0");
	driver_close(&d);
}

TEST(a_person_who_stops_it_does_not_wait)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 8000);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(counts(&d), "FAILED 2/0/2/1/1/0"); /* it had failed before */
	CHECK_STR(driver_get(&d, "stopDate"), "1.790208008E9");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "status"), "ABORTED");
	redrive(&d, -1);
	driver_advance(&d, 30000);
	CHECK_STR(counts(&d), "SUCCEEDED 0/0/6/0/0/0");
	driver_close(&d);
}

TEST(a_start_that_is_denied_then_leaves_the_threshold_as_the_reason)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", TWO_AT_ONCE), ITEMS, 1);
	driver_advance(&d, 7999);
	d.role_denied = "StartExecution";
	driver_advance(&d, 1);
	CHECK_STR(counts(&d), "RUNNING 3/1/1/1/0/0");
	driver_advance(&d, 2000);
	CHECK_STR(counts(&d), "FAILED 3/0/1/1/1/0");
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "error"), "States.ExceedToleratedFailureThreshold");
	driver_close(&d);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(one_more_child_starts_and_two_seconds_later_the_others_are_aborted),
		      TAP_CASE(a_restart_after_every_step_stops_it_at_the_same_time),
		      TAP_CASE(an_engine_that_was_down_over_the_time_stops_it_at_once),
		      TAP_CASE(one_more_express_child_starts_and_none_is_stopped),
		      TAP_CASE(it_closes_when_nothing_runs_any_more),
		      TAP_CASE(the_one_more_is_aborted_too_and_another_failure_admits_nobody),
		      TAP_CASE(one_more_batch_is_one_more_child),
		      TAP_CASE(a_redrive_that_fails_admits_one_more_and_leaves_the_rest_as_it_was),
		      TAP_CASE(those_that_wait_for_their_redrive_are_what_they_were),
		      TAP_CASE(a_raised_tolerance_comes_too_late),
		      TAP_CASE(a_person_who_stops_it_does_not_wait),
		      TAP_CASE(a_start_that_is_denied_then_leaves_the_threshold_as_the_reason)));
}
