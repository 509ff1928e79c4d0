/* parallel: branches of a run, their order, their failures, and their replay. */
#include "script_world.h"
#include "set_clock.h"
#include "tap.h"

#define READ "require 'demo'.read_thing"
#define CHANGE "require 'demo'.change_thing"

static const struct call_result nothing = { .code = "NotFound", .message = "no such thing" };

/* End the call whose arguments contain text; an error when json is NULL. */
static void answer(struct world *w, const char *text, const char *json)
{
	struct host_call *call = world_call_with(w, text);
	if (!CHECK(call != NULL))
		return;
	struct call_result ok = { .answer = bytes_str(json ? json : ""), .status = 200 };
	w->call = call;
	world_fail(w, json ? &ok : &nothing);
}

static bool ended(const struct world *w)
{
	return w->ends > 0;
}

TEST(results_come_as_a_list_in_the_order_of_the_functions)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "return parallel{\n"
			"  function() return " READ "{ name = 'a' }.total end,\n"
			"  function() return " READ "{ name = 'b' }.total end,\n"
			"  function() end }");
	answer(&w, "\"b\"", "{\"total\":2}");
	CHECK_INT(w.ends, 0);
	answer(&w, "\"a\"", "{\"total\":1}");

	CHECK_STR(w.message, "");
	CHECK_STR(w.result, "[1,2,null]");
	world_start(&w, "return parallel{}");
	CHECK_STR(w.result, "[]");
	world_close(&w);
}

TEST(steps_have_paths)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "now()\n"
			"parallel{ function() end, function()\n"
			"  " READ "{ name = 'a' }\n"
			"  parallel{ function() " READ "{ name = 'b' } end }\n"
			"end }");
	CHECK(strstr(world_last(&w, "call.intent"), "\"step\":\"2.2.1\""));
	answer(&w, "\"a\"", "{}");
	CHECK(strstr(world_last(&w, "call.intent"), "\"step\":\"2.2.2.1.1\""));
	answer(&w, "\"b\"", "{}");
	CHECK_INT(w.outcome, RUN_DONE);
	world_close(&w);
}

/* Two branches add to one list as their answers come. */
static const char *const shared = "local order = {}\n"
				  "local function both(name)\n"
				  "  return function()\n"
				  "    for i = 1, 3 do\n"
				  "      " READ "{ name = name .. i }\n"
				  "      order[#order + 1] = name .. i\n"
				  "    end\n"
				  "  end\n"
				  "end\n"
				  "parallel{ both 'a', both 'b' }\n"
				  "" READ "{ name = table.concat(order, '-', 1, 2) }\n"
				  "return table.concat(order)";

TEST(branches_that_share_a_variable_replay_as_they_ran)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, shared);
	answer(&w, "b1", "{}");
	answer(&w, "b2", "{}");
	answer(&w, "a1", "{}");
	answer(&w, "b3", "{}");
	CHECK_INT(w.starts, 5);

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(w.starts, 6); /* a2 alone again */
	answer(&w, "a2", "{}");
	answer(&w, "a3", "{}");
	CHECK(world_call_with(&w, "b1-b2"));
	answer(&w, "b1-b2", "{}");

	CHECK_STR(w.result, "\"b1b2a1b3a2a3\"");
	world_close(&w);
}

TEST(nothing_overtakes_an_end_that_is_not_durable_yet)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w,
		    "local order = {}\n"
		    "parallel{\n"
		    "  function() " CHANGE "{ target = 't' } order[#order + 1] = 'change' end,\n"
		    "  function() " READ "{ name = 'a' } order[#order + 1] = 'read' end }\n"
		    "return table.concat(order, ' ')");
	world_hold(&w);
	answer(&w, "\"t\"", "{}");
	answer(&w, "\"a\"", "{}");
	CHECK_INT(w.ends, 0);
	world_release(&w);

	CHECK_STR(w.result, "\"change read\"");
	world_close(&w);
}

TEST(a_failing_branch_stops_its_siblings_at_sleeps_only)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local done = {}\n"
			"local ok, e = pcall(parallel, {\n"
			"  function() " READ "{ name = 'a' } end,\n"
			"  function() sleep(1000) done[#done + 1] = 'slept' end,\n"
			"  function()\n"
			"    " CHANGE "{ target = 't' } done[#done + 1] = 'changed'\n"
			"    " READ "{ name = 'c' } done[#done + 1] = 'read'\n"
			"    sleep(1) done[#done + 1] = 'slept'\n"
			"  end })\n"
			"return { done, e.code, e.branch }");
	answer(&w, "\"a\"", NULL);
	CHECK_INT(w.ends, 0);
	answer(&w, "\"t\"", "{}");
	answer(&w, "\"c\"", "{}");

	CHECK_STR(w.result, "[[\"changed\",\"read\"],\"NotFound\",1]");
	CHECK_INT(world_timers(&w), 0);
	world_close(&w);
}

