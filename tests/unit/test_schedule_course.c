/* What is decided of a schedule's instants at each look: late ones, missed ones, clocks that are set;
 * and which instants there are, with calendars and bounds. */
#include "tap.h"

#include "base/clock.h"
#include "base/tz.h"
#include "trigger/schedule_course.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static int64_t at(const char *time)
{
	int64_t ms = 0;
	int rc = iso8601_parse(&ms, bytes_str(time));
	INVARIANT(rc == 0);
	return ms;
}

static const char *text(int64_t ms)
{
	static char out[4][ISO8601_SIZE];
	static int next;
	char *to = out[next++ % 4];
	if (ms == INT64_MAX || ms == INT64_MIN)
		return "never";
	iso8601_format(to, ms);
	return to;
}

static struct schedule_rule rule_of(const char *cron)
{
	struct schedule_rule r = { .catch_up = CATCH_UP_LAST, .window_ms = 3 * HOUR };
	int rc = cron_parse(&r.cron, cron, NULL, "name", NULL);
	INVARIANT(rc == 0);
	return r;
}

static struct schedule_look seen; /* large */

static size_t due_of(const struct schedule_look *look)
{
	size_t n = 0;
	for (size_t i = 0; i < look->n; i++)
		n += look->v[i].due;
	return n;
}

static size_t missed_of(const struct schedule_look *look)
{
	return look->n - due_of(look) + (size_t)look->older;
}

/* ---- what was passed over ---- */

