/* Runs in a fake world: life, limits of the wait, errors and tracebacks, cancel, time-out. */
#include "script_world.h"
#include "tap.h"

TEST(a_result_is_returned_as_json)
{
	struct world w;
	world_open(&w);
	w.spec.input = BYTES_LIT("{\"a\":[1,2.5,\"x\"]}");

	world_run(&w, "local i = ...\nreturn { b = i.a, n = 3 }");

	CHECK_INT(w.ends, 1);
	CHECK_INT(w.outcome, RUN_DONE);
	CHECK_STR(w.result, "{\"b\":[1,2.5,\"x\"],\"n\":3}");
	CHECK_STR(w.message, "");
	world_close(&w);
}

TEST(a_call_suspends_the_run_and_its_answer_resumes_it)
{
	struct world w;
	world_open(&w);

	REQUIRE(world_start(&w, "local a = require 'demo'.read_thing{ name = 'x' }\nreturn a") ==
		0);
	CHECK_INT(w.ends, 0);
	REQUIRE(w.call);
	CHECK(bytes_eq(w.call->args, BYTES_LIT("{\"name\":\"x\"}")));
	world_answer(&w, "{\"status\":\"FAILED\",\"total\":6.0,\"more\":null}");

	CHECK_INT(w.outcome, RUN_DONE);
	CHECK_STR(w.result, "{\"status\":\"FAILED\",\"total\":6}");
	CHECK_INT(w.starts, 1);
	CHECK_INT(w.stops, 0);
	world_close(&w);
}

TEST(an_uncaught_error_names_the_runbooks_lines)
{
	struct world w;
	char want[256];
	world_open(&w);

	world_run(&w, "local function check(n)\n  error('too many: ' .. n)\nend\n\ncheck(7)\n");

	CHECK_INT(w.outcome, RUN_FAILED);
	(void)snprintf(want, sizeof(want), "%s:2: too many: 7", w.path);
	CHECK_STR(w.message, want);
	(void)snprintf(want, sizeof(want), "%s:2: in function 'check'\n%s:5: in the main chunk",
		       w.path, w.path);
	CHECK_STR(w.traceback, want);
	world_close(&w);
}

TEST(a_byte_order_mark_and_a_line_for_the_shell_are_no_lua)
{
	struct world w;
	world_open(&w);
	world_run(&w, "\xef\xbb\xbf#!/usr/bin/env runbook\nreturn debug == nil");
	CHECK_STR(w.result, "true");
	CHECK_STR(w.message, "");
	world_close(&w);
}

TEST(a_syntax_error_is_a_run_that_fails)
{
	struct world w;
	world_open(&w);

	world_run(&w, "local = 1");

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "t.lua:1:"));
	CHECK_INT(world_count(&w, "run.start"), 1);
	CHECK_INT(world_count(&w, "run.end"), 1);
	world_close(&w);
}

TEST(a_missing_runbook_or_bad_input_never_starts)
{
	struct world w;
	char id[RUN_ID_SIZE];
	struct err err;
	world_open(&w);
	struct run_spec spec = { .path = "/nonexistent/x.lua" };

	CHECK_INT(run_start(id, w.runs, &spec, &err), -ERR_INVALID);
	CHECK_STR(err.message, "/nonexistent/x.lua: No such file or directory");
	world_file(&w, "t.lua", "return 1");
	spec.path = w.path;
	spec.input = BYTES_LIT("[1]");
	CHECK_INT(run_start(id, w.runs, &spec, &err), -ERR_INVALID);
	CHECK_STR(err.message, "input: expected a JSON object");

	CHECK_INT(world_records(&w), 0);
	CHECK_INT(runs_alive(w.runs), 0);
	world_close(&w);
}

TEST(sleep_waits_for_its_timer)
{
	struct world w;
	world_open(&w);

	world_run(&w, "sleep(1.5)\nreturn true");
	CHECK_INT(w.ends, 0);
	CHECK(world_fire(&w, 1500));

	CHECK_INT(w.outcome, RUN_DONE);
	world_close(&w);
}

