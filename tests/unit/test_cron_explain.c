/* Cron expressions in words: every construct, and what becomes of it where clocks change. */
#include "tap.h"

#include "trigger/cron.h"
#include "trigger/cron_explain.h"

static const struct {
	const char *text, *words;
} rows[] = {
	{ "* * * * *", "every minute" },
	{ "*/15 * * * *", "every 15 minutes" },
	{ "*/7 * * * *", "at every 7th minute from 0 to 56 of every hour" },
	{ "5 * * * *", "at minute 5 of every hour" },
	{ "5,35 * * * *", "at minutes 5 and 35 of every hour" },
	{ "0 * * * *", "at minute 0 of every hour" },
	{ "0 */2 * * *", "at minute 0 of every 2nd hour from 0 to 22 every day" },
	{ "0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00 every day" },
	{ "30 2 * * *", "at 02:30 every day" },
	{ "0,30 9 * * *", "at 09:00 and 09:30 every day" },
	{ "*/15 9-17 * * *", "every 15 minutes between 09:00 and 17:59 every day" },
	{ "*/15 9 * * *", "at 09:00, 09:15, 09:30 and 09:45 every day" },
	{ "* 9 * * *", "every minute between 09:00 and 09:59 every day" },
	{ "* 9-17 * * *", "every minute between 09:00 and 17:59 every day" },
	{ "* 9,17 * * *", "every minute of hours 9 and 17 every day" },
	{ "5 9-17 * * *", "at minute 5 of every hour between 09:00 and 17:59 every day" },
	{ "5 1,2,5,9,11-14,20,22 * * *",
	  "at minute 5 of hours 1, 2, 5, 9, 11 to 14, 20 and 22 every day" },
	{ "*/7 9 * * *", "at every 7th minute from 0 to 56 of hour 9 every day" },
	{ "* * * * * *", "every second" },
	{ "*/10 * * * * *", "every 10 seconds" },
	{ "30 * * * * *", "at second 30 of every minute" },
	{ "5,35 * * * * *", "at seconds 5 and 35 of every minute" },
	{ "*/10 30 2 * * *",
	  "at 02:30:00, 02:30:10, 02:30:20, 02:30:30, 02:30:40 and 02:30:50 every day" },
	{ "*/10 5 * * * *", "every 10 seconds of minute 5 of every hour" },
	{ "30 * 9 * * *", "at second 30 of every minute between 09:00 and 09:59 every day" },
	{ "30 * 9-17 * * *", "at second 30 of every minute between 09:00 and 17:59 every day" },
	{ "30 */15 * * * *", "at second 30 of every 15th minute from 0 to 45 of every hour" },
	{ "0 0 12 * * *", "at 12:00 every day" },
	{ "15 30 2 * * *", "at 02:30:15 every day" },
	{ "* 30 2 * * *", "every second of minute 30 of hour 2 every day" },
	{ "*/10 * 9-17 * * *", "every 10 seconds between 09:00 and 17:59 every day" },
	{ "7,9,40 1,2 * * * *", "at seconds 7, 9 and 40 of minutes 1 and 2 of every hour" },
	{ "0 0 1 * *", "at 00:00 on day 1 of the month" },
	{ "0 0 1,15 * *", "at 00:00 on days 1 and 15 of the month" },
	{ "0 0 10-20 * *", "at 00:00 on days 10 to 20 of the month" },
	{ "0 0 */2 * *", "at 00:00 on every 2nd day from 1 to 31 of the month" },
	{ "0 0 L * *", "at 00:00 on the last day of the month" },
	{ "0 0 L-3 * *", "at 00:00 on the 3rd day before the last of the month" },
	{ "0 0 LW * *", "at 00:00 on the last weekday (Monday to Friday) of the month" },
	{ "0 0 15W * *",
	  "at 00:00 on the weekday (Monday to Friday) nearest to day 15 of the month" },
	{ "0 0 1,L,LW,15W,L-1 * *",
	  "at 00:00 on day 1, the last day, the 1st day before the last, the last weekday (Monday "
	  "to Friday), and the weekday (Monday to Friday) nearest to day 15 of the month" },
	{ "0 0 * * FRI", "at 00:00 on Friday" },
	{ "0 0 * * 1-5", "at 00:00 on Monday to Friday" },
	{ "0 0 * * 5-7", "at 00:00 on Friday to Sunday" },
	{ "0 0 * * MON,WED,FRI", "at 00:00 on Monday, Wednesday and Friday" },
	{ "0 0 * * SUN", "at 00:00 on Sunday" },
	{ "0 0 * * 0,6", "at 00:00 on Saturday and Sunday" },
	{ "0 0 * * 5L", "at 00:00 on the last Friday of the month" },
	{ "0 0 * * FRI#2", "at 00:00 on the 2nd Friday of the month" },
	{ "0 0 * * MON,FRI#2,SUNL",
	  "at 00:00 on Monday, the 2nd Friday, and the last Sunday of the month" },
	{ "0 0 13 * FRI", "at 00:00 on day 13 of the month and also on Friday" },
	{ "0 0 L,13 * FRI#1", "at 00:00 on day 13 and the last day of the month and also on the "
			      "1st Friday of the month" },
	{ "0 0 */2 * FRI",
	  "at 00:00 on every 2nd day from 1 to 31 of the month, but only if that is Friday" },
	{ "0 0 */2 * FRI,MON", "at 00:00 on every 2nd day from 1 to 31 of the month, but only if "
			       "that is Monday or Friday" },
	{ "0 0 1-31 * FRI", "at 00:00 every day" },
	{ "0 0 * 1 *", "at 00:00 every day in January" },
	{ "0 0 * 1,4,7,10 *", "at 00:00 every day in January, April, July and October" },
	{ "0 0 * 6-8 *", "at 00:00 every day from June to August" },
	{ "* * * 6-8 *", "every minute from June to August" },
	{ "*/5 * * JAN MON", "every 5 minutes on Monday in January" },
	{ "0 0 29 2 1", "at 00:00 on day 29 of the month and also on Monday, in February" },
	{ "0 0 ? * ?", "at 00:00 every day" },
	{ "@hourly", "at minute 0 of every hour" },
	{ "@daily", "at 00:00 every day" },
	{ "@weekly", "at 00:00 on Sunday" },
	{ "@monthly", "at 00:00 on day 1 of the month" },
	{ "@yearly", "at 00:00 on day 1 of the month in January" },
	{ "@every 15m", "every 15 minutes, counted from 1970-01-01T00:00:00Z" },
	{ "@every 90s", "every 1 minute 30 seconds, counted from 1970-01-01T00:00:00Z" },
	{ "@every 1h30m", "every 1 hour 30 minutes, counted from 1970-01-01T00:00:00Z" },
	{ "@every 1d", "every 1 day, counted from 1970-01-01T00:00:00Z" },
	{ "H H * * *", "at 12:43 every day" },
	{ "H/15 * * * *", "at every 15th minute from 13 to 58 of every hour" },
	{ "H(0-29)/10 * * * *", "at minutes 3, 13 and 23 of every hour" },
	{ "~ 2~5 * * *", "at 02:43 every day" },
	{ "0 0 H * *", "at 00:00 on day 7 of the month" },
	{ "1-59/2 * * * *", "at every 2nd minute from 1 to 59 of every hour" },
	{ "10-50/20 * * * *", "at minutes 10, 30 and 50 of every hour" },
	{ "0-29 * * * *", "at minutes 0 to 29 of every hour" },
	{ "0-29 9-17 * * 1-5",
	  "at minutes 0 to 29 of every hour between 09:00 and 17:59 on Monday to Friday" },
	{ "59 23 31 12 *", "at 23:59 on day 31 of the month in December" },
	{ "0 0,12 1 */2 *", "at 00:00 and 12:00 on day 1 of the month in January, March, May, "
			    "July, September and November" },
	{ "*/30 */2 * * *", "every 30 minutes of every 2nd hour from 0 to 22 every day" },
	{ "* */2 * * *", "every minute of every 2nd hour from 0 to 22 every day" },
	{ "0 0-23 * * *", "at minute 0 of every hour" },
	{ "0 1-23 * * *", "at minute 0 of every hour between 01:00 and 23:59 every day" },
	{ "0 0 1,15,L * *", "at 00:00 on days 1 and 15 and the last day of the month" },
	{ "0 0 L,13 JAN,FEB FRI#1,MONL",
	  "at 00:00 on day 13 and the last day of the month and also on the 1st Friday and the "
	  "last Monday of the month, in January and February" },
	{ "0 0 31W * *",
	  "at 00:00 on the weekday (Monday to Friday) nearest to day 31 of the month" },
	{ "0 0 */2 JUN-AUG FRI#1", "at 00:00 on every 2nd day from 1 to 31 of the month, but only "
				   "if that is the 1st Friday of the month, from June to August" },
	{ "@every 2h", "every 2 hours, counted from 1970-01-01T00:00:00Z" },
	{ "@every 36h1s", "every 1 day 12 hours 1 second, counted from 1970-01-01T00:00:00Z" },
	{ "0 0 L,LW * MON#1,5", "at 00:00 on the last day and the last weekday (Monday to Friday) "
				"of the month and also on Friday and the 1st Monday of the month" },
	{ "0 0 1-5,L-2,L * 1-3,6",
	  "at 00:00 on days 1 to 5, the last day, and the 2nd day before the last of the month and "
	  "also on Monday to Wednesday and Saturday" },
	{ "0 0 * * */2", "at 00:00 on Tuesday, Thursday, Saturday and Sunday" },
	{ "0 0 */10 * *", "at 00:00 on every 10th day from 1 to 31 of the month" },
};

