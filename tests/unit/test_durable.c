/* Runs that are replayed from their journal: by another process, after a sleep, after a crash. */
#include "script_world.h"
#include "set_clock.h"
#include "store/store.h"
#include "tap.h"

#define READ "require 'demo'.read_thing"
#define CHANGE "require 'demo'.change_thing"

static bool ended(const struct world *w)
{
	return w->ends > 0;
}

static int take_state(void *arg, const struct run_row *r)
{
	*(enum run_state *)arg = r->state;
	return 0;
}

static const char *state_of(const struct world *w)
{
	enum run_state state = RUN_STATE_QUEUED;
	struct store_reader *reader = NULL;
	char path[96];
	(void)snprintf(path, sizeof(path), "%s/runs.db", w->dir);
	CHECK_INT(store_reader_open(&reader, path, NULL), 0);
	CHECK_INT(store_run(reader, w->id, take_state, &state, NULL), 0);
	store_reader_close(reader);
	return run_state_name(state);
}

TEST(a_run_that_died_goes_on_behind_its_last_step)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local a = " READ "{ name = 'a' }\n"
			"local b = " READ "{ name = 'b' }\n"
			"return a.total + b.total");
	world_answer(&w, "{\"total\":1}");
	CHECK_INT(w.starts, 2);

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(w.starts, 3); /* the second read again, the first not */
	CHECK(strstr(w.call->args.p, "\"b\""));
	world_answer(&w, "{\"total\":2}");

	CHECK_STR(w.result, "3");
	CHECK_INT(w.outcome, RUN_DONE);
	CHECK_STR(state_of(&w), "done");
	CHECK_INT(world_count(&w, "run.resume"), 1);
	world_close(&w);
}

TEST(a_change_that_ended_is_never_made_again)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local a, token = " CHANGE "{ target = 't' }\n"
			"" READ "{ name = 'b' }\n"
			"return { a.n, token }");
	char token[64];
	(void)snprintf(token, sizeof(token), "%s", strstr(w.call->args.p, "clientToken"));
	world_answer(&w, "{\"n\":7}");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(w.starts, 3);
	world_answer(&w, "{}");

	CHECK(strstr(w.result, "[7,\""));
	CHECK(strncmp(token + 14, w.result + 4, 36) == 0);
	CHECK_INT(world_count(&w, "call.intent"), 3);
	world_close(&w);
}

TEST(errors_refusals_and_malformed_calls_take_the_same_path_again)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local function code(f, t) local ok, e = pcall(f, t) return e.code, e end\n"
			"local demo = require 'demo'\n"
			"local a, e = code(demo.read_thing, { name = 'x' })\n"
			"local b = code(demo.read_thing, { nam = 'x' })\n"
			"pcall(demo.change_thing, { target = 't' })\n"
			"local c, refused = code(demo.change_thing, { target = 't' })\n"
			"demo.read_thing{ name = 'last' }\n"
			"return { a, e.reason, e.status, e.requestId, b, c, refused.rule }");
	world_fail(&w, &(struct call_result){ .code = "NotFound",
					      .message = "no",
					      .status = 404,
					      .request_id = "r-1",
					      .extra = bytes_str("{\"reason\":\"gone\"}") });
	world_answer(&w, "{}");
	CHECK_INT(w.starts, 3);
	int intents = world_count(&w, "call.intent");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(world_count(&w, "call.intent"), intents + 1); /* of the last read only */
	world_answer(&w, "{}");

	CHECK_STR(w.message, "");
	CHECK(strstr(w.result,
		     "[\"NotFound\",\"gone\",404,\"r-1\",\"InvalidArgument\",\"PolicyDenied\""));
	world_close(&w);
}