TEST(cancelling_a_sleeping_run_ends_it_at_once)
{
	struct world w;
	world_open(&w);

	world_run(&w, "pcall(sleep, 100)\nlog 'still here'");
	CHECK(run_cancel(w.runs, w.id, "interrupted"));

	CHECK_INT(w.outcome, RUN_CANCELLED);
	CHECK_STR(w.message, "interrupted");
	CHECK_STR(buf_cstr(&w.log), "");
	CHECK_INT(world_timers(&w), 0);
	CHECK(!run_cancel(w.runs, w.id, "again"));
	world_close(&w);
}

TEST(cancelling_stops_a_read)
{
	struct world w;
	world_open(&w);

	world_start(&w, "require 'demo'.read_thing{ name = 'x' }");
	CHECK(run_cancel(w.runs, w.id, "interrupted"));

	CHECK_INT(w.outcome, RUN_CANCELLED);
	CHECK_INT(w.stops, 1);
	CHECK(
	    strstr(world_last(&w, "call.outcome"), "\"outcome\":\"error\",\"code\":\"Cancelled\""));
	world_close(&w);
}

static const char change[] = "require 'demo'.change_thing{ target = 'it s', secret = 'abc' }";

TEST(cancelling_waits_for_the_answer_of_a_change)
{
	struct world w;
	world_open(&w);

	world_start(&w, change);
	CHECK(run_cancel(w.runs, w.id, "interrupted"));
	CHECK_INT(w.ends, 0);
	CHECK_INT(w.stops, 0);
	world_answer(&w, "{}");

	CHECK_INT(w.outcome, RUN_CANCELLED);
	CHECK_STR(w.message, "interrupted");
	CHECK(strstr(world_last(&w, "call.outcome"), "\"outcome\":\"ok\""));
	CHECK_INT(w.n_unknown, 0);
	world_close(&w);
}

TEST(cancelling_does_not_wait_for_a_change_that_has_not_left)
{
	struct world w;
	world_open(&w);

	world_start(&w, change);
	w.no_doubt = true;
	CHECK(run_cancel(w.runs, w.id, "interrupted"));

	CHECK_INT(w.outcome, RUN_CANCELLED);
	CHECK_INT(w.stops, 1);
	CHECK_INT(w.n_unknown, 0);
	CHECK(strstr(world_last(&w, "call.outcome"),
		     "\"outcome\":\"not_sent\",\"code\":\"Cancelled\""));
	world_close(&w);
}

TEST(a_change_without_answer_is_unknown_after_the_grace)
{
	struct world w;
	world_open(&w);

	world_start(&w, change);
	CHECK(run_cancel(w.runs, w.id, "interrupted"));
	CHECK(world_fire(&w, RUN_GRACE_MS));

	CHECK_INT(w.outcome, RUN_UNKNOWN);
	CHECK_STR(w.message, "interrupted");
	CHECK_INT(w.stops, 1);
	REQUIRE(w.n_unknown == 1);
	CHECK_STR(w.unknown_tell, "show --in 111122223333 --target 'it s' {nothing}");
	CHECK_INT(strlen(w.unknown_token), 36);
	CHECK(strstr(w.unknown_args, "\"secret\":{\"redacted\":3}"));
	CHECK(strstr(world_last(&w, "call.outcome"), "\"outcome\":\"unknown\""));
	world_close(&w);
}

TEST(a_second_cancel_does_not_wait)
{
	struct world w;
	world_open(&w);

	world_start(&w, change);
	CHECK(run_cancel(w.runs, w.id, "interrupted"));
	CHECK(run_cancel(w.runs, w.id, "now"));

	CHECK_INT(w.outcome, RUN_UNKNOWN);
	CHECK_INT(w.ends, 1);
	world_close(&w);
}

TEST(a_change_that_was_not_sent_is_never_sent_after_a_cancel)
{
	struct world w;
	world_open(&w);

	world_hold(&w);
	world_start(&w, change);
	CHECK_INT(w.starts, 0);
	CHECK(run_cancel(w.runs, w.id, "interrupted"));
	CHECK_INT(w.outcome, RUN_CANCELLED);
	world_release(&w); /* the intent becomes durable when the run is long gone */

	CHECK_INT(w.starts, 0);
	CHECK(strstr(world_last(&w, "call.outcome"), "\"outcome\":\"not_sent\""));
	world_close(&w);
}

