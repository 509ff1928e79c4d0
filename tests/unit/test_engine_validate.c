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

/* "CODE: message at location, ..." of CreateStateMachine, between the quotes. */
static const char *refusal(struct driver *d, const char *type, const char *definition)
{
	static const char start[] = "Invalid State Machine Definition: ";
	(void)driver_call(d, "CreateStateMachine",
			  "{'name':'m','roleArn':'arn:aws:iam::1:role/r','type':'%s',"
			  "'definition':'%s'}",
			  type, definition);
	if (strcmp(d->err.name, "InvalidDefinition") != 0)
		return "created";
	return d->err.message + strlen(start);
}

TEST(transitions_are_looked_at_when_all_forms_are_right)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(refusal(&d, "STANDARD",
			  "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Pass\\',"
			  "\\'Next\\':\\'X\\'},\\'B\\':{\\'Type\\':\\'Pass\\',\\'End\\':true}}}"),
		  "'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next, "
		  "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B'");
	/* Named by a state that is not reachable itself is named. */
	CHECK_STR(refusal(&d, "STANDARD",
			  "{\\'StartAt\\':\\'X\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Pass\\',"
			  "\\'Next\\':\\'B\\'},\\'B\\':{\\'Type\\':\\'Succeed\\'}}}"),
		  "'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt, "
		  "MISSING_TRANSITION_TARGET: State \"A\" is not reachable. at /States/A'");
	/* Without an end nothing is said of what is not reachable. */
	CHECK_STR(
	    refusal(&d, "STANDARD",
		    "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Choice\\',"
		    "\\'Choices\\':[{\\'Variable\\':\\'$.a\\',\\'IsNull\\':true,"
		    "\\'Next\\':\\'X\\'}],\\'Default\\':\\'Y\\'},"
		    "\\'B\\':{\\'Type\\':\\'Pass\\',\\'Next\\':\\'A\\'}}}"),
	    "'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at "
	    "/States/A/Choices[0]/Next, MISSING_TRANSITION_TARGET: Missing 'Next' target: Y "
	    "at /States/A/Default, MISSING_END_STATE: Workflow has no terminal state at null'");
	CHECK_STR(refusal(&d, "STANDARD",
			  "{\\'StartAt\\':\\'P\\',\\'States\\':{\\'P\\':{\\'Type\\':\\'Parallel\\',"
			  "\\'End\\':true,\\'Branches\\':[{\\'StartAt\\':\\'A\\',\\'States\\':{"
			  "\\'A\\':{\\'Type\\':\\'Pass\\',\\'Next\\':\\'P\\'}}}]}}}"),
		  "'MISSING_TRANSITION_TARGET: Missing 'Next' target: P at "
		  "/States/P/Branches[0]/States/A/Next'");
	driver_close(&d);
}

TEST(a_workflow_without_an_end_has_no_location)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(driver_call(&d, operation,
			      "{'definition':'{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':"
			      "{\\'Type\\':\\'Pass\\',\\'Next\\':\\'A\\'}}}'}"),
		  "{\"diagnostics\":[{\"code\":\"MISSING_END_STATE\",\"message\":\"Workflow has no "
		  "terminal state\",\"severity\":\"ERROR\"}],\"result\":\"FAIL\","
		  "\"truncated\":false}");
	driver_close(&d);
}

TEST(states_have_the_fields_of_their_type)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(
	    refusal(&d, "STANDARD",
		    "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Pass\\',"
		    "\\'End\\':true,\\'TimeoutSeconds\\':1,\\'Catch\\':[]}}}"),
	    "'SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/A, "
	    "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/A'");
	CHECK_STR(refusal(&d, "STANDARD",
			  "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Task\\',"
			  "\\'Resource\\':\\'f\\',\\'End\\':true,\\'Retry\\':[{\\'ErrorEquals\\':"
			  "[\\'E\\',\\'States.ALL\\']}]}}}"),
		  "'SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at "
		  "/States/A/Retry[0]/ErrorEquals[1], SCHEMA_VALIDATION_FAILED: Value is not a "
		  "valid resource ARN at /States/A/Resource'");
	CHECK_STR(refusal(&d, "STANDARD",
			  "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Succeed\\',"
			  "\\'Output\\':1}}}"),
		  "'SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field "
		  "'Output' is only supported for the 'JSONata' QueryLanguage at /States/A'");
	driver_close(&d);
}

TEST(an_express_machine_waits_for_nobody)
{
	static const char task[] =
	    "{\\'StartAt\\':\\'A\\',\\'States\\':{\\'A\\':{\\'Type\\':\\'Task\\',\\'End\\':true,"
	    "\\'Resource\\':\\'arn:aws:states:%s\\'}}}";
	struct driver d;
	char text[300];
	driver_open(&d, NULL);
	(void)snprintf(text, sizeof(text), task, "::states:startExecution.sync:2");
	CHECK_STR(refusal(&d, "EXPRESS", text),
		  "'SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' "
		  "service integration at /States/A/Resource'");
	(void)snprintf(text, sizeof(text), task, "us-east-1:1:activity:a");
	CHECK_STR(refusal(&d, "EXPRESS", text),
		  "'SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN "
		  "at /States/A/Resource'");
	CHECK_STR(refusal(&d, "STANDARD", text), "created");
	driver_close(&d);
}