TEST(what_becomes_of_instants_that_were_passed_over)
{
	static const struct {
		const char *what, *cron;
		enum schedule_catch_up catch_up;
		int64_t window, away;
		size_t due, missed;
	} cases[] = {
		{ "on time", "* * * * *", CATCH_UP_NONE, 3 * HOUR, MINUTE, 1, 0 },
		{ "one within the last minute", "* * * * *", CATCH_UP_NONE, 3 * HOUR, 5 * MINUTE, 1,
		  4 },
		{ "none, late", "0 * * * *", CATCH_UP_NONE, 3 * HOUR, 90 * MINUTE, 0, 1 },
		{ "last, late", "0 * * * *", CATCH_UP_LAST, 3 * HOUR, 90 * MINUTE, 1, 0 },
		{ "last of several", "*/10 * * * *", CATCH_UP_LAST, 3 * HOUR, 2 * HOUR + MINUTE, 1,
		  11 },
		{ "last, too late", "0 0 * * *", CATCH_UP_LAST, 3 * HOUR, 30 * HOUR, 0, 1 },
		{ "last of days", "0 * * * *", CATCH_UP_LAST, 3 * HOUR, 2 * DAY, 1, 47 },
		{ "all", "*/10 * * * *", CATCH_UP_ALL, 3 * HOUR, 2 * HOUR + MINUTE, 12, 0 },
		{ "all in the window", "*/10 * * * *", CATCH_UP_ALL, HOUR, 2 * HOUR, 7, 5 },
		{ "a long window", "0 * * * *", CATCH_UP_ALL, 10 * DAY, 2 * DAY, 48, 0 },
		{ "the newest thousand", "* * * * *", CATCH_UP_ALL, 10 * DAY, 2 * DAY, 1000, 1880 },
		{ "counting ends", "* * * * *", CATCH_UP_LAST, 3 * HOUR, 20 * DAY, 1,
		  SCHEDULE_COUNT_MAX + 180 },
		{ "a short window", "* * * * *", CATCH_UP_ALL, 1, 3 * MINUTE, 1, 2 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct schedule_rule r = rule_of(cases[i].cron);
		struct schedule_course c = { 0 };
		int64_t from = at("2026-11-21T12:00:00Z");
		r.catch_up = cases[i].catch_up;
		r.window_ms = cases[i].window;
		schedule_course_begin(&c, &r, from);
		schedule_course_look(&c, &r, from + cases[i].away, &seen);
		if (due_of(&seen) != cases[i].due || missed_of(&seen) != cases[i].missed)
			printf("# %s: %zu due, %zu missed\n", cases[i].what, due_of(&seen),
			       missed_of(&seen));
		CHECK(due_of(&seen) == cases[i].due);
		CHECK(missed_of(&seen) == cases[i].missed);
		CHECK(seen.more == (seen.older == SCHEDULE_COUNT_MAX));
		for (size_t k = 1; k < seen.n; k++)
			CHECK(seen.v[k].at_ms > seen.v[k - 1].at_ms);
		schedule_course_look(&c, &r, from + cases[i].away, &seen);
		CHECK(seen.n == 0 && seen.older == 0);
	}
}

/* ---- clocks that are set ---- */

/* Look once a minute from a to b; the number of instants that were due. */
static int walk(struct schedule_course *c, const struct schedule_rule *r, const char *a,
		const char *b)
{
	int n = 0;
	for (int64_t t = at(a); t <= at(b); t += MINUTE) {
		schedule_course_look(c, r, t, &seen);
		n += (int)due_of(&seen);
	}
	return n;
}

TEST(a_clock_set_back_a_little_waits_until_it_has_caught_up)
{
	struct schedule_rule r = rule_of("*/10 * * * *");
	struct schedule_course c = { 0 };
	CHECK_INT(walk(&c, &r, "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"), 7);
	CHECK_INT(walk(&c, &r, "2026-11-21T10:30:00Z", "2026-11-21T13:00:00Z"), 0);
	CHECK_INT(walk(&c, &r, "2026-11-21T13:01:00Z", "2026-11-21T13:10:00Z"), 1);
}

TEST(a_clock_set_back_far_starts_what_has_not_been_started)
{
	struct schedule_rule r = rule_of("*/10 * * * *");
	struct schedule_course c = { 0 };
	CHECK_INT(walk(&c, &r, "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"), 7);
	/* 8:00 to 11:50, nothing from 12:00 to 13:00, then 13:10 */
	CHECK_INT(walk(&c, &r, "2026-11-21T08:00:00Z", "2026-11-21T13:05:00Z"), 24);
	CHECK_INT(walk(&c, &r, "2026-11-21T13:06:00Z", "2026-11-21T13:10:00Z"), 1);
	CHECK_INT((int)c.n, 1);
}

TEST(a_clock_that_was_wrong_for_years_silences_nothing)
{
	struct schedule_rule r = rule_of("0 * * * *");
	struct schedule_course c = { 0 };
	CHECK_INT(walk(&c, &r, "2026-11-21T12:00:00Z", "2026-11-21T13:30:00Z"), 2);
	CHECK_INT(walk(&c, &r, "2099-01-01T00:20:00Z", "2099-01-01T02:30:00Z"), 3);
	CHECK_INT(walk(&c, &r, "2026-11-21T13:40:00Z", "2026-11-21T15:30:00Z"), 2);
	CHECK_STR(text(schedule_course_next(&c, &r)), "2026-11-21T16:00:00.000Z");
	CHECK_INT((int)c.n, 3);
	/* Again: what was started then is not started again. */
	CHECK_INT(walk(&c, &r, "2099-01-01T00:20:00Z", "2099-01-01T03:30:00Z"), 1);
}

TEST(the_same_steps_with_every_policy_never_give_an_instant_twice)
{
	static const char *const hours[] = { "2026-11-21T12:00:00Z", "2026-11-21T17:00:00Z",
					     "2026-11-21T15:00:00Z", "2026-11-20T23:00:00Z",
					     "2026-11-21T12:30:00Z", "2026-11-22T01:00:00Z",
					     "2026-11-21T11:00:00Z", "2026-11-21T21:00:00Z" };
	for (int p = CATCH_UP_NONE; p <= CATCH_UP_ALL; p++) {
		struct schedule_rule r = rule_of("*/15 * * * *");
		struct schedule_course c = { 0 };
		static int started[4 * 24 * 8];
		memset(started, 0, sizeof(started));
		r.catch_up = (enum schedule_catch_up)p;
		for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
			for (int64_t t = at(hours[i]), n = 0; n < 130; n++, t += MINUTE) {
				schedule_course_look(&c, &r, t, &seen);
				for (size_t k = 0; k < seen.n; k++)
					started[(seen.v[k].at_ms - at("2026-11-20T00:00:00Z")) /
						(15 * MINUTE)] += seen.v[k].due;
			}
		}
		for (size_t k = 0; k < sizeof(started) / sizeof(*started); k++)
			CHECK(started[k] <= 1);
	}
}

