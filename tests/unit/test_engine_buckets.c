/* ItemReader, ItemBatcher and ResultWriter over a fake bucket. */
#include "tap.h"

#include "engine_driver.h"

static bool broken;

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	(void)function;
	if (broken && json_get_int(input, "n", 0) == 2)
		return "Work.Broken";
	json_write(out, input);
	return NULL;
}

#define TASK \
	"{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},'StartAt':'T'," \
	"'States':{'T':{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:123456789012:" \
	"function:work','End':true}}}"

/* A machine whose Map has these fields beside its processor; the output or the error of one run. */
static char run_text[1200];

static const char *run(struct driver *d, const char *fields, const char *input)
{
	char definition[2000];
	(void)snprintf(definition, sizeof(definition),
		       "{'StartAt':'M','States':{'M':{'Type':'Map','Label':'M',%s,"
		       "'ItemProcessor':" TASK ",'End':true}}}",
		       fields);
	driver_machine(d, "m", definition);
	const char *arn = driver_start(d, "m", "x", input);
	driver_advance(d, 1000);
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	cJSON *tree = json_parse(buf_bytes(&d->answer), NULL);
	const char *output = json_get_str(tree, "output");
	(void)snprintf(run_text, sizeof(run_text), "%s%s%s",
		       output ? output : json_get_str(tree, "error"), output ? "" : ": ",
		       output ? "" : json_get_str(tree, "cause"));
	cJSON_Delete(tree);
	return run_text;
}

#define READER(config) \
	"'ItemReader':{'Resource':'arn:aws:states:::s3:getObject','ReaderConfig':{" config \
	"},'Parameters':{'Bucket':'b','Key.$':'$.key'}}"

TEST(items_are_read_from_json)
{
	struct driver d;
	driver_open(&d, work);
	driver_put(&d, "b/in.json", "{\"data\":{\"items\":[{\"n\":0},{\"n\":1},{\"n\":5}]}}");
	CHECK_STR(
	    run(&d,
		READER(
		    "'InputType':'JSON','ItemsPointer':'/data/items','MaxItems':2") ","
										    "'ItemSelector'"
										    ":{'n.$':'$$."
										    "Map.Item."
										    "Value.n','s.$'"
										    ":'$$.Map.Item."
										    "Source'}",
		"{'key':'in.json'}"),
	    "[{\"n\":0,\"s\":\"s3://b/in.json\"},{\"n\":1,\"s\":\"s3://b/in.json\"}]");
	CHECK_STR(driver_history(&d, "arn:aws:states:us-east-1:123456789012:execution:m:x"),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapRunStarted, 5<4 MapRunSucceeded, 6<5 MapStateSucceeded, "
		  "7<4 MapStateExited, 8<7 ExecutionSucceeded");
	driver_close(&d);
}

TEST(items_are_read_from_csv)
{
	struct driver d;
	driver_open(&d, work);
	driver_put(&d, "b/in.csv", "a,b\r\n1,\"x, \"\"y\"\"\"\n\n2\n");
	CHECK_STR(run(&d, READER("'InputType':'CSV','CSVHeaderLocation':'FIRST_ROW'"),
		      "{'key':'in.csv'}"),
		  "[{\"a\":\"1\",\"b\":\"x, \\\"y\\\"\"},{\"a\":\"2\",\"b\":\"\"}]");
	driver_close(&d);

	driver_open(&d, work);
	driver_put(&d, "b/in.csv", "a,a\n1,2\n");
	CHECK_STR(run(&d, READER("'InputType':'CSV','CSVHeaderLocation':'FIRST_ROW'"),
		      "{'key':'in.csv'}"),
		  "States.ItemReaderFailed: CSV headers cannot contain duplicates.");
	driver_close(&d);
}

TEST(items_are_read_from_lines_and_listings)
{
	struct driver d;
	driver_open(&d, work);
	driver_put(&d, "b/in.jsonl", "{\"n\":7}\r\n\n[1]\n");
	CHECK_STR(run(&d, READER("'InputType':'JSONL'"), "{'key':'in.jsonl'}"), "[{\"n\":7},[1]]");
	driver_close(&d);

	driver_open(&d, work);
	driver_put(&d, "b/p/1", "x");
	driver_put(&d, "b/q/1", "xx");
	driver_put(&d, "b/p/2", "xxx");
	CHECK_STR(run(&d,
		      "'ItemReader':{'Resource':'arn:aws:states:::s3:listObjectsV2',"
		      "'Parameters':{'Bucket':'b','Prefix':'p/'}}",
		      "{}"),
		  "[{\"Key\":\"p/1\",\"Size\":1},{\"Key\":\"p/2\",\"Size\":3}]");
	driver_close(&d);
}

