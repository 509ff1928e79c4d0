/* Arguments and answers at the gate: what is refused, what is sent, and of which type it comes back. */
#include "script_world.h"
#include "tap.h"

#define READ "require 'demo'.read_thing"

/* Run a script that must raise InvalidArgument with this message, and record it as such. */
static void check_invalid(const char *args, const char *message)
{
	struct world w;
	char script[512];
	world_open(&w);
	(void)snprintf(script, sizeof(script),
		       "local ok, e = pcall(" READ ", %s)\nreturn { ok, e.code, e.message }", args);

	world_run(&w, script);

	cJSON *r = json_parse(bytes_str(w.result), NULL);
	const cJSON *ok = cJSON_GetArrayItem(r, 0);
	CHECK(cJSON_IsFalse(ok));
	CHECK_STR(cJSON_GetStringValue(cJSON_GetArrayItem(r, 1)), "InvalidArgument");
	CHECK_STR(cJSON_GetStringValue(cJSON_GetArrayItem(r, 2)), message);
	CHECK_INT(w.starts, 0);
	CHECK_INT(world_count(&w, "call.intent"), 1);
	CHECK(strstr(world_last(&w, "call.outcome"), "\"intent\":2,\"outcome\":\"invalid\""));
	cJSON_Delete(r);
	world_close(&w);
}

TEST(arguments_are_checked_before_anything_leaves)
{
	check_invalid("{}", "missing member 'name'");
	check_invalid("{ nam = 'x' }", "unknown member 'nam': did you mean 'name'?");
	check_invalid("{ NAME = 'x' }", "unknown member 'NAME': did you mean 'name'?");
	check_invalid("{ name = 'x', zzzzzzzzzzzz = 1 }",
		      "unknown member 'zzzzzzzzzzzz' (it takes: name, count, code, colour, when, "
		      "tags, labels, inner, flag, any, secret)");
	check_invalid("{ name = 7 }", "name must be a string, got a number");
	check_invalid("{ name = '' }", "name must have 1 to 8 characters, got 0");
	check_invalid("{ name = '123456789' }", "name must have 1 to 8 characters, got 9");
	check_invalid("{ name = null }", "name must be a string, got null");
	check_invalid("{ name = 'x', count = 1.5 }", "count must be an integer, got 1.5");
	check_invalid("{ name = 'x', count = 101 }", "count must be 1 to 100, got 101");
	check_invalid("{ name = 'x', count = '1' }", "count must be an integer, got a string");
	check_invalid("{ name = 'x', code = 'aB' }", "code 'aB' does not match [a-z]+");
	check_invalid("{ name = 'x', code = 'a\\n' }", "code 'a\n' does not match [a-z]+");
	check_invalid("{ name = 'x', code = 'a\\0' }",
		      "code 'a\xef\xbf\xbd\xef\xbf\xbd' does not match [a-z]+");
	check_invalid("{ name = 'x', colour = 'blue' }",
		      "colour must be one of red, green, got 'blue'");
	check_invalid("{ name = 'x', when = 'soon' }",
		      "when must be a time (seconds since the epoch, or ISO 8601 text), got a "
		      "string");
	check_invalid("{ name = 'x', flag = 'yes' }", "flag must be a boolean, got a string");
	check_invalid("{ name = 'x', tags = { 'a', 7 } }",
		      "tags[2] must be a string, got a number");
	check_invalid("{ name = 'x', tags = { 'a', 'b', 'c' } }",
		      "tags must have 0 to 2 elements, got 3");
	check_invalid("{ name = 'x', labels = { a = 1 } }",
		      "labels.a must be a string, got a number");
	check_invalid("{ name = 'x', inner = { dept = 1 } }",
		      "unknown member 'inner.dept': did you mean 'inner.depth'?");
	check_invalid("{ name = 'x', inner = {} }", "missing member 'inner.depth'");
	check_invalid("{ name = 'x', any = { [1.5] = 1 } }",
		      "arguments.any: has a number as a key: an object's names are strings, a list "
		      "has no holes");
	check_invalid("{ name = 'x', any = 0/0 }",
		      "arguments.any: a number that JSON cannot write: NaN");
	check_invalid("{ name = '\\xff' }", "arguments.name: text that is not UTF-8");
	check_invalid("{ 'x' }", "takes a table with names, got a list");
	check_invalid("'x'", "takes one table, got a string");
}

TEST(every_type_passes_as_it_is_sent)
{
	struct world w;
	world_open(&w);

	world_start(&w, READ "{ name = 'h\xc3\xa9', count = 6.0, when = '2026-11-21T00:00:00.5Z', "
			     "tags = {}, labels = {}, inner = { depth = 1 }, "
			     "any = { array{}, {}, null, { x = 2^53 } } }");

	REQUIRE(w.call);
	cJSON *args = json_parse(w.call->args, NULL);
	cJSON *want = json_parse(
	    BYTES_LIT("{\"any\":[[],{},null,{\"x\":9007199254740992}],\"count\":6,\"inner\":{"
		      "\"depth\":1},\"labels\":{},\"name\":\"h\xc3\xa9\",\"tags\":[],"
		      "\"when\":1795219200.5}"),
	    NULL);
	CHECK(json_equal(args, want));
	cJSON_Delete(args);
	cJSON_Delete(want);
	world_close(&w);
}

TEST(answers_are_typed_by_the_row)
{
	struct world w;
	world_open(&w);

	world_start(&w, "local a = " READ "{ name = 'x' }\n"
			"assert(math.type(a.total) == 'integer' and a.total == 6)\n"
			"assert(math.type(a.percentage) == 'float' and a.percentage == 0)\n"
			"assert(math.type(a.startDate) == 'float')\n"
			"assert(a.startDate == 1790218660.927)\n"
			"assert(a.redriveDate == nil)\n"
			"assert(math.type(a.counts.failed) == 'integer')\n"
			"assert(a.list[2] == null and #a.list == 3 and #a.empty == 0)\n"
			"assert(math.type(a.big) == 'integer' and a.big == 9223372036854775807)\n"
			"assert(math.type(a.other) == 'float')\n"
			"assert(a.text == 'a\\0b')\n"
			"return { a.empty, a.object }");
	world_answer(&w, "{\"total\":6.0,\"percentage\":0,\"startDate\":1.790218660927E9,"
			 "\"redriveDate\":null,\"counts\":{\"failed\":1E0},\"list\":[1,null,3],"
			 "\"empty\":[],\"object\":{},\"big\":9223372036854775807,\"other\":1.0,"
			 "\"text\":\"a\\u0000b\"}");

	CHECK_STR(w.message, "");
	CHECK_STR(w.result, "[[],{}]");
	world_close(&w);
}

TEST(a_timestamp_may_come_as_text)
{
	struct world w;
	world_open(&w);

	world_start(&w, "local a = " READ "{ name = 'x' }\nreturn { a.startDate }");
	world_answer(&w, "{\"startDate\":\"2026-11-21T00:00:00.250Z\"}");

	CHECK_STR(w.result, "[1795219200.25]");
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(arguments_are_checked_before_anything_leaves),
				 TAP_CASE(every_type_passes_as_it_is_sent),
				 TAP_CASE(answers_are_typed_by_the_row),
				 TAP_CASE(a_timestamp_may_come_as_text)));
}