TEST(many_wrong_clocks_are_kept_as_a_few_spans)
{
	struct schedule_rule r = rule_of("0 * * * *");
	struct schedule_course c = { 0 };
	for (int i = 0; i < 100; i++) {
		int64_t t = at("2026-01-01T00:00:00Z") + (int64_t)(i * 37 % 100) * 2 * DAY;
		schedule_course_look(&c, &r, t, &seen);
		CHECK(c.n <= SCHEDULE_SPANS_MAX);
		for (size_t k = 1; k < c.n; k++)
			CHECK(c.v[k].from_ms > c.v[k - 1].to_ms + 1);
	}
}

TEST(a_course_is_read_as_it_was_written)
{
	struct schedule_rule r = rule_of("*/10 * * * *");
	struct schedule_course c = { 0 }, back;
	struct buf b = BUF_INIT(4096);
	(void)walk(&c, &r, "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z");
	(void)walk(&c, &r, "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z");
	schedule_course_write(&c, &b);
	REQUIRE(schedule_course_read(&back, buf_cstr(&b)) == 0);
	CHECK(back.begun && back.at_ms == c.at_ms && back.n == 2);
	CHECK(memcmp(back.v, c.v, sizeof(c.v[0]) * 2) == 0);
	buf_clear(&b);
	static const char *const bad[] = {
		"", "{}", "[]", "[1.5]", "[1,2]", "[1,[2]]", "[1,[3,2]]"
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(schedule_course_read(&back, bad[i]) < 0);
		CHECK(!back.begun && back.n == 0);
	}
}

/* ---- which instants there are ---- */

