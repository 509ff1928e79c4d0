/* cron.c - when the next instant is. The rule for clocks that change is in cron.h. */
#include "trigger/cron.h"

#include "base/clock.h"
#include "base/tz.h"

enum { DAY_S = 86400, CYCLE_MONTHS = 4800 }; /* the calendar repeats, weekdays included */

static const int64_t never = INT64_MAX;
static const int64_t first_s = INT64_C(-62167219200); /* 0000-01-01 */
static const int64_t last_s = INT64_C(253402300799);  /* 9999-12-31T23:59:59Z */

/* No zone is further from UTC than two days: tz.c refuses it. */
static const int64_t reach_s = INT64_C(2) * DAY_S;

/* A cycle of the calendar, and a century of years for which zones have tables and not yet rules. */
static const int64_t patience_s = INT64_C(500) * 366 * DAY_S;

static bool has(uint64_t bits, int value)
{
	return bits >> value & 1;
}

/* The first value from `from` on, or -1. */
static int first_of(uint64_t bits, int from)
{
	for (int i = from; i < 64; i++) {
		if (has(bits, i))
			return i;
	}
	return -1;
}

/* ---- days ---- */

struct month {
	int64_t first; /* the day it begins with, since the epoch */
	int length;
	int weekday; /* of its first day */
};

static struct month month_of(int64_t year, int month)
{
	int64_t first = days_from_civil(year, (unsigned)month, 1);
	int64_t next = month == 12 ? days_from_civil(year + 1, 1, 1)
				   : days_from_civil(year, (unsigned)month + 1, 1);
	/* 1970-01-01 was a Thursday */
	int weekday = (int)(first + 4 - 7 * floor_div(first + 4, 7));
	return (struct month){ first, (int)(next - first), weekday };
}

static int weekday_of(const struct month *m, int day)
{
	return (m->weekday + day - 1) % 7;
}

/* Of Monday to Friday the day nearest to one, which the month has. */
static int nearest_workday(const struct month *m, int day)
{
	switch (weekday_of(m, day)) {
	case 6:
		return day > 1 ? day - 1 : day + 2;
	case 0:
		return day < m->length ? day + 1 : day - 2;
	default:
		return day;
	}
}

static uint32_t days_by_number(const struct cron *c, const struct month *m)
{
	uint32_t days = c->day;
	for (int i = first_of(c->before_last, 0); i >= 0; i = first_of(c->before_last, i + 1)) {
		if (i < m->length)
			days |= UINT32_C(1) << (m->length - i);
	}
	for (int i = first_of(c->nearest, 1); i >= 0 && i <= m->length;
	     i = first_of(c->nearest, i + 1))
		days |= UINT32_C(1) << nearest_workday(m, i);
	if (c->last_workday)
		days |= UINT32_C(1) << nearest_workday(m, m->length);
	return days;
}

static bool fits_weekday(const struct cron *c, const struct month *m, int day)
{
	int weekday = weekday_of(m, day);
	return has(c->weekday, weekday) || has(c->nth[(day - 1) / 7], weekday) ||
	       (day > m->length - 7 && has(c->last, weekday));
}

/* The days of a month that match, as bits 1 to 31. */
static uint32_t days_of(const struct cron *c, const struct month *m)
{
	uint32_t numbers = days_by_number(c, m), weekdays = 0;
	for (int day = 1; day <= m->length; day++)
		weekdays |= (uint32_t)fits_weekday(c, m, day) << day;
	uint32_t all = UINT32_MAX >> (31 - m->length) & ~UINT32_C(1);
	return (c->either_day ? numbers | weekdays : numbers & weekdays) & all;
}

/* ---- local time, as seconds since 1970-01-01T00:00:00 of the local clock ---- */

/* The first matching second of a day from `from` on, or -1. */
static int second_from(const struct cron *c, int from)
{
	int hour = from / 3600, minute = from / 60 % 60, second = from % 60;
	if (has(c->hour, hour)) {
		int s = has(c->minute, minute) ? first_of(c->second, second) : -1;
		if (s >= 0)
			return hour * 3600 + minute * 60 + s;
		int m = first_of(c->minute, minute + 1);
		if (m >= 0)
			return hour * 3600 + m * 60 + first_of(c->second, 0);
	}
	hour = first_of(c->hour, hour + 1);
	if (hour < 0)
		return -1;
	return hour * 3600 + first_of(c->minute, 0) * 60 + first_of(c->second, 0);
}