TEST(a_dry_run_stays_one)
{
	struct world w;
	world_open_durable(&w);
	w.spec.dry_run = true;
	world_start(&w, "local a = " CHANGE "{ target = 't' }\n"
			"" READ "{ name = 'x' }\n"
			"local ok, e = pcall(" CHANGE ", { target = 't' })\n"
			"return { a.dryRun, e.code }");

	world_restart(&w);
	w.spec.dry_run = false;
	CHECK_INT(world_carry_on(&w), 0);
	world_answer(&w, "{}");

	CHECK_STR(w.result, "[true,\"PolicyDenied\"]");
	CHECK_INT(world_count(&w, "call.intent"), 4); /* the read's twice, the rehearsed once */
	world_close(&w);
}

TEST(a_run_is_pinned_to_its_sources)
{
	struct world w;
	world_open_durable(&w);
	world_file(&w, "m.lua", "return { value = 'old' }");
	world_start(&w, "local m = require 'm' " READ "{ name = 'x' } return 'old ' .. m.value");

	world_restart(&w);
	world_file(&w, "t.lua", "return 'new'");
	world_file(&w, "m.lua", "return { value = 'new' }");
	CHECK_INT(world_carry_on(&w), 0);
	world_answer(&w, "{}");

	CHECK_STR(w.result, "\"old old\"");
	world_close(&w);
}

TEST(log_and_progress_are_not_repeated)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "log 'one' progress{ text = 'a' } " READ "{ name = 'x' } log 'two'\n"
			"" READ "{ name = 'y' } log 'three'");
	world_answer(&w, "{}");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	world_answer(&w, "{}");

	CHECK_STR(buf_cstr(&w.log), "1 one\n1 two\n1 two\n1 three\n");
	CHECK_STR(buf_cstr(&w.progress), "-1/-1 a\n");
	world_close(&w);
}

TEST(time_and_chance_are_the_same_again)
{
	struct world w;
	char first[4096];
	world_open_durable(&w);
	world_start(&w, "local t, r, u = now(), random(1000000), uuid()\n"
			"log(string.format('%.3f', t), r, u)\n"
			"" READ "{ name = 'x' }\n"
			"return string.format('1 %.3f %d %s\\n', t, r, u)");
	(void)snprintf(first, sizeof(first), "%s", buf_cstr(&w.log));

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	world_answer(&w, "{}");

	CHECK(strlen(first) > 40);
	CHECK(strncmp(first, w.result + 1, strlen(first) - 1) == 0);
	world_close(&w);
}

TEST(another_way_than_the_recorded_one_parks_the_run_before_anything_is_called)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local ok = pcall(require, 'm')\n"
			"if ok then log 'there' end\n"
			"" READ "{ name = ok and 'there' or 'absent' }\n"
			"" CHANGE "{ target = 't' }");
	world_answer(&w, "{}");
	world_fail(&w, &(struct call_result){ .code = "No", .message = "no" });
	CHECK_INT(w.outcome, RUN_FAILED);

	world_start(&w, "local ok = pcall(require, 'm')\n"
			"pcall(" READ ", { name = ok and 'there' or 'absent' })\n"
			"" CHANGE "{ target = 't' }");
	world_answer(&w, "{}");
	world_restart(&w);
	world_file(&w, "m.lua", "return 1");
	int starts = w.starts;
	CHECK_INT(world_carry_on(&w), 0);

	CHECK_INT(w.outcome, RUN_PARKED);
	CHECK_INT(w.starts, starts);
	CHECK(strstr(w.message, "step 1 is recorded as demo.read_thing, but the script asked for "
				"demo.read_thing with other arguments (at "));
	CHECK(strstr(w.message, "t.lua:2)"));
	CHECK_STR(state_of(&w), "parked");
	world_close(&w);
}

TEST(a_script_that_asks_for_less_than_is_recorded_is_parked)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "if pcall(require, 'm') then return 'early' end\n"
			"" READ "{ name = 'x' }\n" READ "{ name = 'y' }");
	world_answer(&w, "{}");
	world_restart(&w);
	world_file(&w, "m.lua", "return 1");
	CHECK_INT(world_carry_on(&w), 0);

	CHECK_INT(w.outcome, RUN_PARKED);
	CHECK_STR(w.message, "not deterministic: step 1 (demo.read_thing) is recorded, but the "
			     "script ended before it");
	world_close(&w);
}

