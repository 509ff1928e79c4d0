/* Cron expressions where clocks change: what is skipped, what is repeated, and what runs on. */
#include "tap.h"

#include "base/clock.h"
#include "base/tz.h"
#include "trigger/cron.h"

static int64_t ms(const char *time)
{
	int64_t out = -1;
	CHECK_INT(iso8601_parse(&out, bytes_str(time)), 0);
	return out;
}

struct row {
	const char *zone, *text, *after;
	const char *due[4]; /* one after another, UTC; up to NULL */
};

static void check_row(const struct row *row)
{
	struct tz *zone = NULL;
	struct cron c;
	struct err err = { 0 };
	if (!CHECK(tz_open(&zone, row->zone, NULL) == 0))
		return;
	int64_t at = ms(row->after);
	if (!CHECK(cron_parse(&c, row->text, zone, "name", &err) == 0))
		TAP_NOTE("%s", err.message);
	for (size_t i = 0; err.code == 0 && i < 4 && row->due[i]; i++) {
		int64_t before = at;
		char got[ISO8601_SIZE];
		at = cron_next(&c, at);
		iso8601_format(got, at);
		if (!CHECK(at == ms(row->due[i])))
			TAP_NOTE("%s in %s: %s, want %s", row->text, row->zone, got, row->due[i]);
		CHECK_INT(cron_next(&c, at - 1), at);
		CHECK_INT(cron_last(&c, before, at), at);
	}
	tz_free(zone);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i]);
}

#define CHECK_ROWS(rows) check_rows((rows), sizeof(rows) / sizeof((rows)[0]))

TEST(an_expression_is_about_the_local_clock)
{
	static const struct row rows[] = {
		{ "Europe/Berlin",
		  "0 9 * * *",
		  "2026-11-21T12:00:00Z",
		  { "2026-11-22T08:00:00Z" } },
		{ "Europe/Berlin",
		  "0 9 * * *",
		  "2026-07-01T12:00:00Z",
		  { "2026-07-02T07:00:00Z" } },
		{ "Asia/Kathmandu",
		  "0 0 1 * *",
		  "2026-11-21T12:00:00Z",
		  { "2026-11-30T18:15:00Z" } },
		{ "America/St_Johns",
		  "0 12 * * MON",
		  "2026-11-21T12:00:00Z",
		  { "2026-11-23T15:30:00Z" } },
		{ "Pacific/Kiritimati",
		  "0 0 * * SUN",
		  "2026-11-20T12:00:00Z",
		  { "2026-11-21T10:00:00Z" } },
		{ "Europe/Berlin",
		  "@every 1h",
		  "2026-10-25T00:30:00Z",
		  { "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z" } },
	};
	CHECK_ROWS(rows);
}

/* Berlin: 2026-03-29T01:00:00Z, from 02:00 to 03:00. */
TEST(what_the_clocks_skip_comes_once_right_after_the_gap)
{
	static const struct row rows[] = {
		{ "Europe/Berlin",
		  "30 2 * * *",
		  "2026-03-28T00:00:00Z",
		  { "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
		/* several at once, and with what is due there anyway */
		{ "Europe/Berlin",
		  "0,15,30 2 * * *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z" } },
		{ "Europe/Berlin",
		  "0 2,3 * * *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z" } },
		/* the edges: 01:59:59 and 03:00:00 are there */
		{ "Europe/Berlin",
		  "59 59 1 * * *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T00:59:59Z", "2026-03-29T23:59:59Z" } },
		{ "Europe/Berlin",
		  "0 2 * * *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T01:00:00Z" } },
		{ "Europe/Berlin",
		  "59 2 29 3 *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T01:00:00Z", "2027-03-29T00:59:00Z" } },
		/* half an hour at 02:00 in October: 02:15 is skipped, 02:45 is there */
		{ "Australia/Lord_Howe",
		  "15 2 * * *",
		  "2026-10-03T12:00:00Z",
		  { "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z" } },
		{ "Australia/Lord_Howe",
		  "45 2 * * *",
		  "2026-10-03T12:00:00Z",
		  { "2026-10-03T15:45:00Z", "2026-10-04T15:45:00Z" } },
		/* two hours */
		{ "Antarctica/Troll",
		  "30 2 * * *",
		  "2026-03-29T00:00:00Z",
		  { "2026-03-29T01:00:00Z" } },
		/* midnight is skipped */
		{ "America/Asuncion",
		  "0 0 * * *",
		  "2023-09-30T12:00:00Z",
		  { "2023-10-01T04:00:00Z", "2023-10-02T03:00:00Z" } },
		/* a whole day is: the 30th, a Friday */
		{ "Pacific/Apia",
		  "0 12 * * *",
		  "2011-12-29T00:00:00Z",
		  { "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z" } },
		{ "Pacific/Apia",
		  "0 12 * * FRI",
		  "2011-12-29T00:00:00Z",
		  { "2011-12-30T10:00:00Z", "2012-01-05T22:00:00Z" } },
	};
	CHECK_ROWS(rows);
}

