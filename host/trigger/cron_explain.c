#include "trigger/cron_explain.h"

#include <stdbool.h>
#include <stdint.h>

#include "trigger/cron.h"

enum { MINUTES = 60, HOURS = 24, TIMES_MAX = 8, RUN_MIN = 3, STEPS_MIN = 4 };

struct names {
	int n;
	const char *of[13];
};

static const struct names months = { 13,
				     { "", "January", "February", "March", "April", "May", "June",
				       "July", "August", "September", "October", "November",
				       "December" } };
/* Monday first, so that FRI-SUN is a range. */
static const struct names weekdays = {
	7, { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }
};

/* ---- sets of numbers ---- */

static bool has(uint64_t bits, int i)
{
	return bits >> i & 1;
}

static int count(uint64_t bits)
{
	int n = 0;
	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

static int lowest(uint64_t bits)
{
	int i = 0;
	while (!has(bits, i))
		i++;
	return i;
}

static int highest(uint64_t bits)
{
	int i = 63;
	while (!has(bits, i))
		i--;
	return i;
}

static uint64_t all(int from, int to)
{
	return (UINT64_MAX >> (63 - to)) & (UINT64_MAX << from);
}

/* One unbroken range, of one at least. */
static bool is_run(uint64_t bits)
{
	return bits == all(lowest(bits), highest(bits));
}

/* The distance, when it is the same between all of them; else 0. */
static int step_of(uint64_t bits)
{
	int n = count(bits), low = lowest(bits), high = highest(bits);
	if (n < 2 || (high - low) % (n - 1) != 0)
		return 0;
	int step = (high - low) / (n - 1);
	for (int i = low; i <= high; i += step) {
		if (!has(bits, i))
			return 0;
	}
	return step;
}

/* 0, 15, 30 and 45 of 60: without an end, every fifteen. */
static bool is_even(uint64_t bits, int size)
{
	int step = count(bits) > 0 ? size / count(bits) : 0;
	return has(bits, 0) && step * count(bits) == size &&
	       (step == size || step_of(bits) == step) && step < size;
}

static const char *ordinal_end(int n)
{
	if (n / 10 != 1) {
		switch (n % 10) {
		case 1:
			return "st";
		case 2:
			return "nd";
		case 3:
			return "rd";
		default:
			break;
		}
	}
	return "th";
}

static void add_ordinal(struct buf *out, int n)
{
	buf_addf(out, "%d%s", n, ordinal_end(n));
}

/* names: NULL where it is the number itself that is told. */
static void add_value(struct buf *out, const struct names *names, int i)
{
	INVARIANT(!names || i < names->n);
	if (names)
		buf_adds(out, names->of[i]);
	else
		buf_addf(out, "%d", i);
}

/* "1, 5 and 20 to 25"; conjunction: "and" or "or". */
static void add_list(struct buf *out, uint64_t bits, const struct names *names,
		     const char *conjunction)
{
	for (bool first = true; bits; first = false) {
		int low = lowest(bits), high = low;
		while (high < 63 && has(bits, high + 1))
			high++;
		if (high - low + 1 < RUN_MIN)
			high = low;
		bits &= ~all(low, high);
		if (!first && bits)
			buf_adds(out, ", ");
		else if (!first)
			buf_addf(out, " %s ", conjunction);
		add_value(out, names, low);
		if (high > low) {
			buf_adds(out, " to ");
			add_value(out, names, high);
		}
	}
}

/* "minute 5", "minutes 5 and 35", "every 7th minute from 0 to 56". */
static void add_units(struct buf *out, uint64_t bits, const char *unit)
{
	int step = step_of(bits);
	if (count(bits) >= STEPS_MIN && step > 1) {
		buf_adds(out, "every ");
		add_ordinal(out, step);
		buf_addf(out, " %s from %d to %d", unit, lowest(bits), highest(bits));
		return;
	}
	buf_addf(out, "%s%s ", unit, count(bits) > 1 ? "s" : "");
	add_list(out, bits, NULL, "and");
}

/* ---- the time of day ---- */

static void add_times(const struct cron *c, struct buf *out)
{
	int left = count(c->hour) * count(c->minute) * count(c->second);
	const char *before = "at ";
	for (int t = 0; left > 0; t++) {
		int hour = t / 3600, minute = t / 60 % 60, second = t % 60;
		if (!has(c->hour, hour) || !has(c->minute, minute) || !has(c->second, second))
			continue;
		buf_addf(out, "%s%02d:%02d", before, hour, minute);
		if (c->second != 1)
			buf_addf(out, ":%02d", second);
		left--;
		before = left > 1 ? ", " : " and ";
	}
}

/* Of seconds or minutes, the finest that is told. @return whether they go on without an end */
static bool add_lead(struct buf *out, uint64_t bits, const char *unit)
{
	if (bits == all(0, MINUTES - 1)) {
		buf_addf(out, "every %s", unit);
		return true;
	}
	if (is_even(bits, MINUTES)) {
		buf_addf(out, "every %d %ss", step_of(bits), unit);
		return true;
	}
	buf_adds(out, "at ");
	add_units(out, bits, unit);
	return false;
}

static void add_hours(struct buf *out, uint64_t hours, bool endless)
{
	bool whole = hours == all(0, HOURS - 1), run = is_run(hours);
	if (!endless && (whole || (run && count(hours) > 1)))
		buf_adds(out, " of every hour");
	if (!whole && run && (endless || count(hours) > 1)) {
		buf_addf(out, " between %02d:00 and %02d:59", lowest(hours), highest(hours));
	} else if (!whole) {
		buf_adds(out, " of ");
		add_units(out, hours, "hour");
	}
}

static void add_time(const struct cron *c, struct buf *out)
{
	const uint64_t whole = all(0, MINUTES - 1);
	bool endless;
	if (c->minute != whole && c->second != whole && c->hour != all(0, HOURS - 1) &&
	    count(c->hour) * count(c->minute) * count(c->second) <= TIMES_MAX) {
		add_times(c, out);
		return;
	}
	if (c->second == 1) {
		endless = add_lead(out, c->minute, "minute");
	} else {
		endless = add_lead(out, c->second, "second");
		if (c->minute != whole) {
			buf_adds(out, " of ");
			add_units(out, c->minute, "minute");
			endless = false;
		} else if (!endless) {
			buf_adds(out, " of every minute");
			endless = true;
		}
	}
	add_hours(out, c->hour, endless);
}

/* ---- days ---- */

/* "a", "a and b", "a, b, and c": what stands before each part. */
struct parts {
	int n, done;
	const char *conjunction;
};

static void separate(struct buf *out, struct parts *p)
{
	if (p->done > 0 && p->done == p->n - 1)
		buf_addf(out, "%s %s ", p->n > 2 ? "," : "", p->conjunction);
	else if (p->done > 0)
		buf_adds(out, ", ");
	p->done++;
}

static void add_numbers(const struct cron *c, struct buf *out)
{
	int n = (c->day != 0) + count(c->before_last) + c->last_workday + count(c->nearest);
	struct parts parts = { n, 0, "and" };
	if (c->day) {
		separate(out, &parts);
		add_units(out, c->day, "day");
	}
	for (int i = 0; i < 31; i++) {
		if (!has(c->before_last, i))
			continue;
		separate(out, &parts);
		if (i == 0) {
			buf_adds(out, "the last day");
		} else {
			buf_adds(out, "the ");
			add_ordinal(out, i);
			buf_adds(out, " day before the last");
		}
	}
	if (c->last_workday) {
		separate(out, &parts);
		buf_adds(out, "the last weekday (Monday to Friday)");
	}
	for (int i = 1; i <= 31; i++) {
		if (!has(c->nearest, i))
			continue;
		separate(out, &parts);
		buf_addf(out, "the weekday (Monday to Friday) nearest to day %d", i);
	}
	buf_adds(out, " of the month");
}

/* Bit 0 is Sunday there, Monday here. */
static uint64_t from_monday(uint64_t bits)
{
	return bits >> 1 | (bits & 1) << 6;
}

static int count_places(const struct cron *c)
{
	int n = count(c->last);
	for (int i = 0; i < CRON_NTH_MAX; i++)
		n += count(c->nth[i]);
	return n;
}

static void add_weekdays(const struct cron *c, struct buf *out, const char *conjunction)
{
	int places = count_places(c);
	struct parts parts = { (c->weekday != 0) + places, 0, conjunction };
	if (c->weekday) {
		separate(out, &parts);
		add_list(out, from_monday(c->weekday), &weekdays, conjunction);
	}
	for (int n = 0; n < CRON_NTH_MAX; n++) {
		for (int day = 0; day < 7; day++) {
			if (!has(from_monday(c->nth[n]), day))
				continue;
			separate(out, &parts);
			buf_adds(out, "the ");
			add_ordinal(out, n + 1);
			buf_addf(out, " %s", weekdays.of[day]);
		}
	}
	for (int day = 0; day < 7; day++) {
		if (!has(from_monday(c->last), day))
			continue;
		separate(out, &parts);
		buf_addf(out, "the last %s", weekdays.of[day]);
	}
	if (places > 0)
		buf_adds(out, " of the month");
}

static void add_days(const struct cron *c, struct buf *out)
{
	bool any_number = c->day == all(1, 31), any_weekday = c->weekday == all(0, 6);
	bool every_day = c->either_day ? any_number || any_weekday : any_number && any_weekday;
	if (every_day) {
		if (c->hour != all(0, HOURS - 1))
			buf_adds(out, " every day");
		return;
	}
	buf_adds(out, " on ");
	if (c->either_day) {
		add_numbers(c, out);
		buf_adds(out, " and also on ");
		add_weekdays(c, out, "and");
	} else if (any_number) {
		add_weekdays(c, out, "and");
	} else {
		add_numbers(c, out);
		if (!any_weekday) {
			buf_adds(out, ", but only if that is ");
			add_weekdays(c, out, "or");
		}
	}
}

static void add_months(const struct cron *c, struct buf *out)
{
	bool two_kinds_of_days = c->day != all(1, 31) && c->weekday != all(0, 6);
	if (c->month == all(1, 12))
		return;
	buf_adds(out, two_kinds_of_days ? ", " : " ");
	buf_adds(out, is_run(c->month) && count(c->month) >= RUN_MIN ? "from " : "in ");
	add_list(out, c->month, &months, "and");
}

/* ---- all of it ---- */

static void add_every(struct buf *out, int64_t seconds)
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = { { "day", 86400 }, { "hour", 3600 }, { "minute", 60 }, { "second", 1 } };
	buf_adds(out, "every");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t n = seconds / units[i].s;
		seconds -= n * units[i].s;
		if (n > 0)
			buf_addf(out, " %d %s%s", (int)n, units[i].name, n > 1 ? "s" : "");
	}
	buf_adds(out, ", counted from 1970-01-01T00:00:00Z");
}

void cron_explain(const struct cron *c, struct buf *out)
{
	if (c->every_s > 0) {
		add_every(out, c->every_s);
		return;
	}
	add_time(c, out);
	add_days(c, out);
	add_months(c, out);
}

const char *cron_clock_rule(const struct cron *c)
{
	if (c->every_s > 0)
		return "local clocks do not matter to it";
	if (c->interval)
		return "a time that the clocks skip does not come, a time that they repeat comes "
		       "twice";
	return "a time that the clocks skip comes right after the gap, a time that they repeat "
	       "comes "
	       "once";
}