/* The first local time from `from` on that matches, wherever the clocks change; or never. */
static int64_t first_local(const struct cron *c, int64_t from)
{
	int64_t year, today = floor_div(from, DAY_S);
	int month, first_day;
	int second = (int)(from - today * DAY_S);
	civil_from_days(today, &year, &month, &first_day);
	for (int i = 0; i <= CYCLE_MONTHS; i++, month++, first_day = 1) {
		if (month > 12) {
			month = 1;
			year++;
		}
		if (!has(c->month, month))
			continue;
		struct month m = month_of(year, month);
		uint32_t days = days_of(c, &m);
		for (int day = first_of(days, first_day); day > 0; day = first_of(days, day + 1)) {
			int64_t number = m.first + day - 1;
			int s = second_from(c, number == today ? second : 0);
			if (s >= 0)
				return number * DAY_S + s;
		}
	}
	return never;
}

/* ---- from UTC to local time ---- */

static int64_t offset_at(const struct cron *c, int64_t utc_s)
{
	return c->zone ? tz_offset(c->zone, utc_s) : 0;
}

/* The first instant after utc_s with another offset. */
static int64_t next_change(const struct cron *c, int64_t utc_s)
{
	return c->zone ? tz_next_change(c->zone, utc_s) : never;
}

/* The furthest that local time has ever got, up to and with utc_s. */
static int64_t furthest(const struct cron *c, int64_t utc_s)
{
	int64_t at = utc_s - 2 * reach_s, most = INT64_MIN;
	while (at <= utc_s) {
		int64_t offset = offset_at(c, at), end = next_change(c, at);
		int64_t local = (end <= utc_s ? end - 1 : utc_s) + offset;
		most = local > most ? local : most;
		at = end;
	}
	return most;
}

/* The first instant at which local time is that far. */
static int64_t arrival(const struct cron *c, int64_t local_s)
{
	int64_t at = local_s - reach_s;
	for (;;) {
		int64_t offset = offset_at(c, at), end = next_change(c, at);
		if (at + offset >= local_s)
			return at; /* the gap that skips it ends here */
		if (local_s - offset < end)
			return local_s - offset;
		at = end;
	}
}

static int64_t next_fixed(const struct cron *c, int64_t after_s)
{
	int64_t local = first_local(c, furthest(c, after_s) + 1);
	return local == never ? never : arrival(c, local);
}

static int64_t next_of_interval(const struct cron *c, int64_t after_s)
{
	int64_t asked = INT64_MAX, local = never, until = after_s + patience_s;
	for (int64_t at = after_s + 1; at <= until;) {
		int64_t offset = offset_at(c, at), end = next_change(c, at), from = at + offset;
		if (from < asked || from > local) {
			local = first_local(c, from);
			asked = from;
		}
		if (local == never)
			return never;
		if (local - offset < end)
			return local - offset;
		at = end;
	}
	return never;
}

int64_t cron_next(const struct cron *c, int64_t after_ms)
{
	int64_t after_s = floor_div(after_ms, 1000), at;
	if (after_s < first_s)
		after_s = first_s;
	if (after_s >= last_s)
		return INT64_MAX;
	if (c->every_s > 0)
		at = (floor_div(after_s, c->every_s) + 1) * c->every_s;
	else
		at = c->interval ? next_of_interval(c, after_s) : next_fixed(c, after_s);
	return at > last_s ? INT64_MAX : at * 1000;
}

int64_t cron_last(const struct cron *c, int64_t after_ms, int64_t until_ms)
{
	/* Whether next(t) <= until_ms changes once, where t reaches the last instant. */
	int64_t low = after_ms > first_s * 1000 ? after_ms : first_s * 1000;
	int64_t high = until_ms < last_s * 1000 ? until_ms : last_s * 1000;
	if (low >= high || cron_next(c, low) > until_ms)
		return INT64_MIN;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (cron_next(c, middle) <= until_ms)
			low = middle;
		else
			high = middle;
	}
	return high;
}
