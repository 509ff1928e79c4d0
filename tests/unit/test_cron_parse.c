/* What is refused as a cron expression, and in which words. */
#include "tap.h"

#include "trigger/cron.h"

static const char *refusal(const char *text)
{
	static struct err err;
	struct cron c;
	err = (struct err){ 0 };
	return cron_parse(&c, text, NULL, "name", &err) < 0 ? err.message : "(accepted)";
}

static const struct {
	const char *text, *message;
} rows[] = {
	{ "60 * * * *", "minute '60': expected *, 0 to 59, N-M, */STEP, N-M/STEP or H" },
	{ "60 * * * * *", "second '60': expected *, 0 to 59, N-M, */STEP, N-M/STEP or H" },
	{ "* * * JANUARY *", "month 'JANUARY': expected *, 1 to 12 or JAN to DEC, N-M, "
			     "*/STEP, N-M/STEP or H" },
	{ "* * * * FRI#6", "day of week 'FRI#6': expected *, 0 to 7 or SUN to SAT, N-M, "
			   "*/STEP, N-M/STEP, H, NL or N#M" },
	{ "* * * * L", "day of week 'L': expected *, 0 to 7 or SUN to SAT, N-M, "
		       "*/STEP, N-M/STEP, H, NL or N#M" },
	{ "* 5/2 * * *", "hour '5/2': a step needs a range: write N-M/STEP" },
	{ "*/0 * * * *", "minute '*/0': a step is a number from 1" },
	{ "*/90 * * * *", "minute '*/90': the step is longer than the range" },
	{ "* 22-2 * * *", "hour '22-2': the range runs backwards: write two, 22-23 and 0-2" },
	{ "* * * * SAT-MON",
	  "day of week 'SAT-MON': the range runs backwards: write two, 6-6 and 0-1" },
	{ "* * * *", "'* * * *' has 4 fields, expected 5: minute, hour, day of month, "
		     "month, day of week; or 6: the second in front of them" },
	{ "x", "'x' has 1 field, expected 5: minute, hour, day of month, "
	       "month, day of week; or 6: the second in front of them" },
	{ "0 0 0 1 1 ? 2026",
	  "'0 0 0 1 1 ? 2026' has 7 fields, expected 5: minute, hour, day of month, "
	  "month, day of week; or 6: the second in front of them" },
	{ "@reboot", "'@reboot': a restart is no instant, it cannot be missed nor told from "
		     "the last one; expected fields or @every" },
	{ "@fortnightly", "'@fortnightly': expected five or six fields or one of @hourly, "
			  "@daily, @weekly, @monthly, @yearly, @every DURATION" },
	{ "CRON_TZ=UTC 0 0 * * *", "'CRON_TZ=UTC 0 0 * * *': the zone is no part of the "
				   "expression, it is given beside it" },
	{ "0 0 30 2 *", "'0 0 30 2 *' never comes: no year has such a day" },
	{ "0 0 31 4,6,9,11 *", "'0 0 31 4,6,9,11 *' never comes: no year has such a day" },
	{ "0 0 */30 2 MON#5", "'0 0 */30 2 MON#5' never comes: no year has such a day" },
	{ "0 0 30W 2 *", "'0 0 30W 2 *' never comes: no year has such a day" },
};

TEST(a_refusal_names_the_field_and_what_was_expected)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(refusal(rows[i].text), rows[i].message);
}

static const char *const bad[] = {
	"",
	" ",
	"a * * * *",
	"1,,2 * * * *",
	", * * * *",
	"1, * * * *",
	"1- * * * *",
	"-1 * * * *",
	"1-2-3 * * * *",
	"** * * * *",
	"*/ * * * *",
	"*/5x * * * *",
	"*/-5 * * * *",
	"0x1 * * * *",
	"+1 * * * *",
	"* 24 * * *",
	"* * 0 * *",
	"* * 32 * *",
	"* * * 0 *",
	"* * * 13 *",
	"* * * * 8",
	"* * * * MO",
	"* * * * MONDAY",
	"* * * * * * *",
	"1.5 * * * *",
	"9999999999999999999999 * * * *",
	"* * * FEB/2 *",
	"L * * * *",
	"* L * * *",
	"* * L5 * *",
	"* * L- * *",
	"* * L-31 * *",
	"* * LL * *",
	"* * LWW * *",
	"* * WL * *",
	"* * W * *",
	"* * 0W * *",
	"* * 32W * *",
	"* * 1-5W * *",
	"* * 15W/2 * *",
	"* * L/2 * *",
	"* * FRI * *",
	"* * * L *",
	"* * * * 8L",
	"* * * * 5#",
	"* * * * 5#0",
	"* * * * #1",
	"* * * * 5#1-2",
	"* * * * 5W",
	"* * * * 1-5L",
	"H( * * * *",
	"H() * * * *",
	"H(5) * * * *",
	"H(5-3) * * * *",
	"H(0-60) * * * *",
	"H(0-5 * * * *",
	"H(0-5)x * * * *",
	"H5 * * * *",
	"HH * * * *",
	"H-5 * * * *",
	"H/60 * * * *",
	"H/0 * * * *",
	"~~ * * * *",
	"5~3 * * * *",
	"5~x * * * *",
	"@",
	"@hourly 5",
	"@ hourly",
	"* * * *\n*",
};

TEST(what_is_no_field_is_refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cron c;
		if (!CHECK(cron_parse(&c, bad[i], NULL, "name", NULL) == -ERR_INVALID))
			TAP_NOTE("accepted: %s", bad[i]);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_refusal_names_the_field_and_what_was_expected),
				 TAP_CASE(what_is_no_field_is_refused)));
}
