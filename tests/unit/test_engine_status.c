/* What is told of an execution's changes of status: as received from EventBridge. */
#include "tap.h"

#include "engine_driver.h"

#define ARN "arn:aws:states:us-east-1:123456789012:"
#define T0 "1790208000000"

static const char fail_machine[] =
    "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E','Cause':'C'}}}";

/* The statuses told since the last call, as "A B ". */
static const char *told(struct driver *d)
{
	static char text[512];
	size_t n = 0;
	text[0] = '\0';
	for (const char *p = buf_cstr(&d->status_changes);
	     (p = strstr(p, "\"status\":\"")) != NULL;) {
		p += strlen("\"status\":\"");
		int len = (int)strcspn(p, "\"");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ", len, p);
	}
	buf_cut(&d->status_changes, 0);
	return text;
}

TEST(a_start_and_a_failure_have_all_eighteen_members_in_the_recorded_order)
{
	struct driver d;
	driver_open(&d, NULL);
	driver_machine(&d, "m", fail_machine);
	(void)driver_start(&d, "m", "one", "{}");
	driver_run(&d);

	CHECK_STR(buf_cstr(&d.status_changes),
		  "{\"executionArn\":\"" ARN "execution:m:one\",\"stateMachineArn\":\"" ARN
		  "stateMachine:m\",\"name\":\"one\",\"status\":\"RUNNING\",\"startDate\":" T0
		  ",\"stopDate\":null,\"input\":\"{}\",\"output\":null,"
		  "\"stateMachineVersionArn\":null,\"stateMachineAliasArn\":null,"
		  "\"redriveCount\":0,\"redriveDate\":null,\"redriveStatus\":\"NOT_REDRIVABLE\","
		  "\"redriveStatusReason\":\"Execution is RUNNING and cannot be redriven\","
		  "\"inputDetails\":{\"included\":true},\"outputDetails\":null,\"error\":null,"
		  "\"cause\":null}\n"
		  "{\"executionArn\":\"" ARN "execution:m:one\",\"stateMachineArn\":\"" ARN
		  "stateMachine:m\",\"name\":\"one\",\"status\":\"FAILED\",\"startDate\":" T0
		  ",\"stopDate\":" T0 ",\"input\":\"{}\",\"output\":null,"
		  "\"stateMachineVersionArn\":null,\"stateMachineAliasArn\":null,"
		  "\"redriveCount\":0,\"redriveDate\":null,\"redriveStatus\":\"REDRIVABLE\","
		  "\"redriveStatusReason\":null,\"inputDetails\":{\"included\":true},"
		  "\"outputDetails\":null,\"error\":\"E\",\"cause\":\"C\"}\n");
	driver_close(&d);
}

TEST(a_redrive_is_told_as_running_with_its_count_and_date)
{
	struct driver d;
	driver_open(&d, NULL);
	driver_machine(&d, "m", fail_machine);
	(void)driver_start(&d, "m", "one", "{}");
	driver_advance(&d, 5000);
	CHECK_STR(told(&d), "RUNNING FAILED ");

	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'" ARN "execution:m:one'}");
	CHECK(strstr(buf_cstr(&d.status_changes),
		     "\"stopDate\":null,\"input\":\"{}\",\"output\":null,"
		     "\"stateMachineVersionArn\":null,\"stateMachineAliasArn\":null,"
		     "\"redriveCount\":1,\"redriveDate\":1790208005000,"));
	driver_run(&d);
	CHECK_STR(told(&d), "RUNNING FAILED ");
	driver_close(&d);
}

TEST(a_success_a_timeout_and_a_stop_are_told)
{
	struct driver d;
	driver_open(&d, NULL);
	driver_machine(&d, "w",
		       "{'StartAt':'W','TimeoutSeconds':10,'States':{'W':{'Type':'Wait',"
		       "'SecondsPath':'$.s','End':true}}}");
	(void)driver_start(&d, "w", "a", "{'s':5}");
	driver_advance(&d, 5000);
	CHECK(strstr(buf_cstr(&d.status_changes), "\"output\":\"{\\\"s\\\":5}\""));
	CHECK(strstr(buf_cstr(&d.status_changes), "\"outputDetails\":{\"included\":true}"));
	CHECK_STR(told(&d), "RUNNING SUCCEEDED ");

	(void)driver_start(&d, "w", "b", "{'s':50}");
	driver_advance(&d, 10000);
	CHECK(strstr(buf_cstr(&d.status_changes),
		     "\"outputDetails\":null,\"error\":null,\"cause\":null}\n"));
	CHECK_STR(told(&d), "RUNNING TIMED_OUT ");

	(void)driver_start(&d, "w", "c", "{'s':50}");
	(void)driver_call(&d, "StopExecution",
			  "{'executionArn':'" ARN "execution:w:c','error':'Why'}");
	CHECK(strstr(buf_cstr(&d.status_changes), "\"error\":\"Why\",\"cause\":null}"));
	CHECK_STR(told(&d), "RUNNING ABORTED ");
	driver_close(&d);
}

TEST(what_is_too_large_is_left_out_and_said_to_be)
{
	struct driver d;
	struct buf input = BUF_INIT(1 << 20);
	driver_open(&d, NULL);
	driver_machine(&d, "p", "{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}");
	buf_adds(&input, "{'x':'");
	for (int i = 0; i < 13 * 1024; i++)
		buf_adds(&input, "0123456789");
	buf_adds(&input, "'}");
	(void)driver_start(&d, "p", "one", buf_cstr(&input));
	buf_cut(&d.status_changes, 0);
	driver_run(&d);

	CHECK(strstr(buf_cstr(&d.status_changes), "\"input\":null,\"output\":null,"));
	CHECK(
	    strstr(buf_cstr(&d.status_changes),
		   "\"inputDetails\":{\"included\":false},\"outputDetails\":{\"included\":false}"));
	CHECK_STR(told(&d), "SUCCEEDED ");
	buf_clear(&input);
	driver_close(&d);
}

TEST(children_are_told_with_their_label_but_no_express_one)
{
	static const char map[] =
	    "{'StartAt':'M','States':{'M':{'Type':'Map','Label':'L','End':true,'ItemProcessor':"
	    "{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'%s'},'StartAt':'P',"
	    "'States':{'P':{'Type':'Pass','End':true}}}}}}";
	struct driver d;
	char text[512];
	driver_open(&d, NULL);
	(void)snprintf(text, sizeof(text), map, "STANDARD");
	driver_machine(&d, "s", text);
	(void)driver_start(&d, "s", "one", "[1]");
	driver_run(&d);
	CHECK(
	    strstr(buf_cstr(&d.status_changes), "\"stateMachineArn\":\"" ARN "stateMachine:s/L\""));
	CHECK_STR(told(&d), "RUNNING RUNNING SUCCEEDED SUCCEEDED ");

	(void)snprintf(text, sizeof(text), map, "EXPRESS");
	driver_machine(&d, "e", text);
	(void)driver_start(&d, "e", "one", "[1]");
	driver_run(&d);
	CHECK_STR(told(&d), "RUNNING SUCCEEDED ");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_start_and_a_failure_have_all_eighteen_members_in_the_recorded_order),
	    TAP_CASE(a_redrive_is_told_as_running_with_its_count_and_date),
	    TAP_CASE(a_success_a_timeout_and_a_stop_are_told),
	    TAP_CASE(what_is_too_large_is_left_out_and_said_to_be),
	    TAP_CASE(children_are_told_with_their_label_but_no_express_one)));
}
