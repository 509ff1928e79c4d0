/* Changing calls of a living process whose attempts ended without a clear answer: how that ends. */
#include "script/run_private.h"
#include "unclear_court.h"

static void ended_unknown(struct court *c, const char *why)
{
	CHECK_INT(c->w.outcome, RUN_UNKNOWN);
	CHECK_INT((long long)c->w.n_unknown, 1);
	CHECK_STR(c->w.unknown_tell, "show a");
	if (!strstr(c->w.message, why))
		TAP_NOTE("%s", c->w.message);
	CHECK(strstr(c->w.message, "ConnectionError: the answer was lost"));
	CHECK(strstr(c->w.message, why));
	CHECK(strstr(world_last(&c->w, "call.settle"), "\"outcome\":\"unknown\""));
	CHECK_INT(unsettled(c), 0);
}

/* ---- ways out ---- */

TEST(it_is_sent_again_with_its_token_first)
{
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	memcpy(token, c.token, sizeof(token));
	finish(&c, &lost);

	CHECK_INT(c.starts, 2);
	CHECK_STR(c.token, token);
	CHECK(c.seen.not_after_ms > 0);
	CHECK(strstr(world_last(&c.w, "call.outcome"), "\"outcome\":\"unknown\""));
	CHECK(strstr(world_last(&c.w, "call.intent"), "\"resends\":{\"segment\":\"segment-1\""));
	CHECK_INT(unsettled(&c), 1);
	answer_it(&c);

	CHECK_STR(c.w.result, "7");
	CHECK_INT((long long)c.w.n_unknown, 0);
	CHECK_INT(c.looks, 0);
	CHECK_INT(world_count(&c.w, "call.settle"), 0);
	CHECK_INT(unsettled(&c), 0);
	court_close(&c);
}

TEST(a_look_that_finds_it_done_ends_it)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	CHECK_INT(c.seen.not_after_ms, 0);
	CHECK(c.seen.sent_until_ms >= c.seen.intent_ms && c.seen.intent_ms > 0);
	find_it_done(&c);

	CHECK_STR(c.w.result, "7");
	CHECK_INT(c.w.outcome, RUN_DONE);
	CHECK_INT(c.starts, 2);
	CHECK(strstr(world_last(&c.w, "call.settle"), "\"outcome\":\"reconciled\""));
	CHECK_INT(unsettled(&c), 0);
	court_close(&c);
}

/* The service was away when it was sent again: what a look then finds may be anybody's. */
TEST(what_did_not_arrive_again_is_sent_once_more_when_the_service_answers)
{
	static const struct call_result away = { .code = "ConnectionError",
						 .message = "refused",
						 .retryable = true };
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	memcpy(token, c.token, sizeof(token));
	finish(&c, &lost);
	finish(&c, &away);
	for (int again = 3; again <= 4; again++) {
		find_it_done(&c);
		CHECK_INT(c.w.ends, 0);
		CHECK_INT(world_timers(&c.w), 1);
		CHECK(world_fire_next(&c.w));
		CHECK_INT(c.starts, again);
		CHECK_STR(c.token, token);
		if (again == 3)
			finish(&c, &away);
	}
	answer_it(&c);
	CHECK_STR(c.w.result, "7");
	CHECK_INT(world_count(&c.w, "call.settle"), 0);
	CHECK_INT(unsettled(&c), 0);

	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	finish(&c, &away);
	finish(&c, &away);
	ended_unknown(&c, "the service could not be asked (refused)");
	court_close(&c);
}

TEST(what_was_not_done_is_replaced_once_that_can_be_known)
{
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "local a, token = " MOVE "\nreturn token");
	memcpy(token, c.token, sizeof(token));
	lose_both(&c);
	finish(&c, &too_early);
	CHECK_INT(c.starts, 2);
	CHECK(strstr(c.w.log.p, "looked into again in 65 s"));

	until_next_look(&c);
	CHECK_INT(c.looks, 2);
	finish(&c, &not_done);
	CHECK_INT(c.starts, 3);
	CHECK(strcmp(c.token, token) != 0);
	CHECK(strstr(world_last(&c.w, "call.settle"), "\"outcome\":\"not_done\""));
	CHECK(strstr(world_last(&c.w, "call.intent"), "\"replaces\":{\"segment\":\"segment-1\""));
	answer_it(&c);

	CHECK(strstr(c.w.result, c.token));
	CHECK_INT(unsettled(&c), 0);
	court_close(&c);
}

TEST(not_done_is_not_believed_too_early)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &not_done);
	CHECK_INT(c.starts, 2);
	until_next_look(&c);
	find_it_done(&c);

	CHECK_STR(c.w.result, "7");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

TEST(a_replacement_without_an_answer_is_sent_again_and_looked_into_too)
{
	struct court c;
	char token[64];
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &too_early);
	until_next_look(&c);
	finish(&c, &not_done);
	memcpy(token, c.token, sizeof(token));
	finish(&c, &lost);

	CHECK_INT(c.starts, 4);
	CHECK_STR(c.token, token);
	finish(&c, &lost);
	CHECK_INT(c.looks, 3);
	CHECK(c.seen.sent_until_ms - c.seen.intent_ms < 60000); /* of the second token */
	finish(&c, &too_early);
	until_next_look(&c);
	finish(&c, &not_done);
	CHECK_INT(c.starts, 5);
	CHECK(strcmp(c.token, token) != 0);
	answer_it(&c);
	CHECK_STR(c.w.result, "7");
	court_close(&c);
}