TEST(a_call_without_an_end_is_unknown_and_parks)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local ok, e = pcall(" CHANGE ", { target = 't' }) return e.code");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);

	CHECK_INT(w.starts, 1);
	CHECK_INT(w.outcome, RUN_UNKNOWN);
	CHECK_STR(w.result, "\"OutcomeUnknown\"");
	CHECK_INT(w.n_unknown, 1);
	CHECK_STR(state_of(&w), "parked");
	world_close(&w);
}

TEST(what_was_not_durable_is_done_again)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, READ "{ name = 'a' } " CHANGE "{ target = 't' } return 1");
	world_hold(&w);
	world_answer(&w, "{}"); /* neither this end nor the intent behind it reaches the disk */
	CHECK_INT(w.starts, 1);

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK(strstr(w.call->args.p, "\"a\""));
	world_answer(&w, "{}");
	world_answer(&w, "{}");

	CHECK_STR(w.result, "1");
	CHECK_INT(w.starts, 3);
	world_close(&w);
}

TEST(a_sleep_goes_on_until_its_time)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "log 'before' sleep(0.2) return 'woken'");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(w.ends, 0);
	CHECK(world_until(&w, ended));

	CHECK_STR(w.result, "\"woken\"");
	CHECK_STR(buf_cstr(&w.log), "1 before\n");
	world_close(&w);
}

TEST(a_sleep_goes_on_no_longer_than_asked_for_after_the_clock_was_set_back)
{
	struct world w;
	world_open_durable(&w);
	w.passive_ms = 60000;
	world_restart(&w);
	world_start(&w, "sleep(20) return 'woken'");

	wall_ahead_s = -3600;
	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(w.ends, 0);
	CHECK(world_fire(&w, 20000));
	CHECK_STR(w.result, "\"woken\"");

	wall_ahead_s = 0;
	w.passive_ms = 5000;
	world_restart(&w);
	world_start(&w, "sleep(20) return 'woken'");
	CHECK_INT(runs_asleep(w.runs), 1);
	wall_ahead_s = -3600;
	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(runs_asleep(w.runs), 1);
	ahead_s = 21;
	CHECK(world_fire_next(&w));
	CHECK_STR(w.result, "\"woken\"");
	wall_ahead_s = ahead_s = 0;
	world_close(&w);
}

static bool all_asleep(const struct world *w)
{
	return runs_asleep(w->runs) == runs_alive(w->runs);
}

TEST(a_long_sleeper_leaves_memory_and_comes_back)
{
	struct world w;
	world_open(&w);
	world_close(&w);
	world_open_durable(&w);
	w.passive_ms = 1;
	world_restart(&w);
	world_start(&w, "local a = " READ
			"{ name = 'x' } sleep(0.1) log 'up' sleep(0.1) return a.total");
	world_answer(&w, "{\"total\":5}");
	CHECK_INT(runs_alive(w.runs), 1);
	CHECK_INT(runs_asleep(w.runs), 1);
	CHECK_STR(state_of(&w), "waiting");

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(runs_asleep(w.runs), 1);
	CHECK(world_until(&w, ended));

	CHECK_STR(w.result, "5");
	CHECK_STR(buf_cstr(&w.log), "1 up\n");
	CHECK_INT(w.starts, 1);
	CHECK_INT(runs_alive(w.runs), 0);
	world_close(&w);
}