TEST(a_run_times_out)
{
	struct world w;
	world_open(&w);
	w.spec.timeout_ms = 700;

	world_run(&w, "sleep(60)");
	CHECK(world_fire(&w, 700));

	CHECK_INT(w.outcome, RUN_TIMED_OUT);
	world_close(&w);
}

TEST(freeing_the_runs_ends_them_all)
{
	struct world w;
	world_open(&w);

	world_start(&w, change);
	runs_free(w.runs);
	w.runs = NULL;

	CHECK_INT(w.ends, 1);
	CHECK_INT(w.outcome, RUN_UNKNOWN);
	world_close(&w);
}

TEST(freeing_the_runs_does_not_wait_for_an_outcome_that_is_being_recorded)
{
	struct world w;
	world_open(&w);
	world_start(&w, "require 'demo'.change_thing{ target = 'a' }");
	world_hold(&w);
	world_answer(&w, "{}");
	runs_free(w.runs);
	w.runs = NULL;
	CHECK_INT(w.ends, 1);
	CHECK_INT(world_timers(&w), 0);
	world_release(&w);
	world_close(&w);
}

TEST(log_and_progress_reach_the_owner)
{
	struct world w;
	world_open(&w);

	world_run(&w, "log 'one'\nlog.warn('two', 2, { a = 1 }, nil)\nprint('three')\n"
		      "progress{ done = 3, total = 7, text = 'items' }\nprogress{ text = 'x' }");

	CHECK_STR(buf_cstr(&w.log), "1 one\n2 two 2 {\"a\":1} nil\n1 three\n");
	CHECK_STR(buf_cstr(&w.progress), "3/7 items\n-1/-1 x\n");
	world_close(&w);
}

TEST(a_result_that_is_not_json_fails_the_run)
{
	struct world w;
	world_open(&w);

	world_run(&w, "return { a = { b = print } }");

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK_STR(w.message, "result.a.b: not a JSON value: a function");
	world_close(&w);
}

TEST(an_error_that_is_a_table_is_shown_without_running_its_code)
{
	struct world w;
	world_open(&w);

	world_run(&w,
		  "error(setmetatable({ why = 'x' }, { __tostring = function() while true do end "
		  "end }))");

	CHECK(strstr(w.message, "t.lua:1: {\"why\":\"x\"}"));
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_result_is_returned_as_json),
	    TAP_CASE(a_call_suspends_the_run_and_its_answer_resumes_it),
	    TAP_CASE(an_uncaught_error_names_the_runbooks_lines),
	    TAP_CASE(a_byte_order_mark_and_a_line_for_the_shell_are_no_lua),
	    TAP_CASE(a_syntax_error_is_a_run_that_fails),
	    TAP_CASE(a_missing_runbook_or_bad_input_never_starts),
	    TAP_CASE(sleep_waits_for_its_timer),
	    TAP_CASE(cancelling_a_sleeping_run_ends_it_at_once), TAP_CASE(cancelling_stops_a_read),
	    TAP_CASE(cancelling_waits_for_the_answer_of_a_change),
	    TAP_CASE(cancelling_does_not_wait_for_a_change_that_has_not_left),
	    TAP_CASE(a_change_without_answer_is_unknown_after_the_grace),
	    TAP_CASE(a_second_cancel_does_not_wait),
	    TAP_CASE(a_change_that_was_not_sent_is_never_sent_after_a_cancel),
	    TAP_CASE(a_run_times_out), TAP_CASE(freeing_the_runs_ends_them_all),
	    TAP_CASE(freeing_the_runs_does_not_wait_for_an_outcome_that_is_being_recorded),
	    TAP_CASE(log_and_progress_reach_the_owner),
	    TAP_CASE(a_result_that_is_not_json_fails_the_run),
	    TAP_CASE(an_error_that_is_a_table_is_shown_without_running_its_code)));
}
