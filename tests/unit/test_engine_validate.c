/* ValidateStateMachineDefinition: what is found, where, and how much of it is told. */
#include "tap.h"

#include "engine_driver.h"

static const char *const operation = "ValidateStateMachineDefinition";

#define FAULT(location, message) \
	"{\"code\":\"SCHEMA_VALIDATION_FAILED\",\"location\":\"" location \
	"\",\"message\":\"" message "\",\"severity\":\"ERROR\"}"

TEST(a_right_definition_is_ok)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(driver_call(&d, operation,
			      "{'definition':'{\\'StartAt\\':\\'S\\',\\'States\\':{\\'S\\':"
			      "{\\'Type\\':\\'Succeed\\'}}}'}"),
		  "{\"diagnostics\":[],\"result\":\"OK\",\"truncated\":false}");
	CHECK_STR(driver_call(&d, "ListStateMachines", "{}"), "{\"stateMachines\":[]}");
	driver_close(&d);
}

TEST(the_first_fault_of_every_state_is_found)
{
	static const char definition[] =
	    "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Pass\\'},"
	    "\\'B\\':{\\'Type\\':\\'Task\\',\\'End\\':true},\\'C\\':{}}}";
	static const char first[] =
	    FAULT("/States/A", "These fields are required: [Next] or [End]");
	static const char second[] = FAULT("/States/B", "These fields are required: [Resource]");
	static const char third[] = FAULT("/States/C", "These fields are required: [Type]");
	struct driver d;
	char want[2000];
	driver_open(&d, NULL);
	(void)snprintf(want, sizeof(want),
		       "{\"diagnostics\":[%s,%s,%s],\"result\":\"FAIL\",\"truncated\":false}",
		       first, second, third);
	CHECK_STR(driver_call(&d, operation, "{'definition':'%s'}", definition), want);
	CHECK_STR(driver_call(&d, operation, "{'definition':'%s','maxResults':3}", definition),
		  want);
	(void)snprintf(want, sizeof(want),
		       "{\"diagnostics\":[%s,%s],\"result\":\"FAIL\",\"truncated\":true}", first,
		       second);
	CHECK_STR(driver_call(&d, operation, "{'definition':'%s','maxResults':2}", definition),
		  want);
	driver_close(&d);
}

TEST(text_that_is_no_json_and_a_missing_start_are_named)
{
	struct driver d;
	driver_open(&d, NULL);
	(void)driver_call(&d, operation, "{'definition':'{'}");
	CHECK_STR(driver_get(&d, "result"), "FAIL");
	CHECK_STR(driver_get(&d, "diagnostics.0.code"), "INVALID_JSON_DESCRIPTION");
	(void)driver_call(&d, operation, "{'definition':'{\\'States\\':{}}','type':'EXPRESS'}");
	CHECK_STR(driver_get(&d, "diagnostics.0.location"), "/");
	CHECK_STR(driver_get(&d, "diagnostics.0.message"), "These fields are required: [StartAt]");
	driver_close(&d);
}

TEST(what_the_service_would_run_is_a_warning_for_those_who_ask)
{
	static const char jsonata[] =
	    "{\\'QueryLanguage\\':\\'JSONata\\',\\'StartAt\\':\\'A\\',\\'States\\':"
	    "{\\'A\\':{\\'Type\\':\\'Succeed\\'%s}}}";
	struct driver d;
	char text[300];
	driver_open(&d, NULL);
	(void)snprintf(text, sizeof(text), jsonata, "");
	CHECK_STR(driver_call(&d, operation, "{'definition':'%s'}", text),
		  "{\"diagnostics\":[],\"result\":\"OK\",\"truncated\":false}");
	(void)driver_call(&d, operation, "{'definition':'%s','severity':'WARNING'}", text);
	CHECK_STR(driver_get(&d, "result"), "OK");
	CHECK_STR(driver_get(&d, "diagnostics.0.severity"), "WARNING");
	(void)driver_call(&d, "CreateStateMachine",
			  "{'name':'m','roleArn':'arn:aws:iam::1:role/r','definition':'%s'}", text);
	CHECK_STR(d.err.name, "InvalidDefinition");

	(void)snprintf(text, sizeof(text), jsonata, ",\\'QueryLanguage\\':\\'JSONPath\\'");
	CHECK_STR(driver_call(&d, operation, "{'definition':'%s'}", text),
		  "{\"diagnostics\":[" FAULT("/States/A",
					     "'QueryLanguage' can not be 'JSONPath' if "
					     "set to 'JSONata' for whole state "
					     "machine") "],\"result\":\"FAIL\","
							"\"truncated\":false}");
	driver_close(&d);
}

TEST(members_are_checked)
{
	struct driver d;
	driver_open(&d, NULL);
	(void)driver_call(&d, operation, "{'definition':'{}','maxResults':101,'severity':'INFO'}");
	CHECK_STR(d.err.name, "ValidationException");
	(void)driver_call(&d, operation, "{}");
	CHECK_STR(d.err.name, "ValidationException");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_right_definition_is_ok), TAP_CASE(the_first_fault_of_every_state_is_found),
	    TAP_CASE(text_that_is_no_json_and_a_missing_start_are_named),
	    TAP_CASE(what_the_service_would_run_is_a_warning_for_those_who_ask),
	    TAP_CASE(members_are_checked)));
}
