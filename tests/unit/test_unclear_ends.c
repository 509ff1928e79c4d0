/* Changing calls without a clear answer whose run, process or log ends meanwhile. */
#include "unclear_court.h"

TEST(a_cancelled_run_takes_a_last_look)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &too_early);
	CHECK(run_cancel(c.w.runs, c.w.id, "enough"));
	world_turn(&c.w);
	CHECK_INT(c.looks, 2);
	find_it_done(&c);
	CHECK_INT(c.w.outcome, RUN_CANCELLED);
	CHECK_INT((long long)c.w.n_unknown, 0);
	CHECK_INT(unsettled(&c), 0);

	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	CHECK(run_cancel(c.w.runs, c.w.id, "enough"));
	finish(&c, &lost);
	CHECK_INT(c.looks, 3);
	finish(&c, &too_early);
	CHECK_INT(c.w.outcome, RUN_UNKNOWN);
	CHECK(strstr(world_last(&c.w, "call.settle"), "the run was ended before (as before, yet)"));
	court_close(&c);
}

TEST(a_run_whose_time_is_up_sends_nothing_more)
{
	struct court c;
	court_open(&c);
	c.w.spec.timeout_ms = 3600000;
	world_start(&c.w, "return " MOVE ".n");
	world_hold(&c.w);
	finish(&c, &lost);
	CHECK(world_fire(&c.w, 3600000));
	world_release(&c.w);
	CHECK_INT(c.starts, 1);
	CHECK_INT(c.looks, 1);
	find_it_done(&c);
	CHECK_INT(c.w.outcome, RUN_TIMED_OUT);
	CHECK_INT((long long)c.w.n_unknown, 0);
	court_close(&c);
}

enum { HELD_OUTCOME, HELD_INTENT, IN_FLIGHT, HELD_LOOK, LOOKING, WAITING, HELD_SETTLE, N_STAGES };

/* A call that has come so far. */
static void reach(struct court *c, int stage)
{
	world_start(&c->w, "return " MOVE ".n");
	if (stage == HELD_OUTCOME)
		world_hold(&c->w);
	end_only(c, &lost);
	if (stage == HELD_INTENT) {
		CHECK(world_tell_one(&c->w));
		world_hold(&c->w);
	}
	world_turn(&c->w);
	if (stage <= IN_FLIGHT)
		return;
	end_only(c, &lost);
	if (stage == HELD_LOOK) {
		CHECK(world_tell_one(&c->w));
		return;
	}
	world_turn(&c->w);
	if (stage == WAITING)
		finish(c, &too_early);
	if (stage == HELD_SETTLE) {
		world_hold(&c->w);
		find_it_done(c);
	}
}

TEST(after_the_grace_it_is_unknown_wherever_it_is)
{
	for (int stage = 0; stage < N_STAGES; stage++) {
		struct court c;
		court_open(&c);
		reach(&c, stage);
		CHECK(run_cancel(c.w.runs, c.w.id, "enough"));
		CHECK(run_cancel(c.w.runs, c.w.id, "enough, I said"));
		world_release(&c.w);
		if (c.w.ends == 0) /* it takes a last look, which is not answered */
			CHECK(run_cancel(c.w.runs, c.w.id, "enough"));
		world_release(&c.w);
		TAP_NOTE("stage %d: %s", stage, c.w.message);
		CHECK_INT(c.w.ends, 1);
		CHECK_INT(c.w.outcome, stage == HELD_SETTLE ? RUN_CANCELLED : RUN_UNKNOWN);
		CHECK_INT((long long)c.w.n_unknown, stage == HELD_SETTLE ? 0 : 1);
		CHECK_INT(world_count(&c.w, "call.settle"), 1);
		CHECK_INT(world_count(&c.w, "call.intent"), world_count(&c.w, "call.outcome"));
		CHECK_INT(unsettled(&c), 0);
		CHECK_INT(world_timers(&c.w), 0);
		court_close(&c);
	}
}

static void on_suspended(void *arg)
{
	*(bool *)arg = true;
}

/* The next process sends it again, and is answered. */
static void settle_it(struct court *c)
{
	int starts = c->starts;
	next_process(c);
	CHECK_INT(c->starts, starts + 1);
	answer_it(c);
	CHECK_INT(unsettled(c), 0);
	CHECK_INT(world_carry_on(&c->w), 0);
	CHECK_STR(c->w.result, "7");
}

TEST(it_is_left_to_the_next_process_wherever_it_is)
{
	for (int stage = 0; stage < HELD_SETTLE; stage++) {
		struct court c;
		bool suspended = false;
		court_open(&c);
		reach(&c, stage);
		runs_suspend(c.w.runs, on_suspended, &suspended);
		world_release(&c.w);
		if (!suspended && c.call)
			finish(&c, &lost);
		TAP_NOTE("stage %d", stage);
		CHECK(suspended);
		CHECK_INT(c.w.ends, 0);
		CHECK_INT(unsettled(&c), 1);
		CHECK_INT(world_count(&c.w, "call.intent"), world_count(&c.w, "call.outcome"));
		settle_it(&c);
		court_close(&c);
	}
}

TEST(dying_meanwhile_it_is_settled_by_the_next_process)
{
	for (int stage = 0; stage <= HELD_SETTLE; stage++) {
		struct court c;
		court_open(&c);
		reach(&c, stage);
		TAP_NOTE("stage %d", stage);
		settle_it(&c);
		court_close(&c);
	}
}

/* ---- the log and the journal ---- */

TEST(without_a_log_it_stays_unknown)
{
	for (int stage = 0; stage < N_STAGES; stage++) {
		struct court c;
		court_open(&c);
		reach(&c, stage);
		world_lose(&c.w);
		if (c.w.ends == 0 && c.call)
			finish(&c, &lost);
		if (c.w.ends == 0 && world_timers(&c.w) > 0)
			until_next_look(&c);
		TAP_NOTE("stage %d: %s", stage, c.w.message);
		CHECK_INT(c.w.ends, 1);
		CHECK_INT(c.w.outcome, stage == HELD_SETTLE ? RUN_AUDIT_UNAVAILABLE : RUN_UNKNOWN);
		CHECK(strstr(c.w.message, "AuditUnavailable"));
		CHECK_INT((long long)c.w.n_unknown, stage == HELD_SETTLE ? 0 : 1);
		court_close(&c);
	}
}

TEST(a_replay_sees_what_the_script_saw)
{
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "local a, token = " MOVE "\nsleep(5)\nreturn { token, a.n }");
	lose_both(&c);
	finish(&c, &too_early);
	until_next_look(&c);
	finish(&c, &not_done);
	memcpy(token, c.token, sizeof(token));
	answer_it(&c);
	CHECK_INT(c.w.ends, 0);

	world_restart(&c.w);
	CHECK_INT(world_carry_on(&c.w), 0);
	ahead_s += 10;
	(void)world_fire_next(&c.w);
	CHECK_INT(c.w.outcome, RUN_DONE);
	CHECK(strstr(c.w.result, token));
	CHECK_INT(c.starts, 3);
	court_close(&c);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_cancelled_run_takes_a_last_look),
				 TAP_CASE(a_run_whose_time_is_up_sends_nothing_more),
				 TAP_CASE(after_the_grace_it_is_unknown_wherever_it_is),
				 TAP_CASE(it_is_left_to_the_next_process_wherever_it_is),
				 TAP_CASE(dying_meanwhile_it_is_settled_by_the_next_process),
				 TAP_CASE(without_a_log_it_stays_unknown),
				 TAP_CASE(a_replay_sees_what_the_script_saw)));
}
