/* Cron expressions: what they accept, and that the next instant is the next one. */
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
	CHECK_STR(next("0 0 29 2 MON#5", "2096-02-29T00:00:00Z"), "2104-02-29T00:00:00.000Z");
	CHECK_STR(next("0 0 */28 FEB-FEB MON", "2044-02-29T00:00:00Z"), "2049-02-01T00:00:00.000Z");
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

struct day_row {
	const char *text, *after, *due; /* dates */
};

static void check_days(const struct day_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char after[64], due[64];
		(void)snprintf(after, sizeof(after), "%sT00:00:00Z", rows[i].after);
		(void)snprintf(due, sizeof(due), "%sT00:00:00.000Z", rows[i].due);
		if (!CHECK(strcmp(next(rows[i].text, after), due) == 0))
			TAP_NOTE("%s after %s: %s", rows[i].text, after, next(rows[i].text, after));
	}
}

/* 2026-11-01 is a Sunday, 2027-01-01 a Friday. */
TEST(days_from_the_end_of_the_month)
{
	static const struct day_row rows[] = {
		{ "0 0 L * *", "2026-11-01", "2026-11-30" },
		{ "0 0 L * *", "2026-11-30", "2026-12-31" },
		{ "0 0 l 2 *", "2027-02-28", "2028-02-29" },
		{ "0 0 L-0 * *", "2026-11-01", "2026-11-30" },
		{ "0 0 L-3 * *", "2026-11-01", "2026-11-27" },
		{ "0 0 L-30 * *", "2026-11-01", "2026-12-01" },
		{ "0 0 15,L * *", "2026-11-01", "2026-11-15" },
		{ "0 0 15,L * *", "2026-11-15", "2026-11-30" },
		{ "0 0 LW * *", "2026-10-01", "2026-10-30" }, /* the 31st is a Saturday */
		{ "0 0 LW * *", "2026-11-01", "2026-11-30" },
		{ "0 0 LW * *", "2027-01-01", "2027-01-29" }, /* the 31st is a Sunday */
		{ "0 0 L * FRI", "2026-11-27", "2026-11-30" },
		{ "0 0 L * FRI", "2026-11-21", "2026-11-27" },
	};
	check_days(rows, sizeof(rows) / sizeof(rows[0]));
}

TEST(the_workday_nearest_to_a_day_stays_in_its_month)
{
	static const struct day_row rows[] = {
		{ "0 0 15W * *", "2026-11-01", "2026-11-16" }, /* Sunday: the Monday after */
		{ "0 0 14W * *", "2026-11-01", "2026-11-13" }, /* Saturday: the Friday before */
		{ "0 0 12W * *", "2026-11-01", "2026-11-12" }, /* Thursday: itself */
		{ "0 0 1W * *", "2026-10-31", "2026-11-02" },  /* Sunday the 1st */
		{ "0 0 1W * *", "2026-07-31", "2026-08-03" }, /* Saturday the 1st: Monday the 3rd */
		{ "0 0 31W * *", "2026-10-01", "2026-10-30" }, /* Saturday */
		{ "0 0 31W * *", "2027-01-01", "2027-01-29" }, /* Sunday the 31st: Friday */
		{ "0 0 31W * *", "2026-11-01", "2026-12-31" }, /* November has none */
		{ "0 0 1w,20W * *", "2026-11-02", "2026-11-20" },
	};
	check_days(rows, sizeof(rows) / sizeof(rows[0]));
}

TEST(weekdays_by_their_place_in_the_month)
{
	static const struct day_row rows[] = {
		{ "0 0 * * FRI#2", "2026-11-01", "2026-11-13" },
		{ "0 0 * * 5#1", "2026-11-06", "2026-12-04" },
		{ "0 0 * * 0#1", "2026-10-31", "2026-11-01" },
		{ "0 0 * * 7#5", "2026-11-01", "2026-11-29" },
		{ "0 0 * * FRI#5", "2026-11-01", "2027-01-29" },
		{ "0 0 * * 5L", "2026-11-01", "2026-11-27" },
		{ "0 0 * * sunl", "2026-11-01", "2026-11-29" },
		{ "0 0 * * 7L", "2026-11-01", "2026-11-29" },
		{ "0 0 * * MON#1,FRIL", "2026-11-01", "2026-11-02" },
		{ "0 0 * * MON#1,FRIL", "2026-11-02", "2026-11-27" },
		{ "0 0 13 * FRI#2", "2026-11-14", "2026-12-11" },   /* either */
		{ "0 0 */13 * FRI#2", "2026-11-01", "2027-05-14" }, /* both: 1, 14 or 27 */
	};
	check_days(rows, sizeof(rows) / sizeof(rows[0]));
}