TEST(a_failed_read_is_read_again_by_a_redrive)
{
	struct driver d;
	driver_open(&d, work);
	CHECK_STR(run(&d, READER("'InputType':'JSON'"), "{'key':'in.json'}"),
		  "States.ItemReaderFailed: The specified key does not exist.");
	const char *arn = "arn:aws:states:us-east-1:123456789012:execution:m:x";
	driver_put(&d, "b/in.json", "[1,2]");
	driver_restart(&d);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "output"), "[1,2]");
	driver_close(&d);
}

TEST(items_travel_in_batches)
{
	struct driver d;
	driver_open(&d, work);
	CHECK_STR(run(&d,
		      "'ItemBatcher':{'MaxItemsPerBatch':2,'BatchInput':{'t.$':'$.t'}},"
		      "'ItemsPath':'$.items'",
		      "{'t':9,'items':[1,2,3]}"),
		  "[{\"Items\":[1,2],\"BatchInput\":{\"t\":9}},"
		  "{\"Items\":[3],\"BatchInput\":{\"t\":9}}]");
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'%s'}",
			  "arn:aws:states:us-east-1:123456789012:execution:m:x");
	char arn[300];
	(void)snprintf(arn, sizeof(arn), "%s", driver_get(&d, "mapRuns.0.mapRunArn"));
	(void)driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "itemCounts.succeeded"), "3");
	CHECK_STR(driver_get(&d, "executionCounts.succeeded"), "2");
	CHECK_STR(driver_get(&d, "itemCounts.resultsWritten"), "3");
	driver_close(&d);

	driver_open(&d, work);
	CHECK_STR(run(&d, "'ItemBatcher':{'MaxInputBytesPerBatch':16}", "[100,200,300]"),
		  "[{\"Items\":[100]},{\"Items\":[200]},{\"Items\":[300]}]");
	driver_close(&d);
}

/* "PREFIX/UUID" of the exported run and the name of a file there. */
static const char *exported(struct driver *d, const char *arn, const char *file)
{
	static char path[400];
	(void)driver_call(d, "ListMapRuns", "{'executionArn':'%s'}", arn);
	const char *run_arn = driver_get(d, "mapRuns.0.mapRunArn");
	(void)snprintf(path, sizeof(path), "b/out/%s/%s", strrchr(run_arn, ':') + 1, file);
	const char *body = driver_object(d, path);
	return body ? body : "(none)";
}

TEST(results_are_written_in_generations)
{
	struct driver d;
	driver_open(&d, work);
	broken = true;
	(void)run(&d,
		  "'MaxConcurrency':1,'ResultWriter':{'Resource':'arn:aws:states:::s3:putObject',"
		  "'Parameters':{'Bucket':'b','Prefix':'out'}}",
		  "[{'n':1},{'n':2},{'n':3},{'n':4}]");
	CHECK_STR(run_text, "States.ExceedToleratedFailureThreshold: The specified tolerated "
			    "failure threshold was exceeded");
	const char *arn = "arn:aws:states:us-east-1:123456789012:execution:m:x";
	CHECK_STR(exported(&d, arn, "PENDING_0.json"),
		  "[{\"Input\":\"{\\\"n\\\":4}\",\"InputDetails\":{\"Included\":true},"
		  "\"Status\":\"PENDING\"}]");
	CHECK(strstr(exported(&d, arn, "FAILED_0.json"), "\"Error\":\"Work.Broken\"") != NULL);
	CHECK(strstr(exported(&d, arn, "SUCCEEDED_0.json"), "\"Status\":\"SUCCEEDED\"") != NULL);
	CHECK(strstr(exported(&d, arn, "manifest.json"), "FAILED_0.json\",\"Size\":") != NULL);

	broken = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s'}", arn);
	driver_run(&d);
	CHECK(strstr(exported(&d, arn, "manifest.json"), "FAILED_0.json") != NULL);
	CHECK(strstr(exported(&d, arn, "Redrive-1/manifest.json"), "\"FAILED\":[]") != NULL);
	CHECK(strstr(exported(&d, arn, "Redrive-1/SUCCEEDED_0.json"), "\"RedriveCount\":1") !=
	      NULL);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK(strstr(driver_get(&d, "output"), "/Redrive-1/manifest.json\"}") != NULL);
	driver_close(&d);
}

#define WRITER \
	"'MaxConcurrency':1,'ResultWriter':{'Resource':'arn:aws:states:::s3:putObject'," \
	"'Parameters':{'Bucket':'b','Prefix':'out'}}"

#define EXECUTION "arn:aws:states:us-east-1:123456789012:execution:m:x"

#define UNWRITTEN(id) \
	"States.Runtime: An error occurred while executing the state 'M' (entered at the event " \
	"id #" id "). Failed to write a test manifest into the specified output bucket. | " \
	"Message from S3: Access Denied"

