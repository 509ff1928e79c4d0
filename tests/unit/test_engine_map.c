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
	(void)driver_call(d, "ListMapRuns", "{'executionArn':'%s'}", arn);
	(void)snprintf(text, sizeof(text), "%s", driver_get(d, "mapRuns.0.mapRunArn"));
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
	check_counts(&d, run, "FAILED", "3 0 1 1 0 1 6 6 0 0");
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
	CHECK_INT(d.calls - calls, 5); /* failed, aborted and never started */
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

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_failed_map_run_is_redriven_to_success)));
}
