/* Five-field schedules: what they accept, and that the next instant is the next one. */
#include "tap.h"

#include <time.h>

#include "base/clock.h"
#include "trigger/cron.h"

static int64_t ms(const char *time)
{
	int64_t out = -1;
	CHECK_INT(iso8601_parse(&out, bytes_str(time)), 0);
	return out;
}

static const char *next(const char *text, const char *after)
{
	static char out[ISO8601_SIZE];
	struct cron c;
	struct err err = { 0 };
	if (cron_parse(&c, text, NULL, "name", &err) < 0)
		return "(refused)";
	int64_t at = cron_next(&c, ms(after));
	if (at == INT64_MAX)
		return "never";
	iso8601_format(out, at);
	return out;
}

static const char *refusal(const char *text)
{
	static struct err err;
	struct cron c;
	err = (struct err){ 0 };
	return cron_parse(&c, text, NULL, "name", &err) < 0 ? err.message : "(accepted)";
}

TEST(the_next_instant_is_strictly_later)
{
	CHECK_STR(next("* * * * *", "2026-11-21T12:00:00Z"), "2026-11-21T12:01:00.000Z");
	CHECK_STR(next("* * * * *", "2026-11-21T12:00:59.999Z"), "2026-11-21T12:01:00.000Z");
	CHECK_STR(next("*/15 * * * *", "2026-11-21T23:45:00Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("0 0 1 1 *", "2026-01-01T00:00:00Z"), "2027-01-01T00:00:00.000Z");
	CHECK_STR(next("59 23 31 12 *", "2026-12-31T23:58:00Z"), "2026-12-31T23:59:00.000Z");
	CHECK_STR(next("0 12 * * *", "1969-12-31T11:59:59.999Z"), "1969-12-31T12:00:00.000Z");
}

TEST(rare_and_impossible_days)
{
	CHECK_STR(next("0 0 29 2 *", "2096-02-29T00:00:00Z"), "2104-02-29T00:00:00.000Z");
	CHECK_STR(next("0 0 30 2 *", "2026-11-21T00:00:00Z"), "never");
	CHECK_STR(next("0 0 31 4,6,9,11 *", "2026-11-21T00:00:00Z"), "never");
	/* the 1st or the 29th of February, and a Monday */
	CHECK_STR(next("0 0 */28 2 1", "2072-02-29T00:00:00Z"), "2077-02-01T00:00:00.000Z");
}

TEST(both_day_fields_mean_either_unless_one_begins_with_a_star)
{
	/* November 2026: the 1st is a Sunday. */
	CHECK_STR(next("0 0 13 * FRI", "2026-11-01T00:00:00Z"), "2026-11-06T00:00:00.000Z");
	CHECK_STR(next("0 0 3 * FRI", "2026-11-01T00:00:00Z"), "2026-11-03T00:00:00.000Z");
	CHECK_STR(next("0 0 */2 * FRI", "2026-11-06T00:00:00Z"), "2026-11-13T00:00:00.000Z");
	CHECK_STR(next("0 0 13 * *", "2026-11-01T00:00:00Z"), "2026-11-13T00:00:00.000Z");
}

TEST(sunday_is_0_and_7_and_a_name)
{
	static const char *const sundays[] = { "0 0 * * 0", "0 0 * * 7", "0 0 * * sun",
					       "0 0 * * SUN-SUN", "@weekly" };
	for (size_t i = 0; i < sizeof(sundays) / sizeof(sundays[0]); i++)
		CHECK_STR(next(sundays[i], "2026-11-21T12:00:00Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("0 0 * * FRI-SUN", "2026-11-21T00:00:00Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("0 0 * * FRI-SUN", "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00.000Z");
	CHECK_STR(next("0 0 * * 5-7", "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00.000Z");
}

TEST(nicknames_stand_for_expressions)
{
	CHECK_STR(next("@hourly", "2026-11-21T12:00:00Z"), "2026-11-21T13:00:00.000Z");
	CHECK_STR(next("@daily", "2026-11-21T12:00:00Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("@Monthly", "2026-11-21T12:00:00Z"), "2026-12-01T00:00:00.000Z");
	CHECK_STR(next("@yearly", "2026-11-21T12:00:00Z"), "2027-01-01T00:00:00.000Z");
}

TEST(a_refusal_names_the_field_and_what_was_expected)
{
	CHECK_STR(refusal("60 * * * *"),
		  "minute '60': expected *, a number from 0 to 59, or a range N-M, with /STEP "
		  "behind * or a range");
	CHECK_STR(refusal("* * * JANUARY *"),
		  "month 'JANUARY': expected *, a number from 1 to 12 or JAN to DEC, or a range "
		  "N-M, with /STEP behind * or a range");
	CHECK_STR(refusal("* 5/2 * * *"), "hour '5/2': a step needs a range: write N-M/STEP");
	CHECK_STR(refusal("*/0 * * * *"), "minute '*/0': a step is a number from 1");
	CHECK_STR(refusal("*/90 * * * *"), "minute '*/90': the step is longer than the range");
	CHECK_STR(refusal("* 22-2 * * *"),
		  "hour '22-2': the range runs backwards: write two ranges");
	CHECK_STR(refusal("* * * *"), "'* * * *' has 4 fields, expected 5: minute, hour, day of "
				      "month, month, day of week");
	CHECK_STR(refusal("@reboot"), "'@reboot': expected five fields or one of @hourly, @daily, "
				      "@weekly, @monthly, @yearly");
}

TEST(what_is_no_field_is_refused)
{
	static const char *const bad[] = {
		"",
		"a * * * *",
		"1,,2 * * * *",
		", * * * *",
		"1- * * * *",
		"-1 * * * *",
		"1-2-3 * * * *",
		"** * * * *",
		"*/ * * * *",
		"*/5x * * * *",
		"0x1 * * * *",
		"* 24 * * *",
		"* * 0 * *",
		"* * 32 * *",
		"* * * 0 *",
		"* * * 13 *",
		"* * * * 8",
		"* * * * MO",
		"* * * * MONDAY",
		"* * * * * *",
		"1.5 * * * *",
		"9999999999999999999999 * * * *",
		"0 0 L * *",
		"* * * FEB/2 *",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cron c;
		if (!CHECK(cron_parse(&c, bad[i], NULL, "name", NULL) < 0))
			TAP_NOTE("accepted: %s", bad[i]);
	}
}

TEST(the_last_instant_of_a_span_is_found_without_counting)
{
	struct cron c;
	REQUIRE(cron_parse(&c, "*/15 * * * *", NULL, "name", NULL) == 0);
	const int64_t noon = ms("2026-11-21T12:00:00Z");
	CHECK_INT(cron_last(&c, noon, noon), INT64_MIN);
	CHECK_INT(cron_last(&c, noon, noon + 899999), INT64_MIN);
	CHECK_INT(cron_last(&c, noon, noon + 900000), noon + 900000);
	CHECK_INT(cron_last(&c, noon - 1, noon + 1), noon);
	CHECK_INT(cron_last(&c, ms("1970-01-01T00:00:00Z"), noon + 1), noon);
	CHECK_INT(cron_last(&c, noon, noon - 3600000), INT64_MIN);
}

/* A calendar that is only ever wound on by a minute, to ask the same question without a formula. */
static void tick(struct tm *t)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (++t->tm_min < 60)
		return;
	t->tm_min = 0;
	if (++t->tm_hour < 24)
		return;
	t->tm_hour = 0;
	t->tm_wday = (t->tm_wday + 1) % 7;
	bool leap = t->tm_mon == 1 && t->tm_year % 4 == 0; /* no 1900 or 2100 in reach */
	if (++t->tm_mday <= lengths[t->tm_mon] + leap)
		return;
	t->tm_mday = 1;
	t->tm_mon = (t->tm_mon + 1) % 12;
	t->tm_year += t->tm_mon == 0;
}

struct plain {
	const char *text;
	bool (*matches)(const struct tm *t);
};

static bool every_ten_in_office_hours(const struct tm *t)
{
	return t->tm_min % 10 == 0 && t->tm_hour >= 9 && t->tm_hour <= 17 && t->tm_wday >= 1 &&
	       t->tm_wday <= 5;
}

static bool quarter_ends(const struct tm *t)
{
	return t->tm_min == 30 && t->tm_hour == 23 && t->tm_mday >= 28 && (t->tm_mon + 1) % 3 == 0;
}

static bool leap_day(const struct tm *t)
{
	return t->tm_min == 0 && t->tm_hour == 0 && t->tm_mday == 29 && t->tm_mon == 1;
}

static bool first_or_monday(const struct tm *t)
{
	return t->tm_min == 5 && t->tm_hour == 4 && (t->tm_mday == 1 || t->tm_wday == 1);
}

static bool odd_minutes_of_a_list(const struct tm *t)
{
	return (t->tm_min == 1 ||
		(t->tm_min >= 7 && t->tm_min <= 21 && (t->tm_min - 7) % 7 == 0)) &&
	       t->tm_hour % 6 == 0;
}

TEST(it_agrees_with_a_scan_of_every_minute_of_four_years)
{
	static const struct plain cases[] = {
		{ "*/10 9-17 * * MON-FRI", every_ten_in_office_hours },
		{ "30 23 28-31 MAR,JUN,SEP,DEC *", quarter_ends },
		{ "0 0 29 2 *", leap_day },
		{ "5 4 1 * 1", first_or_monday },
		{ "1,7-21/7 */6 * * *", odd_minutes_of_a_list },
	};
	const int64_t from = ms("2026-06-01T00:00:00Z"), to = ms("2030-06-01T00:00:00Z");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cron c;
		int wrong = 0, found = 0;
		REQUIRE(cron_parse(&c, cases[i].text, NULL, "name", NULL) == 0);
		int64_t due = cron_next(&c, from - 1);
		/* 2026-06-01 is a Monday */
		struct tm t = { .tm_year = 126, .tm_mon = 5, .tm_mday = 1, .tm_wday = 1 };
		for (int64_t at = from; at < to; at += 60000, tick(&t)) {
			bool expected = cases[i].matches(&t);
			wrong += expected != (due == at);
			found += expected;
			if (due <= at)
				due = cron_next(&c, at);
		}
		CHECK_INT(wrong, 0);
		CHECK(found > 0);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(the_next_instant_is_strictly_later), TAP_CASE(rare_and_impossible_days),
	    TAP_CASE(both_day_fields_mean_either_unless_one_begins_with_a_star),
	    TAP_CASE(sunday_is_0_and_7_and_a_name), TAP_CASE(nicknames_stand_for_expressions),
	    TAP_CASE(a_refusal_names_the_field_and_what_was_expected),
	    TAP_CASE(what_is_no_field_is_refused),
	    TAP_CASE(the_last_instant_of_a_span_is_found_without_counting),
	    TAP_CASE(it_agrees_with_a_scan_of_every_minute_of_four_years)));
}