TEST(a_restart_after_every_step_exports_the_same)
{
	char files[2][2][600];
	broken = true;
	for (int restarts = 0; restarts < 2; restarts++) {
		struct driver d;
		driver_open(&d, work);
		d.restart = restarts;
		(void)run(&d, WRITER, "[{'n':1},{'n':2},{'n':3}]");
		CHECK_STR(run_text, "States.ExceedToleratedFailureThreshold: The specified "
				    "tolerated failure threshold was exceeded");
		(void)snprintf(files[restarts][0], sizeof(files[0][0]), "%s",
			       exported(&d, EXECUTION, "PENDING_0.json"));
		(void)snprintf(files[restarts][1], sizeof(files[0][0]), "%s",
			       strstr(exported(&d, EXECUTION, "manifest.json"), "FAILED_0.json"));
		driver_close(&d);
	}
	CHECK_STR(files[1][0], files[0][0]);
	CHECK_STR(files[1][1], files[0][1]);
}

TEST(a_first_start_without_a_bucket_to_write_to_starts_no_map_run)
{
	struct driver d;
	driver_open(&d, work);
	d.denied = true;
	d.restart = true;
	CHECK_STR(run(&d, WRITER, "[{'n':1}]"), UNWRITTEN("2"));
	CHECK_STR(driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}"),
		  "{\"mapRuns\":[]}");
	CHECK_STR(driver_history(&d, EXECUTION),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 ExecutionFailed");

	d.denied = false;
	d.restart = false; /* an export that is begun again for ever ends never */
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, EXECUTION),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 ExecutionFailed, 5<4 ExecutionRedriven, 6<2 MapStateStarted, "
		  "7<6 MapRunStarted, 8<7 MapRunSucceeded, 9<8 MapStateSucceeded, "
		  "10<7 MapStateExited, 11<10 ExecutionSucceeded");
	driver_close(&d);
}

TEST(a_redrive_that_fails_its_test_leaves_the_map_run_as_it_was)
{
	struct driver d;
	char map_run[300], before[2000];
	driver_open(&d, work);
	broken = true;
	(void)run(&d, WRITER, "[{'n':1},{'n':2},{'n':3}]");
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}");
	(void)snprintf(map_run, sizeof(map_run), "%s", driver_get(&d, "mapRuns.0.mapRunArn"));
	(void)snprintf(before, sizeof(before), "%s",
		       driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", map_run));

	broken = false;
	d.denied = true;
	driver_advance(&d, 1000);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	driver_run(&d);
	CHECK_STR(driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", map_run), before);

	d.denied = false;
	driver_restart(&d);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	driver_run(&d);
	CHECK_STR(driver_history(&d, EXECUTION),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 MapRunStarted, 5<4 MapRunFailed, 6<5 MapStateFailed, 7<6 ExecutionFailed, "
		  "8<7 ExecutionRedriven, 9<3 MapRunRedriven, 10<9 ExecutionFailed, "
		  "11<10 ExecutionRedriven, 12<3 MapRunRedriven, 13<12 MapRunSucceeded, "
		  "14<13 MapStateSucceeded, 15<12 MapStateExited, 16<15 ExecutionSucceeded");
	(void)driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", map_run);
	CHECK_STR(driver_get(&d, "redriveCount"), "2"); /* recorded: from 0 to 2 */
	CHECK(strstr(exported(&d, EXECUTION, "Redrive-2/manifest.json"), "SUCCEEDED_0.json") !=
	      NULL);
	driver_close(&d);
}

TEST(a_stop_during_the_test_leaves_nothing)
{
	struct driver d;
	driver_open(&d, work);
	driver_machine(&d, "m",
		       "{'StartAt':'M','States':{'M':{'Type':'Map','Label':'M'," WRITER
		       ",'ItemProcessor':" TASK ",'End':true}}}");
	(void)driver_start(&d, "m", "x", "[{'n':1}]");
	(void)engine_step(d.e, d.now);
	CHECK_INT(d.n_ops, 1);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	driver_restart(&d);
	driver_run(&d);
	CHECK_STR(driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}"),
		  "{\"mapRuns\":[]}");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(items_are_read_from_json), TAP_CASE(items_are_read_from_csv),
	    TAP_CASE(items_are_read_from_lines_and_listings),
	    TAP_CASE(a_failed_read_is_read_again_by_a_redrive), TAP_CASE(items_travel_in_batches),
	    TAP_CASE(results_are_written_in_generations),
	    TAP_CASE(a_restart_after_every_step_exports_the_same),
	    TAP_CASE(a_first_start_without_a_bucket_to_write_to_starts_no_map_run),
	    TAP_CASE(a_redrive_that_fails_its_test_leaves_the_map_run_as_it_was),
	    TAP_CASE(a_stop_during_the_test_leaves_nothing)));
}