TEST(a_question_mark_is_a_star_for_days)
{
	static const struct day_row rows[] = {
		{ "0 0 ? * FRI", "2026-11-01", "2026-11-06" },
		{ "0 0 15 * ?", "2026-11-01", "2026-11-15" },
		{ "0 0 ? * ?", "2026-11-01", "2026-11-02" },
	};
	check_days(rows, sizeof(rows) / sizeof(rows[0]));
	CHECK_STR(refusal("? * * * *"),
		  "minute '?': expected *, 0 to 59, N-M, */STEP, N-M/STEP or H");
	CHECK_STR(refusal("* * ?,5 * *"), "day of month '?': expected *, 1 to 31, N-M, */STEP, "
					  "N-M/STEP, H, L, L-N, LW or NW");
}

TEST(six_fields_begin_with_the_second)
{
	CHECK_STR(next("* * * * * *", "2026-11-21T12:00:00Z"), "2026-11-21T12:00:01.000Z");
	CHECK_STR(next("* * * * * *", "2026-11-21T12:00:00.999Z"), "2026-11-21T12:00:01.000Z");
	CHECK_STR(next("*/20 * * * * *", "2026-11-21T23:59:40Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("30 15 2 * * *", "2026-11-21T02:15:29Z"), "2026-11-21T02:15:30.000Z");
	CHECK_STR(next("30 15 2 * * *", "2026-11-21T02:15:30Z"), "2026-11-22T02:15:30.000Z");
	CHECK_STR(next("5,59 59 23 31 12 ?", "2026-12-31T23:59:05Z"), "2026-12-31T23:59:59.000Z");
}

TEST(every_is_the_same_instants_whenever_it_is_asked)
{
	CHECK_STR(next("@every 15m", "2026-11-21T12:07:00Z"), "2026-11-21T12:15:00.000Z");
	CHECK_STR(next("@every 15m", "2026-11-21T12:15:00Z"), "2026-11-21T12:30:00.000Z");
	CHECK_STR(next("@EVERY  1h30m ", "2026-11-21T12:15:00Z"), "2026-11-21T13:30:00.000Z");
	CHECK_STR(next("@every 1s", "2026-11-21T12:15:00.001Z"), "2026-11-21T12:15:01.000Z");
	CHECK_STR(next("@every 1d", "2026-11-21T12:15:00Z"), "2026-11-22T00:00:00.000Z");
	CHECK_STR(next("@every 7m", "1969-12-31T23:59:00Z"), "1970-01-01T00:00:00.000Z");
	static const char *const bad[] = {
		"@every",      "@every 15",   "@every m",
		"@every 0s",   "@every 367d", "@every -5m",
		"@every 1.5h", "@every 5m x", "@every 99999999999999999999999s",
		"@every 15ms"
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(strstr(refusal(bad[i]), "expected @every and a duration from 1s to 366d"));
	CHECK(strstr(refusal("@everyday"), "expected five or six fields or one of"));
}

static int64_t first_by(const char *text, const char *seed)
{
	struct cron c;
	if (!CHECK(cron_parse(&c, text, NULL, seed, NULL) == 0))
		return -1;
	return cron_next(&c, ms("2026-11-01T00:00:00Z") - 1);
}

TEST(a_hash_is_the_same_for_ever_and_spreads)
{
	/* Pinned: another hash would move the schedules of everybody who upgrades. */
	static const struct {
		const char *text, *due;
	} pinned[] = {
		{ "H H * * *", "2026-11-01T12:43:00.000Z" },
		{ "H(0-29)/10 * * * *", "2026-11-01T00:03:00.000Z" },
		{ "H H H * *", "2026-11-07T12:43:00.000Z" },
	};
	for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++)
		CHECK_STR(next(pinned[i].text, "2026-11-01T00:00:00Z"), pinned[i].due);
	const int64_t hour_ms = 3600000;
	bool seen[24] = { false };
	int hours = 0;
	for (int i = 0; i < 200; i++) {
		char seed[16];
		(void)snprintf(seed, sizeof(seed), "job%d", i);
		int64_t day = first_by("0 H * * *", seed) - ms("2026-11-01T00:00:00Z");
		int hour = (int)(day / hour_ms);
		hours += !seen[hour];
		seen[hour] = true;
		int64_t in = first_by("0 H(8-10) * * *", seed) - ms("2026-11-01T00:00:00Z");
		CHECK(in >= 8 * hour_ms && in <= 10 * hour_ms);
		CHECK_INT(first_by("0 8~10 * * *", seed), first_by("0 H(8-10) * * *", seed));
		CHECK_INT(first_by("0 ~ * * *", seed), first_by("0 H * * *", seed));
		CHECK_INT(first_by("0 20~ * * *", seed), first_by("0 H(20-23) * * *", seed));
		CHECK_INT(first_by("0 ~3 * * *", seed), first_by("0 H(0-3) * * *", seed));
		CHECK(first_by("0 0 H * *", seed) <= ms("2026-11-28T00:00:00Z"));
		CHECK(first_by("H/15 * * * *", seed) < ms("2026-11-01T00:15:00Z"));
	}
	CHECK_INT(hours, 24);
	struct cron c;
	struct err err;
	CHECK_INT(cron_parse(&c, "H * * * *", NULL, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message,
		  "minute 'H': H and ~ are a hash of the schedule's name, and there is none");
}

TEST(far_times_are_no_trouble)
{
	static const int64_t times[] = { INT64_MIN,
					 INT64_MIN + 1,
					 -INT64_C(62167219200001),
					 INT64_C(253402300798999),
					 INT64_C(253402300799000),
					 INT64_MAX };
	static const char *const texts[] = { "* * * * * *", "0 0 29 2 *", "@every 366d" };
	for (size_t k = 0; k < 3; k++) {
		struct cron c;
		REQUIRE(cron_parse(&c, texts[k], NULL, "name", NULL) == 0);
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			CHECK(cron_next(&c, times[i]) > times[i] || times[i] == INT64_MAX);
		CHECK_INT(cron_next(&c, INT64_C(253402300799000)), INT64_MAX);
		CHECK_INT(cron_last(&c, INT64_MAX, INT64_MIN), INT64_MIN);
		CHECK(cron_last(&c, INT64_MIN, INT64_MAX) > INT64_C(253000000000000));
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

TEST(it_agrees_with_a_scan_of_every_minute_of_a_leap_year)
{
	static const struct plain cases[] = {
		{ "*/10 9-17 * * MON-FRI", every_ten_in_office_hours },
		{ "30 23 28-31 MAR,JUN,SEP,DEC *", quarter_ends },
		{ "0 0 29 2 *", leap_day },
		{ "5 4 1 * 1", first_or_monday },
		{ "1,7-21/7 */6 * * *", odd_minutes_of_a_list },
	};
	const int64_t from = ms("2027-06-01T00:00:00Z"), to = ms("2028-06-01T00:00:00Z");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cron c;
		int wrong = 0, found = 0;
		REQUIRE(cron_parse(&c, cases[i].text, NULL, "name", NULL) == 0);
		int64_t due = cron_next(&c, from - 1);
		/* 2027-06-01 is a Tuesday */
		struct tm t = { .tm_year = 127, .tm_mon = 5, .tm_mday = 1, .tm_wday = 2 };
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
	    TAP_CASE(days_from_the_end_of_the_month),
	    TAP_CASE(the_workday_nearest_to_a_day_stays_in_its_month),
	    TAP_CASE(weekdays_by_their_place_in_the_month),
	    TAP_CASE(a_question_mark_is_a_star_for_days),
	    TAP_CASE(six_fields_begin_with_the_second),
	    TAP_CASE(every_is_the_same_instants_whenever_it_is_asked),
	    TAP_CASE(a_hash_is_the_same_for_ever_and_spreads), TAP_CASE(far_times_are_no_trouble),
	    TAP_CASE(the_last_instant_of_a_span_is_found_without_counting),
	    TAP_CASE(it_agrees_with_a_scan_of_every_minute_of_a_leap_year)));
}