TEST(the_first_error_names_its_branch)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "parallel{ function() sleep(1000) end,\n"
			"  function() parallel{ function() error 'deep' end } end }");
	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "branch 2: branch 1: "));
	CHECK(strstr(w.message, "t.lua:2: deep"));

	world_start(&w, "parallel{ print, 7 }");
	CHECK(strstr(w.message, "parallel: element 2 is a number, not a function"));
	world_start(&w, "local function f() parallel{ f } end f()");
	CHECK(strstr(w.message, "more than 8 levels deep"));
	world_close(&w);
}

TEST(only_so_many_go_on_at_once)
{
	struct world w;
	world_open_durable(&w);
	w.spec.parallel_max = 2;
	world_start(&w, "local f = {}\n"
			"for i = 1, 5 do f[i] = function() return " READ
			"{ name = 'n' .. i }.total end end\n"
			"return parallel(f)");
	CHECK_INT(w.starts, 2);
	answer(&w, "n2", "{\"total\":2}");
	CHECK_INT(w.starts, 3);
	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	answer(&w, "n1", "{\"total\":1}");
	answer(&w, "n3", "{\"total\":3}");
	answer(&w, "n4", "{\"total\":4}");
	answer(&w, "n5", "{\"total\":5}");
	CHECK_STR(w.result, "[1,2,3,4,5]");
	world_close(&w);
}

TEST(a_branch_that_computes_is_not_overtaken)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w,
		    "local order = {}\n"
		    "parallel{\n"
		    "  function() " READ "{ name = 'a' }\n"
		    "    local x = 0 for i = 1, 2e7 do x = x + i end order[#order + 1] = 'a' end,\n"
		    "  function() " READ "{ name = 'b' } order[#order + 1] = 'b' end }\n"
		    "return table.concat(order)");
	struct host_call *b = world_call_with(&w, "\"b\"");
	w.call = world_call_with(&w, "\"a\"");
	world_end_only(&w, &(struct call_result){ .answer = bytes_str("{}") });
	w.call = b;
	world_end_only(&w, &(struct call_result){ .answer = bytes_str("{}") });
	world_turn(&w);
	CHECK_STR(w.result, "\"ab\"");
	world_close(&w);
}

TEST(branches_sleep_out_of_memory_and_wake_in_order)
{
	struct world w;
	world_open_durable(&w);
	w.passive_ms = 1;
	world_restart(&w);
	world_start(
	    &w, "local order = {}\n"
		"local function nap(s) return function() sleep(s) order[#order + 1] = s end end\n"
		"parallel{ nap(0.12), nap(0.06), nap(0.18) }\n"
		"return order");
	CHECK_INT(runs_asleep(w.runs), 1);
	CHECK(world_until(&w, ended));
	CHECK_STR(w.result, "[0.06,0.12,0.18]");
	world_close(&w);
}

TEST(branches_that_overslept_wake_in_order)
{
	struct world w;
	world_open_durable(&w);
	world_start(
	    &w, "local order = {}\n"
		"local function nap(s) return function() sleep(s) order[#order + 1] = s end end\n"
		"parallel{ nap(3000), nap(1000), nap(4000), nap(2000) }\n"
		"return order");
	world_restart(&w);
	wall_ahead_s = 5000; /* all are over when the run goes on */
	CHECK_INT(world_carry_on(&w), 0);
	CHECK(world_until(&w, ended));
	CHECK_STR(w.result, "[1000,2000,3000,4000]");
	world_close(&w);
	wall_ahead_s = 0;
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(results_come_as_a_list_in_the_order_of_the_functions),
	    TAP_CASE(steps_have_paths), TAP_CASE(branches_that_share_a_variable_replay_as_they_ran),
	    TAP_CASE(nothing_overtakes_an_end_that_is_not_durable_yet),
	    TAP_CASE(a_failing_branch_stops_its_siblings_at_sleeps_only),
	    TAP_CASE(the_first_error_names_its_branch), TAP_CASE(only_so_many_go_on_at_once),
	    TAP_CASE(a_branch_that_computes_is_not_overtaken),
	    TAP_CASE(branches_sleep_out_of_memory_and_wake_in_order),
	    TAP_CASE(branches_that_overslept_wake_in_order)));
}