/* Berlin: 2026-10-25T01:00:00Z, from 03:00 to 02:00. */
TEST(what_the_clocks_repeat_comes_the_first_time_only)
{
	static const struct row rows[] = {
		{ "Europe/Berlin",
		  "30 2 * * *",
		  "2026-10-24T12:00:00Z",
		  { "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" } },
		{ "Europe/Berlin",
		  "0 2 * * *",
		  "2026-10-24T12:00:00Z",
		  { "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z" } },
		{ "Europe/Berlin",
		  "0 3 * * *",
		  "2026-10-24T12:00:00Z",
		  { "2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z" } },
		/* asked in the midst of the repeated hour */
		{ "Europe/Berlin",
		  "30 2 * * *",
		  "2026-10-25T01:10:00Z",
		  { "2026-10-26T01:30:00Z" } },
		{ "Europe/Berlin",
		  "0 3 * * *",
		  "2026-10-25T01:10:00Z",
		  { "2026-10-25T02:00:00Z" } },
		{ "Europe/Berlin",
		  "0 2,3 * * *",
		  "2026-10-25T01:10:00Z",
		  { "2026-10-25T02:00:00Z" } },
		{ "Australia/Lord_Howe",
		  "45 1 * * *",
		  "2026-04-04T12:00:00Z",
		  { "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z" } },
		/* summer time ends by a change of standard time, whose flag says nothing */
		{ "Europe/Istanbul",
		  "30 3 * * *",
		  "2016-11-05T12:00:00Z",
		  { "2016-11-06T00:30:00Z" } },
		/* half an hour skipped for ever */
		{ "America/Caracas",
		  "45 2 * * *",
		  "2016-05-01T00:00:00Z",
		  { "2016-05-01T07:00:00Z", "2016-05-02T06:45:00Z" } },
		/* Ramadan: an hour back in February, on again in March */
		{ "Africa/Casablanca",
		  "30 2 * * *",
		  "2026-02-14T12:00:00Z",
		  { "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z" } },
		{ "Africa/Casablanca",
		  "30 2 * * *",
		  "2026-03-21T12:00:00Z",
		  { "2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z" } },
	};
	CHECK_ROWS(rows);
}

TEST(an_interval_runs_on)
{
	static const struct row rows[] = {
		{ "Europe/Berlin",
		  "*/30 * * * *",
		  "2026-03-29T00:30:00Z",
		  { "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z" } },
		{ "Europe/Berlin",
		  "30 * * * *",
		  "2026-03-29T00:30:00Z",
		  { "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z" } },
		{ "Europe/Berlin",
		  "30 * * * *",
		  "2026-10-24T23:30:00Z",
		  { "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z" } },
		{ "Europe/Berlin",
		  "0 */2 * * *",
		  "2026-10-24T22:00:00Z",
		  { "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T03:00:00Z" } },
		{ "Europe/Berlin",
		  "@hourly",
		  "2026-10-25T00:00:00Z",
		  { "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z" } },
		{ "Europe/Berlin",
		  "0-59/30 2 * * *",
		  "2026-03-28T12:00:00Z",
		  { "2026-03-30T00:00:00Z" } },
		{ "Australia/Lord_Howe",
		  "0 * * * *",
		  "2026-04-04T14:00:00Z",
		  { "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z" } },
		{ "Pacific/Apia",
		  "0 */12 * * *",
		  "2011-12-29T12:00:00Z",
		  { "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z" } },
	};
	CHECK_ROWS(rows);
}

TEST(an_interval_that_the_clocks_always_skip_never_comes)
{
	struct tz *zone = NULL;
	struct cron c;
	struct err err = { 0 };
	REQUIRE(tz_open(&zone, "Europe/Berlin", NULL) == 0);
	CHECK_INT(cron_parse(&c, "*/15 2 * 3 SUNL", zone, "name", &err), -ERR_INVALID);
	CHECK_STR(err.message,
		  "'*/15 2 * 3 SUNL' never comes: the clocks of its zone always skip it");
	CHECK_INT(cron_parse(&c, "15 2 * 3 SUNL", zone, "name", &err), 0);
	CHECK_INT(cron_next(&c, ms("2026-01-01T00:00:00Z")), ms("2026-03-29T01:00:00Z"));
	tz_free(zone);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(an_expression_is_about_the_local_clock),
				 TAP_CASE(what_the_clocks_skip_comes_once_right_after_the_gap),
				 TAP_CASE(what_the_clocks_repeat_comes_the_first_time_only),
				 TAP_CASE(an_interval_runs_on),
				 TAP_CASE(an_interval_that_the_clocks_always_skip_never_comes)));
}
