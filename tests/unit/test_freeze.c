/* Windows of time, one second on either side of their ends, also where the clocks change. */
#include "tap.h"

#include <stdlib.h>

#include "base/clock.h"
#include "script/freeze.h"

static struct freeze *window(const char *text)
{
	struct freeze *f = NULL;
	struct err err = { 0 };
	if (freeze_parse(&f, text, &err) < 0)
		TAP_NOTE("%s", err.message);
	INVARIANT(f);
	return f;
}

/* Is the window in force at these UTC times? "x" yes, "." no. */
static const char *at(const char *text, const char *const *times, char out[16])
{
	struct freeze *f = window(text);
	size_t n = 0;
	for (; times[n]; n++) {
		int64_t ms;
		INVARIANT(iso8601_parse(&ms, bytes_str(times[n])) == 0);
		out[n] = freeze_at(f, ms) ? 'x' : '.';
	}
	out[n] = '\0';
	freeze_free(f);
	return out;
}

#define AT(text, ...) at((text), (const char *const[]){ __VA_ARGS__, NULL }, (char[16]){ 0 })

TEST(a_week_end_in_berlin)
{
	CHECK_STR(AT("Fri 18:00 - Mon 06:00 Europe/Berlin", "2026-11-20T16:59:59.999Z",
		     "2026-11-20T17:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T04:59:59.999Z",
		     "2026-11-23T05:00:00Z"),
		  ".xxx.");
}

TEST(a_week_that_does_not_wrap_and_one_of_a_single_minute)
{
	CHECK_STR(AT("Tuesday 09:00 - Thursday 17:00 UTC", "2026-11-24T08:59:59Z",
		     "2026-11-24T09:00:00Z", "2026-11-26T16:59:59Z", "2026-11-26T17:00:00Z"),
		  ".xx.");
	CHECK_STR(AT("sun 00:00 - sun 00:01 UTC", "2026-11-21T23:59:59Z", "2026-11-22T00:00:00Z",
		     "2026-11-22T00:00:59Z", "2026-11-22T00:01:00Z"),
		  ".xx.");
	CHECK_STR(AT("Sat 12:00 - Sat 11:59 UTC", "2026-11-21T11:58:59Z", "2026-11-21T11:59:00Z",
		     "2026-11-21T12:00:00Z"),
		  "x.x");
}

TEST(every_night)
{
	CHECK_STR(AT("22:00 - 06:00 Asia/Kathmandu", "2026-11-22T16:14:59Z", "2026-11-22T16:15:00Z",
		     "2026-11-23T00:14:59Z", "2026-11-23T00:15:00Z"),
		  ".xx.");
}

TEST(dates_once)
{
	CHECK_STR(AT("2026-12-23 18:00 - 2027-01-02 06:00 UTC", "2026-12-23T17:59:59Z",
		     "2026-12-23T18:00:00Z", "2027-01-02T05:59:59Z", "2027-01-02T06:00:00Z",
		     "2027-12-25T00:00:00Z"),
		  ".xx..");
	CHECK_STR(AT("2026-12-24 - 2026-12-26 Europe/Berlin", "2026-12-23T22:59:59Z",
		     "2026-12-23T23:00:00Z", "2026-12-26T22:59:59Z", "2026-12-26T23:00:00Z"),
		  ".xx.");
	CHECK_STR(AT("2028-02-29 - 2028-02-29 UTC", "2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z",
		     "2028-03-01T00:00:00Z"),
		  ".x.");
}

/* Berlin, 2026-03-29: 01:59:59 is followed by 03:00:00, at 01:00 UTC. */
TEST(a_time_that_the_clocks_skip_is_right_after_the_gap)
{
	CHECK_STR(AT("Sun 02:30 - Sun 05:00 Europe/Berlin", "2026-03-29T00:59:59Z",
		     "2026-03-29T01:00:00Z", "2026-03-29T02:59:59Z", "2026-03-29T03:00:00Z"),
		  ".xx.");
	CHECK_STR(AT("Sun 01:00 - Sun 02:30 Europe/Berlin", "2026-03-28T23:59:59Z",
		     "2026-03-29T00:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
		  ".xx.");
}

/* Berlin, 2026-10-25: 02:59:59 is followed by 02:00:00, at 01:00 UTC. */
TEST(a_repeated_hour_is_frozen_from_the_first_begin_to_the_last_end)
{
	CHECK_STR(AT("Sun 02:30 - Sun 05:00 Europe/Berlin", "2026-10-25T00:29:59Z",
		     "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:29:59Z",
		     "2026-10-25T03:59:59Z", "2026-10-25T04:00:00Z"),
		  ".xxxx.");
	CHECK_STR(AT("Sun 01:00 - Sun 02:30 Europe/Berlin", "2026-10-24T22:59:59Z",
		     "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T00:59:59Z",
		     "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z"),
		  ".xxxx.");
	/* half an hour: Lord Howe puts its clocks back from 02:00 to 01:30 at 15:00 UTC */
	CHECK_STR(AT("Sun 01:45 - Sun 03:00 Australia/Lord_Howe", "2026-04-04T14:44:59Z",
		     "2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:14:59Z",
		     "2026-04-04T16:29:59Z", "2026-04-04T16:30:00Z"),
		  ".xxxx.");
}

TEST(what_is_no_window_is_refused)
{
	static const char *const texts[] = {
		"",
		"Fri 18:00",
		"Fri 18:00 - Mon 06:00",
		"Fri - Mon UTC",
		"Fri 18:00 - 06:00 UTC",
		"18:00 - 18:00 UTC",
		"Fri 18:00 - Fri 18:00 UTC",
		"Fri 25:00 - Mon 06:00 UTC",
		"Fri 18:60 - Mon 06:00 UTC",
		"Fre 18:00 - Mon 06:00 UTC",
		"2026-02-29 - 2026-03-01 UTC",
		"2026-13-01 - 2026-13-02 UTC",
		"2026-12-26 - 2026-12-24 UTC",
		"2026-12-26 10:00 - 2026-12-27 UTC",
		"Fri 18:00 - Mon 06:00 UTC UTC",
		"Fri 8:00 - Mon 06:00 UTC",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct freeze *f = NULL;
		struct err err = { 0 };
		CHECK_INT(freeze_parse(&f, texts[i], &err), -ERR_INVALID);
		CHECK(strstr(err.message, "is no window of time: expected"));
	}
}

TEST(a_zone_that_does_not_exist_gets_a_suggestion)
{
	struct freeze *f = NULL;
	struct err err = { 0 };
	CHECK_INT(freeze_parse(&f, "Fri 18:00 - Mon 06:00 Europe/Berln", &err), -ERR_INVALID);
	CHECK_STR(err.message,
		  "there is no time zone 'Europe/Berln': did you mean 'Europe/Berlin'?");
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_week_end_in_berlin),
	    TAP_CASE(a_week_that_does_not_wrap_and_one_of_a_single_minute), TAP_CASE(every_night),
	    TAP_CASE(dates_once), TAP_CASE(a_time_that_the_clocks_skip_is_right_after_the_gap),
	    TAP_CASE(a_repeated_hour_is_frozen_from_the_first_begin_to_the_last_end),
	    TAP_CASE(what_is_no_window_is_refused),
	    TAP_CASE(a_zone_that_does_not_exist_gets_a_suggestion)));
}