#define MACHINE \
	"'roleArn':'arn:aws:iam::1:role/r','definition':'{\\'StartAt\\':\\'S\\'," \
	"\\'States\\':{\\'S\\':{\\'Type\\':\\'Succeed\\'}}}'"
#define ARN "arn:aws:states:us-east-1:123456789012:stateMachine:"

TEST(what_logs_needs_one_destination)
{
	static const char refused[] = "InvalidLoggingConfiguration: Invalid Logging Configuration: "
				      "Must specify exactly one Log Destination.";
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(driver_call(&d, "CreateStateMachine",
			      "{'name':'m'," MACHINE ",'loggingConfiguration':{'level':'ALL'}}"),
		  refused);
	(void)driver_call(&d, "CreateStateMachine",
			  "{'name':'m'," MACHINE ",'loggingConfiguration':{'level':'OFF'}}");
	CHECK_STR(driver_call(&d, "UpdateStateMachine",
			      "{'stateMachineArn':'" ARN "m','loggingConfiguration':"
			      "{'level':'OFF','destinations':[{},{}]}}"),
		  refused);
	(void)driver_call(&d, "DescribeStateMachine", "{'stateMachineArn':'" ARN "m'}");
	CHECK_STR(driver_get(&d, "loggingConfiguration.includeExecutionData"), "false");
	(void)driver_call(&d, "UpdateStateMachine",
			  "{'stateMachineArn':'" ARN "m','loggingConfiguration':{'level':'ERROR',"
			  "'destinations':[{'cloudWatchLogsLogGroup':{'logGroupArn':'g'}}]}}");
	(void)driver_call(&d, "DescribeStateMachine", "{'stateMachineArn':'" ARN "m'}");
	CHECK_STR(driver_get(&d, "loggingConfiguration.level"), "ERROR");
	CHECK_STR(driver_get(&d, "loggingConfiguration.destinations.0.cloudWatchLogsLogGroup."
				 "logGroupArn"),
		  "g");
	driver_close(&d);
}

TEST(a_description_is_for_a_version_that_is_published)
{
	static const char refused[] = "ValidationException: Version description can only be set "
				      "when publish is true";
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(driver_call(&d, "CreateStateMachine",
			      "{'name':'m'," MACHINE ",'versionDescription':'v'}"),
		  refused);
	(void)driver_call(&d, "CreateStateMachine", "{'name':'m'," MACHINE "}");
	CHECK_STR(driver_call(&d, "UpdateStateMachine",
			      "{'stateMachineArn':'" ARN "m'," MACHINE
			      ",'versionDescription':'v'}"),
		  refused);
	CHECK_STR(driver_call(&d, "UpdateStateMachine", "{'stateMachineArn':'" ARN "m'}"),
		  "MissingRequiredParameter: Either the definition, the role ARN, the "
		  "LoggingConfiguration, or the TracingConfiguration must be specified");
	driver_close(&d);
}

TEST(an_input_that_is_a_word_is_named)
{
	struct driver d;
	driver_open(&d, NULL);
	(void)driver_call(&d, "CreateStateMachine", "{'name':'m'," MACHINE "}");
	CHECK_STR(
	    driver_call(&d, "StartExecution", "{'stateMachineArn':'" ARN "m','input':'not JSON'}"),
	    "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unrecognized "
	    "token 'not': was expecting (JSON String, Number, Array, Object or token 'null', "
	    "'true' or 'false')\n at [Source: (String)\"not JSON\"; line: 1, column: 4]'");
	driver_close(&d);
}

TEST(tags_are_added_together_or_not_at_all)
{
	struct buf many = BUF_INIT(4096);
	struct driver d;
	driver_open(&d, NULL);
	(void)driver_call(&d, "CreateStateMachine", "{'name':'m'," MACHINE "}");
	for (int i = 0; i < 51; i++)
		buf_addf(&many, "%s{'key':'k%d','value':''}", i ? "," : "", i);
	CHECK_STR(driver_call(&d, "TagResource", "{'resourceArn':'" ARN "m','tags':[%s]}",
			      buf_cstr(&many)),
		  "TooManyTags: A resource has at most 50 tags");
	CHECK_STR(driver_call(&d, "ListTagsForResource", "{'resourceArn':'" ARN "m'}"),
		  "{\"tags\":[]}");
	buf_clear(&many);
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_right_definition_is_ok), TAP_CASE(the_first_fault_of_every_state_is_found),
	    TAP_CASE(text_that_is_no_json_and_a_missing_start_are_named),
	    TAP_CASE(what_the_service_would_run_is_a_warning_for_those_who_ask),
	    TAP_CASE(members_are_checked),
	    TAP_CASE(transitions_are_looked_at_when_all_forms_are_right),
	    TAP_CASE(a_workflow_without_an_end_has_no_location),
	    TAP_CASE(states_have_the_fields_of_their_type),
	    TAP_CASE(an_express_machine_waits_for_nobody),
	    TAP_CASE(what_logs_needs_one_destination),
	    TAP_CASE(a_description_is_for_a_version_that_is_published),
	    TAP_CASE(an_input_that_is_a_word_is_named),
	    TAP_CASE(tags_are_added_together_or_not_at_all)));
}
