/* When a failed attempt is made again, and what the clocks of the two sides teach. */
#include "tap.h"

#include "aws/retry.h"
#include "aws/skew.h"

TEST(throttling_is_told_by_code_or_429)
{
	CHECK_INT(retry_classify("ThrottlingException", 400), RETRY_THROTTLING);
	CHECK_INT(retry_classify("LimitExceededException", 400), RETRY_THROTTLING);
	CHECK_INT(retry_classify("SlowDown", 503), RETRY_THROTTLING);
	CHECK_INT(retry_classify("429", 429), RETRY_THROTTLING);
}

TEST(transient_is_told_by_status_or_code)
{
	CHECK_INT(retry_classify("InternalFailure", 500), RETRY_TRANSIENT);
	CHECK_INT(retry_classify("502", 502), RETRY_TRANSIENT);
	CHECK_INT(retry_classify("504", 504), RETRY_TRANSIENT);
	CHECK_INT(retry_classify("RequestTimeout", 400), RETRY_TRANSIENT);
}

TEST(all_else_is_final)
{
	CHECK_INT(retry_classify("501", 501), RETRY_NO);
	CHECK_INT(retry_classify("ExecutionLimitExceeded", 400), RETRY_NO);
	CHECK_INT(retry_classify("KmsThrottlingException", 400), RETRY_NO);
	CHECK_INT(retry_classify("ExpiredTokenException", 400), RETRY_NO);
	CHECK_INT(retry_classify("302", 302), RETRY_NO);
}

TEST(delays_double_up_to_twenty_seconds)
{
	CHECK_INT(retry_delay_ms(RETRY_TRANSIENT, 1, 0.5, -1), 25);
	CHECK_INT(retry_delay_ms(RETRY_TRANSIENT, 3, 0.5, -1), 100);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1, 0.5, -1), 500);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 5, 0.5, -1), 8000);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 6, 0.5, -1), 10000);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1000000, 0.5, -1), 10000);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1, 0.0, -1), 0);
}

TEST(a_hint_counts_between_the_delay_and_five_seconds_more)
{
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1, 0.5, 100), 500);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1, 0.5, 700), 700);
	CHECK_INT(retry_delay_ms(RETRY_THROTTLING, 1, 0.5, 60000), 5500);
}

/* As measured on the SDKs: of endless failures 35 retries are paid for, 100 when throttled. */
TEST(the_quota_pays_for_so_many_retries)
{
	struct retry_quota q = { RETRY_QUOTA };
	int transient = 0, throttled = 0;
	while (retry_take(&q, RETRY_TRANSIENT))
		transient++;
	CHECK_INT(transient, 35);

	q.left = RETRY_QUOTA;
	while (retry_take(&q, RETRY_THROTTLING))
		throttled++;
	CHECK_INT(throttled, 100);
	CHECK_INT(q.left, 0);
}

TEST(success_gives_back_the_last_cost_or_one)
{
	struct retry_quota q = { 100 };
	retry_succeeded(&q, 14);
	CHECK_INT(q.left, 114);
	retry_succeeded(&q, 0);
	CHECK_INT(q.left, 115);
	q.left = RETRY_QUOTA;
	retry_succeeded(&q, 14);
	CHECK_INT(q.left, RETRY_QUOTA);
}

/* ---- clocks ---- */

#define DATE "Sat, 21 Nov 2026 22:26:40 GMT"
static const int64_t at_date = INT64_C(1795300000000);

TEST(http_dates_are_read_strictly)
{
	static const char *const bad[] = { "",
					   "Saturday, 21-Nov-26 22:26:40 GMT",
					   "Sat, 21 Nov 2026 22:26:40 CET",
					   "Sat, 21 Nxv 2026 22:26:40 GMT",
					   "Sat, 31 Feb 2026 22:26:40 GMT",
					   "Sat, 21 ovD 2026 22:26:40 GMT",
					   "Sat, 21 Nov 2026 22:26:40 GMT " };
	int64_t ms;
	CHECK_INT(http_date_parse(&ms, DATE), 0);
	CHECK_INT(ms, at_date);
	CHECK_INT(http_date_parse(&ms, "Sun, 06 Nov 1994 08:49:37 GMT"), 0);
	CHECK_INT(ms, INT64_C(784111777000));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(http_date_parse(&ms, bad[i]), -ERR_INVALID);
}

TEST(half_of_the_way_counts_as_the_way_back)
{
	static const struct http_header date[] = { { "date", DATE } };
	struct skew s = { 0 };
	CHECK(skew_learn(&s, date, 1, at_date - 601000, at_date - 599000));
	CHECK_INT(s.ms, 600000);
	CHECK(skew_explains(&s, true, "InvalidSignatureException"));
	CHECK(!skew_explains(&s, true, "ValidationException"));
	CHECK(!skew_explains(&s, false, "InvalidSignatureException"));

	CHECK(skew_learn(&s, date, 1, at_date - 1000, at_date + 1000));
	CHECK_INT(s.ms, 0);
	CHECK(!skew_explains(&s, true, "InvalidSignatureException"));
	CHECK(skew_explains(&s, true, "RequestExpired"));
}

TEST(nothing_is_learnt_from_a_cache_a_slow_answer_or_no_date)
{
	static const struct http_header cached[] = { { "Date", DATE }, { "Age", "3" } };
	struct skew s = { 42 };
	CHECK(!skew_learn(&s, cached, 2, at_date, at_date));
	CHECK(!skew_learn(&s, cached, 1, at_date, at_date + 901000));
	CHECK(!skew_learn(&s, cached, 1, at_date, at_date - 1));
	CHECK(!skew_learn(&s, NULL, 0, at_date, at_date));
	CHECK_INT(s.ms, 42);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(throttling_is_told_by_code_or_429),
		      TAP_CASE(transient_is_told_by_status_or_code), TAP_CASE(all_else_is_final),
		      TAP_CASE(delays_double_up_to_twenty_seconds),
		      TAP_CASE(a_hint_counts_between_the_delay_and_five_seconds_more),
		      TAP_CASE(the_quota_pays_for_so_many_retries),
		      TAP_CASE(success_gives_back_the_last_cost_or_one),
		      TAP_CASE(http_dates_are_read_strictly),
		      TAP_CASE(half_of_the_way_counts_as_the_way_back),
		      TAP_CASE(nothing_is_learnt_from_a_cache_a_slow_answer_or_no_date)));
}
