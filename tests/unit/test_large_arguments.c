/* Arguments of many megabytes. */
#include "script_world.h"
#include "tap.h"

#define READ "require 'demo'.read_thing"

TEST(arguments_that_grow_when_they_are_written_are_sent_whole)
{
	struct world w;
	world_open(&w);
	w.spec.memory_max = 64 << 20;

	world_start(&w, READ "{ name = 'x', any = ('\\1'):rep(6000000) }");

	CHECK_STR(w.message, "");
	REQUIRE(w.call);
	CHECK(w.call->args.n > 36000000);
	CHECK(strstr(world_last(&w, "call.intent"), "\"args\":{\"omitted\":36000"));
	world_answer(&w, "{}");
	CHECK_INT(w.outcome, RUN_DONE);
	world_run(&w, READ "{ name = 'x', any = ('x'):rep(17000000) }");
	CHECK(strstr(w.message, "arguments.any: the value is too large"));
	world_close(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(arguments_that_grow_when_they_are_written_are_sent_whole)));
}
