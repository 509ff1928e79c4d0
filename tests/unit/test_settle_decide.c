/* What becomes of an unsettled call, one unit on either side of each limit. */
#include "script/settle_decide.h"
#include "tap.h"

static const int64_t T = INT64_C(1790000000000);
static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;

/* A redrive as the gate makes it: 14 minutes for its token, a minute for its answer. */
static struct settle_call redrive(void)
{
	return (struct settle_call){ .can_resend = true,
				     .can_look = true,
				     .own_token = true,
				     .first_ms = T,
				     .intent_ms = T,
				     .not_after_ms = T + 14 * MINUTE,
				     .sent_until_ms = T + MINUTE };
}

TEST(an_outcome_in_the_log_is_the_end_however_old_it_is)
{
	struct settle_call c = redrive();
	c.recorded = true;

	CHECK_INT(settle_decide(&c, T, NULL), SETTLE_RECORDED);
	CHECK_INT(settle_decide(&c, T + 20 * DAY, NULL), SETTLE_RECORDED);
	CHECK_INT(settle_decide(&c, T - 1, NULL), SETTLE_RECORDED);
}

TEST(it_is_sent_again_until_its_token_is_too_old)
{
	const struct settle_call c = redrive();

	CHECK_INT(settle_decide(&c, T, NULL), SETTLE_RESEND);
	CHECK_INT(settle_decide(&c, T + MINUTE, NULL), SETTLE_RESEND);
	CHECK_INT(settle_decide(&c, T + 14 * MINUTE - 1, NULL), SETTLE_RESEND);
	CHECK_INT(settle_decide(&c, T + 14 * MINUTE, NULL), SETTLE_LOOK);
}

TEST(a_look_waits_until_it_can_prove_something)
{
	struct settle_call c = redrive();
	c.sent_until_ms = c.not_after_ms + MINUTE; /* sent again at the last moment */
	int64_t from = c.sent_until_ms + SETTLE_SKEW_MS + SETTLE_LAG_MS;

	CHECK_INT(settle_look_from(&c), from);
	CHECK_INT(settle_decide(&c, c.not_after_ms, NULL), SETTLE_WAIT);
	CHECK_INT(settle_decide(&c, from - 1, NULL), SETTLE_WAIT);
	CHECK_INT(settle_decide(&c, from, NULL), SETTLE_LOOK);
}

TEST(what_must_not_be_sent_twice_is_only_looked_into)
{
	struct settle_call c = redrive();
	c.can_resend = false;
	int64_t from = settle_look_from(&c);

	CHECK_INT(settle_decide(&c, T, NULL), SETTLE_WAIT);
	CHECK_INT(settle_decide(&c, from - 1, NULL), SETTLE_WAIT);
	CHECK_INT(settle_decide(&c, from, NULL), SETTLE_LOOK);
}

TEST(what_cannot_be_looked_into_is_unknown_once_its_token_is_too_old)
{
	struct settle_call c = redrive();
	c.can_look = false;

	CHECK_INT(settle_decide(&c, c.not_after_ms - 1, NULL), SETTLE_RESEND);
	CHECK_INT(settle_decide(&c, c.not_after_ms, NULL), SETTLE_UNKNOWN);
	c.can_resend = false;
	CHECK_INT(settle_decide(&c, T + 1, NULL), SETTLE_UNKNOWN);
}

TEST(after_fourteen_days_nobody_looks)
{
	const struct settle_call c = redrive();

	CHECK_INT(settle_decide(&c, T + SETTLE_LOOK_MAX_MS - 1, NULL), SETTLE_LOOK);
	CHECK_INT(settle_decide(&c, T + SETTLE_LOOK_MAX_MS, NULL), SETTLE_UNKNOWN);
	CHECK_INT(settle_decide(&c, T + 20 * DAY, NULL), SETTLE_UNKNOWN);
}

TEST(an_intent_of_the_future_is_looked_into_and_never_sent_again)
{
	const struct settle_call c = redrive();

	CHECK_INT(settle_decide(&c, T - 1, NULL), SETTLE_LOOK);
	CHECK_INT(settle_judge(&c, VERDICT_DONE, T - 1, HOUR, NULL), SETTLE_DONE);
	CHECK_INT(settle_judge(&c, VERDICT_NOT_DONE, T - 1, HOUR, NULL), SETTLE_UNKNOWN);
}

TEST(not_done_is_done_again_within_the_age_of_the_first_intent)
{
	struct settle_call c = redrive();
	c.intent_ms = T + 30 * MINUTE; /* has a new token already: that does not renew the hour */

	CHECK_INT(settle_judge(&c, VERDICT_NOT_DONE, T + HOUR - 1, HOUR, NULL), SETTLE_AGAIN);
	CHECK_INT(settle_judge(&c, VERDICT_NOT_DONE, T + HOUR, HOUR, NULL), SETTLE_UNKNOWN);
	CHECK_INT(settle_judge(&c, VERDICT_DONE, T + 2 * HOUR, HOUR, NULL), SETTLE_DONE);
	CHECK_INT(settle_judge(&c, VERDICT_UNKNOWN, T + 31 * MINUTE, HOUR, NULL), SETTLE_UNKNOWN);
}

TEST(a_token_of_the_script_is_not_replaced)
{
	struct settle_call c = redrive();
	const char *why = "";
	c.own_token = false;

	CHECK_INT(settle_judge(&c, VERDICT_NOT_DONE, T + 16 * MINUTE, HOUR, &why), SETTLE_UNKNOWN);
	CHECK(strstr(why, "runbook's own") != NULL);
}

TEST(a_second_token_has_its_own_fourteen_minutes)
{
	struct settle_call c = redrive();
	c.intent_ms = T + 20 * MINUTE;
	c.not_after_ms = T + 34 * MINUTE;
	c.sent_until_ms = T + 21 * MINUTE;

	CHECK_INT(settle_decide(&c, T + 34 * MINUTE - 1, NULL), SETTLE_RESEND);
	CHECK_INT(settle_decide(&c, T + 34 * MINUTE, NULL), SETTLE_LOOK);
}

TEST(within_a_boot_the_age_is_that_of_the_boot_clock)
{
	/* the wall clock was set back by an hour, then forward by one */
	CHECK_INT(settle_now(T, 5000, 5000 + 16 * MINUTE, T - HOUR), T + 16 * MINUTE);
	CHECK_INT(settle_now(T, 5000, 6000, T + HOUR), T + 1000);
	/* another boot, or none known */
	CHECK_INT(settle_now(T, 0, 6000, T + HOUR), T + HOUR);
	CHECK_INT(settle_now(T, 7000, 6000, T + HOUR), T + HOUR);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(an_outcome_in_the_log_is_the_end_however_old_it_is),
		      TAP_CASE(it_is_sent_again_until_its_token_is_too_old),
		      TAP_CASE(a_look_waits_until_it_can_prove_something),
		      TAP_CASE(what_must_not_be_sent_twice_is_only_looked_into),
		      TAP_CASE(what_cannot_be_looked_into_is_unknown_once_its_token_is_too_old),
		      TAP_CASE(after_fourteen_days_nobody_looks),
		      TAP_CASE(an_intent_of_the_future_is_looked_into_and_never_sent_again),
		      TAP_CASE(not_done_is_done_again_within_the_age_of_the_first_intent),
		      TAP_CASE(a_token_of_the_script_is_not_replaced),
		      TAP_CASE(a_second_token_has_its_own_fourteen_minutes),
		      TAP_CASE(within_a_boot_the_age_is_that_of_the_boot_clock)));
}
