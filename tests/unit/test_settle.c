/* Calls that a process which died left open, settled by the next one. */
#include "script/settle.h"

#include "unclear_court.h"

TEST(a_call_is_sent_again_with_its_token_and_its_run_goes_on)
{
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	(void)snprintf(token, sizeof(token), "%s", strstr(c.call->args.p, "clientToken"));

	next_process(&c);
	CHECK_INT(c.starts, 2);
	CHECK(strncmp(token, strstr(c.call->args.p, "clientToken"), 40) == 0);
	CHECK(settle_why(c.settle, c.w.id) != NULL);
	CHECK(!c.tried);
	finish(&c, &(struct call_result){ .answer = bytes_str("{\"n\":7}"), .attempts = 1 });

	CHECK(c.tried);
	CHECK(settle_why(c.settle, c.w.id) == NULL);
	CHECK(strstr(world_last(&c.w, "call.intent"), "\"resends\":{\"segment\":\"segment-1\""));
	CHECK(strstr(world_last(&c.w, "call.intent"), "\"journalled\":true"));
	CHECK_INT(unsettled(&c), 0);
	CHECK_INT(world_carry_on(&c.w), 0);
	CHECK_STR(c.w.result, "7");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

TEST(dying_while_it_is_settled_changes_nothing)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	for (int i = 0; i < 3; i++)
		next_process(&c);
	CHECK_INT(c.starts, 4);
	CHECK_INT(unsettled(&c), 1);

	finish(&c, &(struct call_result){ .answer = bytes_str("{\"n\":7}"), .attempts = 1 });
	CHECK_INT(world_carry_on(&c.w), 0);

	CHECK_STR(c.w.result, "7");
	CHECK_INT(c.starts, 4);
	court_close(&c);
}

TEST(an_error_that_proves_nothing_leaves_it_open)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");

	next_process(&c);
	finish(&c, &(struct call_result){ .code = "AccessDenied", .message = "no" });
	CHECK(c.tried);
	CHECK(strstr(settle_why(c.settle, c.w.id), "AccessDenied: no"));
	CHECK_INT(unsettled(&c), 1);
	CHECK_INT(world_carry_on(&c.w), 0);
	CHECK_INT(runs_alive(c.w.runs), 0);
	struct err err = { 0 };
	const struct run_listener nobody = { 0 };
	CHECK_INT(run_resume(c.w.runs, c.w.id, &nobody, &err), -ERR_INVALID);
	CHECK_STR(err.name, SETTLE_OPEN);

	next_process(&c);
	finish(&c, &(struct call_result){ .code = "NeverDone", .message = "it is not so" });
	CHECK_INT(unsettled(&c), 0);
	CHECK_INT(world_carry_on(&c.w), 0);
	CHECK(strstr(c.w.message, "NeverDone"));
	court_close(&c);
}

TEST(what_cannot_be_known_parks_the_run_without_a_call)
{
	struct court c;
	court_open(&c);
	c.w.spec.call_timeout_ms = 1;
	world_start(&c.w, "pcall(require 'demo'.change_thing, { target = 'a' }) return 1");
	CHECK_INT(c.w.starts, 1);

	next_process(&c);
	CHECK(c.tried);
	CHECK_INT(c.w.starts, 1);
	CHECK_INT(unsettled(&c), 0);
	CHECK(strstr(settle_parked(c.settle, c.w.id), "change_thing on a"));
	CHECK(strstr(world_last(&c.w, "run.end"), "\"outcome\":\"unknown\""));
	CHECK(strstr(world_last(&c.w, "call.settle"), "\"outcome\":\"unknown\""));
	CHECK_INT(world_carry_on(&c.w), 0);
	CHECK_INT(runs_alive(c.w.runs), 0);
	court_close(&c);
}

TEST(several_on_one_resource_go_one_after_the_other)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "parallel{ function() " MOVE " end, function() " MOVE
			  " end, function() " MOVE_OF("b") " end }");
	CHECK_INT(c.starts, 3);

	next_process(&c);
	CHECK_INT(c.starts, 5); /* one of a, that of b */
	CHECK(strstr(c.call->args.p, "\"b\""));
	finish(&c, &(struct call_result){ .answer = bytes_str("{}"), .attempts = 1 });
	CHECK_INT(c.starts, 5);
	CHECK_INT((long long)settle_open(c.settle), 2);
	settle_stop(c.settle);
	court_close(&c);
}

TEST(stopped_in_the_middle_it_leaves_the_call_open)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");

	next_process(&c);
	settle_stop(c.settle);
	world_turn(&c.w);
	CHECK(c.call == NULL);
	CHECK_INT(unsettled(&c), 1);
	CHECK_INT(world_count(&c.w, "call.outcome"), 1); /* of the second intent */
	court_close(&c);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_call_is_sent_again_with_its_token_and_its_run_goes_on),
				 TAP_CASE(dying_while_it_is_settled_changes_nothing),
				 TAP_CASE(an_error_that_proves_nothing_leaves_it_open),
				 TAP_CASE(what_cannot_be_known_parks_the_run_without_a_call),
				 TAP_CASE(several_on_one_resource_go_one_after_the_other),
				 TAP_CASE(stopped_in_the_middle_it_leaves_the_call_open)));
}