TEST(each_construct_has_its_words)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cron c;
		struct buf words = BUF_INIT(4096);
		REQUIRE(cron_parse(&c, rows[i].text, NULL, "name", NULL) == 0);
		cron_explain(&c, &words);
		CHECK_STR(buf_cstr(&words), rows[i].words);
		buf_clear(&words);
	}
}

static const char *clock_rule(const char *text)
{
	struct cron c;
	return CHECK(cron_parse(&c, text, NULL, "name", NULL) == 0) ? cron_clock_rule(&c) : "";
}

TEST(clocks_that_change_have_words_too)
{
	const char *fixed =
	    "a time that the clocks skip comes right after the gap, a time that they "
	    "repeat comes once";
	const char *interval = "a time that the clocks skip does not come, a time that they repeat "
			       "comes twice";
	CHECK_STR(clock_rule("30 2 * * *"), fixed);
	CHECK_STR(clock_rule("0-59 0-23 * * *"), fixed);
	CHECK_STR(clock_rule("H ~ * * *"), fixed);
	CHECK_STR(clock_rule("*/10 30 2 * * *"), fixed);
	CHECK_STR(clock_rule("@daily"), fixed);
	CHECK_STR(clock_rule("30 * * * *"), interval);
	CHECK_STR(clock_rule("*/15 2 * * *"), interval);
	CHECK_STR(clock_rule("H/15 2 * * *"), interval);
	CHECK_STR(clock_rule("5 1-9/2 * * *"), interval);
	CHECK_STR(clock_rule("@hourly"), interval);
	CHECK_STR(clock_rule("@every 1h"), "local clocks do not matter to it");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(each_construct_has_its_words),
				 TAP_CASE(clocks_that_change_have_words_too)));
}
