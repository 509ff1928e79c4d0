/* A restored engine goes on as if nothing had happened. */
#include "tap.h"

#include <stdlib.h>

#include "engine_driver.h"
#include "local/core/mem.h"

/* Everything at once: choice, waits, a Parallel with retries, an Inline Map, a Distributed one. */
static const char busy_machine[] =
    "{'StartAt':'Pick','States':{"
    "'Pick':{'Type':'Choice','Choices':[{'Variable':'$.go','BooleanEquals':true,'Next':'Both'}],"
    "'Default':'No'},"
    "'No':{'Type':'Fail','Error':'No'},"
    "'Both':{'Type':'Parallel','Branches':["
    "{'StartAt':'Flaky','States':{'Flaky':{'Type':'Task',"
    "'Resource':'arn:aws:lambda:us-east-1:123456789012:function:flaky',"
    "'Retry':[{'ErrorEquals':['States.ALL'],'IntervalSeconds':5,'BackoffRate':3}],"
    "'End':true}}},"
    "{'StartAt':'Rest','States':{'Rest':{'Type':'Wait','Seconds':7,'Next':'More'},"
    "'More':{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke',"
    "'Parameters':{'FunctionName':'steady','Payload.$':'$'},'End':true}}}],"
    "'ResultPath':'$.both','Next':'Inline'},"
    "'Inline':{'Type':'Map','ItemsPath':'$.items','MaxConcurrency':2,"
    "'ItemProcessor':{'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.n',"
    "'Next':'P'},'P':{'Type':'Pass','Parameters':{'i.$':'$$.Map.Item.Index','n.$':'$.n'},"
    "'End':true}}},'ResultPath':'$.inline','Next':'Each'},"
    "'Each':{'Type':'Map','Label':'Each','ItemsPath':'$.items','MaxConcurrency':3,"
    "'ItemSelector':{'i.$':'$$.Map.Item.Index','n.$':'$$.Map.Item.Value.n'},"
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
    "'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.n','Next':'T'},"
    "'T':{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:123456789012:function:item',"
    "'End':true}}},'End':true}}}";

/* Answers depend on the input and on what was asked before, as counted here. */
static int flaky_calls;
static bool items_fail;

static const char *answer(struct driver *d, const char *function, const cJSON *input,
			  struct buf *out)
{
	(void)d;
	if (strcmp(function, "flaky") == 0 && flaky_calls++ < 2)
		return "Flaky";
	if (strcmp(function, "item") == 0 && items_fail && json_get_int(input, "i", 0) == 3)
		return "Item.Broken";
	json_write(out, input);
	return NULL;
}

/* The histories of the parent and all its children, and what DescribeMapRun says, as one text. */
static char *story(struct driver *d, const char *arn)
{
	struct buf b = MEM_BUF;
	(void)driver_call(d, "GetExecutionHistory", "{'executionArn':'%s','maxResults':1000}", arn);
	buf_adds(&b, buf_cstr(&d->answer));
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	buf_adds(&b, buf_cstr(&d->answer));
	(void)driver_call(d, "ListMapRuns", "{'executionArn':'%s'}", arn);
	buf_adds(&b, buf_cstr(&d->answer));
	char run[300];
	(void)snprintf(run, sizeof(run), "%s", driver_get(d, "mapRuns.0.mapRunArn"));
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", run);
	buf_adds(&b, buf_cstr(&d->answer));
	(void)driver_call(d, "ListExecutions", "{'mapRunArn':'%s'}", run);
	buf_adds(&b, buf_cstr(&d->answer));
	cJSON *list = json_parse(buf_bytes(&d->answer), NULL);
	const cJSON *rows = json_get(list, "executions");
	for (const cJSON *row = rows ? rows->child : NULL; row; row = row->next) {
		(void)driver_call(d, "GetExecutionHistory", "{'executionArn':'%s'}",
				  json_get_str(row, "executionArn"));
		buf_adds(&b, buf_cstr(&d->answer));
	}
	cJSON_Delete(list);
	return mem_take(&b, NULL);
}

static char *live(bool restart)
{
	struct driver d;
	char arn[300];
	driver_open(&d, answer);
	d.restart = restart;
	flaky_calls = 0;
	items_fail = true;
	driver_machine(&d, "busy", busy_machine);
	(void)snprintf(arn, sizeof(arn), "%s",
		       driver_start(&d, "busy", "one",
				    "{'go':true,'items':[{'n':3},{'n':1},{'n':2},{'n':1},{'n':9},"
				    "{'n':0}]}"));
	driver_advance(&d, 60000);
	items_fail = false;
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s','clientToken':'a'}", arn);
	driver_advance(&d, 60000);
	char *text = story(&d, arn);
	driver_close(&d);
	return text;
}

TEST(a_restart_after_every_step_changes_nothing)
{
	char *without = live(false), *with = live(true);
	CHECK(strstr(without, "MapRunRedriven") != NULL);
	CHECK(strstr(without, "\"status\":\"SUCCEEDED\"") != NULL);
	CHECK_STR(with, without);
	free(without);
	free(with);
}

TEST(a_wait_keeps_its_wake_time)
{
	struct driver d;
	driver_open(&d, answer);
	driver_machine(&d, "w",
		       "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':31535999,"
		       "'End':true}}}");
	const char *arn = driver_start(&d, "w", "year", "{}");
	driver_advance(&d, INT64_C(31535999) * 1000 - 1);
	driver_restart(&d);
	driver_run(&d);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "RUNNING");

	driver_advance(&d, 1);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "SUCCEEDED");
	CHECK_STR(driver_get(&d, "stopDate"), "1.821743999E9");
	driver_close(&d);
}

TEST(tokens_and_redrivability_survive)
{
	struct driver d;
	driver_open(&d, answer);
	driver_machine(&d, "f", "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E'}}}");
	const char *arn = driver_start(&d, "f", "one", "{}");
	driver_run(&d);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s','clientToken':'T'}", arn);
	driver_run(&d);
	driver_restart(&d);
	driver_advance(&d, 5000);
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s','clientToken':'T'}", arn);
	CHECK_STR(driver_get(&d, "redriveDate"), "1.790208E9");
	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'%s','clientToken':'t'}", arn);
	CHECK_STR(driver_get(&d, "redriveDate"), "1.790208005E9");
	driver_run(&d);
	CHECK_STR(driver_history(&d, arn),
		  "1<0 ExecutionStarted, 2<0 FailStateEntered, 3<2 ExecutionFailed, "
		  "4<3 ExecutionRedriven, 5<4 ExecutionFailed, 6<5 ExecutionRedriven, "
		  "7<6 ExecutionFailed");
	driver_close(&d);
}

TEST(a_damaged_store_is_refused)
{
	struct driver d;
	driver_open(&d, answer);
	const struct engine_record r = { "execution", "arn:x", BYTES_LIT("{\"machine\":\"no\"}") };
	REQUIRE(engine_restore(d.e, &r, &d.err) == 0);
	CHECK_INT(engine_restored(d.e, d.now, &d.err), -ERR_INVALID);
	CHECK_STR(d.err.message, "store: execution arn:x is missing or damaged");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_restart_after_every_step_changes_nothing),
				 TAP_CASE(a_wait_keeps_its_wake_time),
				 TAP_CASE(tokens_and_redrivability_survive),
				 TAP_CASE(a_damaged_store_is_refused)));
}