TEST(an_error_of_a_replacement_is_the_end)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "local ok, e = pcall(require 'demo'.move_thing, { target = 'a' })\n"
			  "return e.code");
	lose_both(&c);
	finish(&c, &too_early);
	until_next_look(&c);
	finish(&c, &not_done);
	finish(&c,
	       &(struct call_result){ .code = "Throttled", .message = "no", .retryable = true });

	CHECK_STR(c.w.result, "\"Throttled\"");
	CHECK_INT(c.w.outcome, RUN_DONE);
	CHECK_INT(c.looks, 2);
	CHECK_INT(unsettled(&c), 0);
	court_close(&c);
}

TEST(an_error_of_the_same_call_is_an_end_only_if_it_proves_something)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	finish(&c, &(struct call_result){ .code = "NeverDone", .message = "it is not so" });
	CHECK_INT(c.w.outcome, RUN_FAILED);
	CHECK(strstr(c.w.message, "NeverDone"));
	CHECK_INT(c.looks, 0);
	CHECK_INT(unsettled(&c), 0);

	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	finish(&c, &(struct call_result){ .code = "AccessDenied", .message = "no" });
	CHECK_INT(c.looks, 1);
	find_it_done(&c);
	CHECK_STR(c.w.result, "7");
	court_close(&c);
}

TEST(someone_elses_change_leaves_it_unknown_at_once)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &others);
	ended_unknown(&c, "(someone else's)");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

TEST(a_service_that_cannot_be_asked_leaves_it_unknown_at_once)
{
	struct court c;
	court_open(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &(struct call_result){ .code = "ConnectionError", .message = "refused" });
	ended_unknown(&c, "the service could not be asked (refused)");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

TEST(a_token_of_the_script_is_never_replaced)
{
	struct court c;
	court_open(&c);
	world_start(&c.w,
		    "return require 'demo'.move_thing{ target = 'a', clientToken = 'mine' }.n");
	lose_both(&c);
	finish(&c, &too_early);
	ended_unknown(&c, "a look proves nothing yet (as before, yet)");
	CHECK_STR(c.token, "mine");
	court_close(&c);
}

TEST(what_can_only_be_looked_into_is_not_sent_again)
{
	struct court c;
	court_open_with(&c, 0, op_reconcile);
	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	CHECK_INT(c.starts, 1);
	CHECK_INT(c.looks, 1);
	find_it_done(&c);
	CHECK_STR(c.w.result, "7");
	court_close(&c);
}

TEST(what_can_only_be_sent_again_is_unknown_then)
{
	struct court c;
	court_open_with(&c, 60000, NULL);
	world_start(&c.w, "return " MOVE ".n");
	finish(&c, &lost);
	finish(&c, &lost);
	ended_unknown(&c, "nobody can look what became of it");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

/* ---- rules ---- */

static void hold(struct court *c)
{
	struct err err = { 0 };
	struct hold_note note = { .by = "ann", .reason = "wait" };
	bool already;
	CHECK_INT(hold_set(c->w.dir, &note, &already, &err), 0);
}

static void with_rules(struct court *c)
{
	struct err err = { 0 };
	const struct rules_spec spec = { .state_dir = c->w.dir, .registry = c->w.registry };
	REQUIRE(rules_new(&c->rules, &spec, &err) == 0);
	rules_record_to(c->rules, c->w.committer);
	c->w.runs->rules = c->rules;
}

TEST(what_a_hold_keeps_from_being_sent_again_is_looked_into)
{
	struct court c;
	court_open(&c);
	with_rules(&c);
	world_start(&c.w, "return " MOVE ".n");
	hold(&c);
	finish(&c, &lost);
	CHECK_INT(c.starts, 1);
	CHECK_INT(c.looks, 1);
	finish(&c, &too_early);
	ended_unknown(&c, "held since");
	court_close(&c);
}

TEST(a_hold_that_comes_later_keeps_it_from_being_replaced)
{
	struct court c;
	court_open(&c);
	with_rules(&c);
	world_start(&c.w, "return " MOVE ".n");
	lose_both(&c);
	finish(&c, &too_early);
	hold(&c);
	until_next_look(&c);
	finish(&c, &not_done);
	ended_unknown(&c, "held since");
	CHECK_INT(c.starts, 2);
	court_close(&c);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(it_is_sent_again_with_its_token_first),
	    TAP_CASE(a_look_that_finds_it_done_ends_it),
	    TAP_CASE(what_did_not_arrive_again_is_sent_once_more_when_the_service_answers),
	    TAP_CASE(what_was_not_done_is_replaced_once_that_can_be_known),
	    TAP_CASE(not_done_is_not_believed_too_early),
	    TAP_CASE(a_replacement_without_an_answer_is_sent_again_and_looked_into_too),
	    TAP_CASE(an_error_of_a_replacement_is_the_end),
	    TAP_CASE(an_error_of_the_same_call_is_an_end_only_if_it_proves_something),
	    TAP_CASE(someone_elses_change_leaves_it_unknown_at_once),
	    TAP_CASE(a_service_that_cannot_be_asked_leaves_it_unknown_at_once),
	    TAP_CASE(a_token_of_the_script_is_never_replaced),
	    TAP_CASE(what_can_only_be_looked_into_is_not_sent_again),
	    TAP_CASE(what_can_only_be_sent_again_is_unknown_then),
	    TAP_CASE(what_a_hold_keeps_from_being_sent_again_is_looked_into),
	    TAP_CASE(a_hold_that_comes_later_keeps_it_from_being_replaced)));
}