TEST(a_calendar_leaves_days_out)
{
	static const struct {
		const char *dates, *cron, *after, *next;
	} cases[] = {
		{ "2026-12-24", "0 6 * * *", "2026-12-23T06:00:00Z", "2026-12-25T06:00:00.000Z" },
		{ "2026-12-24..2027-01-02", "0 6 * * *", "2026-12-23T06:00:00Z",
		  "2027-01-03T06:00:00.000Z" },
		{ "2026-12-24, 2026-12-25\n# a comment\n2026-12-26", "0 6 * * *",
		  "2026-12-23T06:00:00Z", "2026-12-27T06:00:00.000Z" },
		{ "*-12-24 *-12-25", "0 6 * * *", "2031-12-23T06:00:00Z",
		  "2031-12-26T06:00:00.000Z" },
		{ "2026-12-20..2026-12-24 2026-12-22..2026-12-28", "* * * * *",
		  "2026-12-19T23:59:00Z", "2026-12-29T00:00:00.000Z" },
		{ "2026-01-01..2034-12-31", "* * * * *", "2026-12-19T23:59:00Z",
		  "2035-01-01T00:00:00.000Z" },
		{ "*-12-25", "0 0 25 12 *", "2026-01-01T00:00:00Z", "never" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct schedule_rule r = rule_of(cases[i].cron);
		struct schedule_dates *dates = NULL;
		REQUIRE(schedule_dates_parse(&dates, bytes_str(cases[i].dates), NULL) == 0);
		r.exclude = dates;
		int64_t next = schedule_rule_next(&r, at(cases[i].after));
		CHECK_STR(text(next), cases[i].next);
		if (next != INT64_MAX)
			CHECK_STR(text(schedule_rule_last(&r, at(cases[i].after), next)),
				  cases[i].next);
		if (next != INT64_MAX)
			CHECK_STR(text(schedule_rule_last(&r, at(cases[i].after), next - 1)),
				  "never");
		schedule_dates_free(dates);
	}
}

TEST(days_are_those_of_the_zone)
{
	struct schedule_rule r = rule_of("0 6 * * *");
	struct schedule_dates *dates = NULL;
	struct tz *zone = NULL;
	REQUIRE(tz_open(&zone, "Pacific/Auckland", NULL) == 0);
	REQUIRE(schedule_dates_parse(&dates, BYTES_LIT("2026-12-25"), NULL) == 0);
	REQUIRE(cron_parse(&r.cron, "0 6 * * *", zone, NULL, NULL) == 0);
	r.zone = zone;
	r.exclude = dates;
	/* 6:00 in Auckland is 17:00 of the day before in UTC */
	CHECK_STR(text(schedule_rule_next(&r, at("2026-12-23T17:00:00Z"))),
		  "2026-12-25T17:00:00.000Z");
	r.exclude = NULL;
	REQUIRE(schedule_date_parse(&r.start_day, BYTES_LIT("2027-01-10")) == 0);
	CHECK_STR(text(schedule_rule_next(&r, at("2026-12-23T17:00:00Z"))),
		  "2027-01-09T17:00:00.000Z");
	REQUIRE(schedule_date_parse(&r.end_day, BYTES_LIT("2027-01-12")) == 0);
	CHECK_STR(text(schedule_rule_next(&r, at("2027-01-11T16:59:59Z"))),
		  "2027-01-11T17:00:00.000Z");
	CHECK_STR(text(schedule_rule_next(&r, at("2027-01-11T17:00:00Z"))), "never");
	CHECK_STR(text(schedule_rule_last(&r, 0, at("2030-01-01T00:00:00Z"))),
		  "2027-01-11T17:00:00.000Z");
	CHECK_STR(text(schedule_rule_last(&r, 0, at("2027-01-09T16:59:59Z"))), "never");
	schedule_dates_free(dates);
	tz_free(zone);
}

TEST(start_and_end_may_be_instants)
{
	struct schedule_rule r = rule_of("0 * * * *");
	r.start_ms = at("2026-11-21T12:30:00Z");
	r.end_ms = at("2026-11-21T15:00:00Z");
	CHECK_STR(text(schedule_rule_next(&r, 0)), "2026-11-21T13:00:00.000Z");
	CHECK_STR(text(schedule_rule_next(&r, at("2026-11-21T14:00:00Z"))),
		  "2026-11-21T15:00:00.000Z");
	CHECK_STR(text(schedule_rule_next(&r, at("2026-11-21T15:00:00Z"))), "never");
	CHECK_STR(text(schedule_rule_last(&r, 0, at("2027-01-01T00:00:00Z"))),
		  "2026-11-21T15:00:00.000Z");
	CHECK_STR(text(schedule_rule_last(&r, 0, at("2026-11-21T12:59:00Z"))), "never");
}

TEST(what_is_no_day_is_named)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "2026-02-30", "line 1: '2026-02-30' is no day: expected YYYY-MM-DD, "
				"YYYY-MM-DD..YYYY-MM-DD or *-MM-DD" },
		{ "2026-01-01\nxmas", "line 2: 'xmas' is no day: expected YYYY-MM-DD, "
				      "YYYY-MM-DD..YYYY-MM-DD or *-MM-DD" },
		{ "2026-01-02..2026-01-01", "line 1: '2026-01-02..2026-01-01' is no day: expected "
					    "YYYY-MM-DD, YYYY-MM-DD..YYYY-MM-DD or *-MM-DD" },
		{ "*-02-30", "line 1: '*-02-30' is no day: expected YYYY-MM-DD, "
			     "YYYY-MM-DD..YYYY-MM-DD or *-MM-DD" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct schedule_dates *dates = NULL;
		struct err err = { 0 };
		CHECK(schedule_dates_parse(&dates, bytes_str(bad[i].text), &err) < 0);
		CHECK_STR(err.message, bad[i].message);
	}
}

TEST(jitter_is_a_delay_that_a_name_keeps)
{
	bool differ = false;
	char name[16];
	int64_t first = schedule_rule_delay("nightly", HOUR);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		int64_t delay = schedule_rule_delay(name, HOUR);
		CHECK(delay >= 0 && delay < HOUR);
		differ = differ || delay != first;
	}
	CHECK(differ);
	CHECK_INT(schedule_rule_delay("nightly", HOUR), first);
	CHECK_INT(schedule_rule_delay("nightly", 0), 0);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(what_becomes_of_instants_that_were_passed_over),
	    TAP_CASE(a_clock_set_back_a_little_waits_until_it_has_caught_up),
	    TAP_CASE(a_clock_set_back_far_starts_what_has_not_been_started),
	    TAP_CASE(a_clock_that_was_wrong_for_years_silences_nothing),
	    TAP_CASE(the_same_steps_with_every_policy_never_give_an_instant_twice),
	    TAP_CASE(many_wrong_clocks_are_kept_as_a_few_spans),
	    TAP_CASE(a_course_is_read_as_it_was_written), TAP_CASE(a_calendar_leaves_days_out),
	    TAP_CASE(days_are_those_of_the_zone), TAP_CASE(start_and_end_may_be_instants),
	    TAP_CASE(what_is_no_day_is_named), TAP_CASE(jitter_is_a_delay_that_a_name_keeps)));
}
