/* What a state's ...Path fields lead to: nothing, or what cannot be used. Causes as recorded. */
#include "tap.h"

#include <stdio.h>
#include <string.h>

#include "engine_driver.h"

/* Runs one state named S. Returns "ERROR: cause" without the words that all causes start with. */
static const char *failure(struct driver *d, const char *state, const char *input)
{
	static const char start[] =
	    "An error occurred while executing the state 'S' (entered at the event id #2). ";
	static char text[700];
	static int n;
	char name[16], definition[600];
	(void)snprintf(name, sizeof(name), "m%d", ++n);
	(void)snprintf(definition, sizeof(definition),
		       "{'StartAt':'S','States':{'S':{%s},'E':{'Type':'Fail'}}}", state);
	driver_machine(d, name, definition);
	const char *arn = driver_start(d, name, "x", input);
	driver_run(d);
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'%s'}", arn);
	(void)snprintf(text, sizeof(text), "%s: ", driver_get(d, "error"));
	const char *cause = driver_get(d, "cause");
	size_t len = strlen(text);
	if (strncmp(cause, start, strlen(start)) != 0)
		return "another start";
	(void)snprintf(text + len, sizeof(text) - len, "%s", cause + strlen(start));
	return text;
}

#define WAIT(field) "'Type':'Wait','" field "':'$.at','Next':'E'"
#define INLINE_MAP \
	"'Type':'Map','MaxConcurrencyPath':'$.most','ItemsPath':'$.nowhere','Next':'E'," \
	"'ItemProcessor':{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}"

TEST(a_wait_needs_something_to_wait_for)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(failure(&d, WAIT("SecondsPath"), "{}"),
		  "States.Runtime: The SecondsPath parameter does not reference an input value: "
		  "$.at");
	CHECK_STR(failure(&d, WAIT("TimestampPath"), "{}"),
		  "States.Runtime: The TimestampPath parameter does not reference an input value: "
		  "$.at");
	CHECK_STR(failure(&d, WAIT("SecondsPath"), "{'at':1.5}"),
		  "States.Runtime: The SecondsPath parameter cannot be parsed as a long value: "
		  "$.at == 1.5");
	driver_close(&d);
}

TEST(the_concurrency_of_a_map_is_looked_at_before_its_items)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(failure(&d, INLINE_MAP, "{'most':'NoNumber'}"),
		  "States.Runtime: The MaxConcurrencyPath field refers to value \"NoNumber\" which "
		  "is not a valid integer: $.most");
	CHECK_STR(
	    failure(&d, INLINE_MAP, "{'most':{}}"),
	    "States.Runtime: The MaxConcurrencyPath field refers to value \"{}\" which is not "
	    "a valid integer: $.most");
	CHECK_STR(failure(&d, INLINE_MAP, "{'most':-1}"),
		  "States.Runtime: Expected non-negative integer for MaxConcurrency, got '-1' "
		  "instead.");
	CHECK_STR(failure(&d, INLINE_MAP, "{'most':1}"),
		  "States.Runtime: Invalid path '$.nowhere' : No results for path: $['nowhere']");
	driver_close(&d);
}

TEST(what_does_not_fit_is_told_with_the_input_as_it_was)
{
	struct driver d;
	driver_open(&d, NULL);
	CHECK_STR(
	    failure(&d, "'Type':'Pass','Result':1,'ResultPath':'$.x[0]','Next':'E'", "{'a':[5]}"),
	    "States.ResultPathMatchFailure: Unable to apply ReferencePath $.x[0] to input "
	    "{\"a\":[5]}");
	CHECK_STR(failure(&d,
			  "'Type':'Parallel','End':true,'Branches':[{'StartAt':'F','States':{'F':{"
			  "'Type':'Fail','Error':'X'}}}],'Catch':[{'ErrorEquals':['X'],"
			  "'ResultPath':'$.error','Next':'E'}]",
			  "[1]"),
		  "States.ResultPathMatchFailure: Unable to apply ReferencePath $.error to input "
		  "[1]");
	driver_close(&d);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_wait_needs_something_to_wait_for),
				 TAP_CASE(the_concurrency_of_a_map_is_looked_at_before_its_items),
				 TAP_CASE(what_does_not_fit_is_told_with_the_input_as_it_was)));
}