TEST(a_sleeper_can_be_cancelled)
{
	struct world w;
	world_open_durable(&w);
	w.passive_ms = 1;
	world_restart(&w);
	world_start(&w, "sleep(3600)");
	REQUIRE(all_asleep(&w));

	CHECK(run_cancel(w.runs, w.id, "enough"));
	world_turn(&w);

	CHECK_INT(w.outcome, RUN_CANCELLED);
	CHECK_STR(w.message, "enough");
	CHECK_STR(state_of(&w), "cancelled");
	CHECK(!run_cancel(w.runs, w.id, "again"));
	world_close(&w);
}

static void count(void *arg)
{
	++*(int *)arg;
}

TEST(suspending_waits_for_changes_and_leaves_the_rest)
{
	struct world w;
	int done = 0;
	world_open_durable(&w);
	world_start(&w, "local a = " CHANGE "{ target = 't' } return a.n");

	runs_suspend(w.runs, count, &done);
	world_turn(&w);
	CHECK_INT(done, 0);
	world_answer(&w, "{\"n\":9}");
	CHECK_INT(done, 1);
	CHECK_INT(w.ends, 0);
	world_restart(&w);
	CHECK_STR(state_of(&w), "running");
	CHECK_INT(world_carry_on(&w), 0);

	CHECK_STR(w.result, "9");
	CHECK_INT(w.starts, 1);
	world_close(&w);
}

TEST(resume_keeps_tokens_and_retry_makes_new_ones)
{
	struct world w;
	struct err err;
	char first[512], second[512];
	world_open_durable(&w);
	world_start(&w, CHANGE "{ target = 't' }");
	(void)snprintf(first, sizeof(first), "%s", w.call->args.p);
	world_fail(&w, &(struct call_result){ .code = "Gone", .message = "no", .unknown = true });
	CHECK_INT(w.outcome, RUN_UNKNOWN);

	CHECK_INT(run_resume(w.runs, w.id, &w.spec.listener, &err), 0);
	world_turn(&w);
	CHECK_INT(w.outcome, RUN_UNKNOWN); /* as long as nobody has found out */
	CHECK_INT(w.starts, 1);
	CHECK_INT(run_retry(w.runs, w.id, &w.spec.listener, &err), 0);
	world_turn(&w);
	(void)snprintf(second, sizeof(second), "%s", w.call->args.p);
	CHECK(strcmp(first, second) != 0);
	world_answer(&w, "{}");

	CHECK_INT(w.outcome, RUN_DONE);
	CHECK_INT(run_resume(w.runs, w.id, &w.spec.listener, &err), -ERR_INVALID);
	CHECK(strstr(err.message, "is over (done)"));
	CHECK_INT(run_retry(w.runs, "nobody-like-this", &w.spec.listener, &err), -ERR_INVALID);
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_run_that_died_goes_on_behind_its_last_step),
	    TAP_CASE(a_change_that_ended_is_never_made_again),
	    TAP_CASE(errors_refusals_and_malformed_calls_take_the_same_path_again),
	    TAP_CASE(a_dry_run_stays_one), TAP_CASE(a_run_is_pinned_to_its_sources),
	    TAP_CASE(log_and_progress_are_not_repeated),
	    TAP_CASE(time_and_chance_are_the_same_again),
	    TAP_CASE(another_way_than_the_recorded_one_parks_the_run_before_anything_is_called),
	    TAP_CASE(a_script_that_asks_for_less_than_is_recorded_is_parked),
	    TAP_CASE(a_call_without_an_end_is_unknown_and_parks),
	    TAP_CASE(what_was_not_durable_is_done_again), TAP_CASE(a_sleep_goes_on_until_its_time),
	    TAP_CASE(a_sleep_goes_on_no_longer_than_asked_for_after_the_clock_was_set_back),
	    TAP_CASE(a_long_sleeper_leaves_memory_and_comes_back),
	    TAP_CASE(a_sleeper_can_be_cancelled),
	    TAP_CASE(suspending_waits_for_changes_and_leaves_the_rest),
	    TAP_CASE(resume_keeps_tokens_and_retry_makes_new_ones)));
}
