#include "base/tz_rule.h"

#include <ctype.h>

#include "base/clock.h"
#include "base/err.h"

enum { DAY_S = 86400, HOURS_MAX = 167 };

/* ---- reading ---- */

struct cursor {
	const char *p, *end;
	bool bad;
};

/* -1: the end. */
static int peek(const struct cursor *c)
{
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

static bool take(struct cursor *c, char ch)
{
	if (peek(c) != ch)
		return false;
	c->p++;
	return true;
}

static int number(struct cursor *c, int min, int max)
{
	int n = 0;
	const char *from = c->p;
	while (c->p < c->end && isdigit((unsigned char)*c->p) && n <= max)
		n = n * 10 + (*c->p++ - '0');
	if (c->p == from || n < min || n > max)
		c->bad = true;
	return n;
}

/* Three letters or more, or anything between angle brackets. */
static void name(struct cursor *c)
{
	const char *from = c->p;
	if (take(c, '<')) {
		while (c->p < c->end && *c->p != '>')
			c->p++;
		c->bad = c->bad || !take(c, '>');
		return;
	}
	while (c->p < c->end && isalpha((unsigned char)*c->p))
		c->p++;
	c->bad = c->bad || c->p - from < 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t hours(struct cursor *c)
{
	bool negative = take(c, '-');
	if (!negative)
		(void)take(c, '+');
	int32_t s = number(c, 0, HOURS_MAX) * 3600;
	if (take(c, ':'))
		s += number(c, 0, 59) * 60;
	if (take(c, ':'))
		s += number(c, 0, 59);
	return negative ? -s : s;
}

static void change(struct cursor *c, struct tz_change *out)
{
	if (take(c, 'M')) {
		out->kind = TZ_MONTH_DAY;
		out->month = number(c, 1, 12);
		c->bad = !take(c, '.') || c->bad;
		out->week = number(c, 1, 5);
		c->bad = !take(c, '.') || c->bad;
		out->weekday = number(c, 0, 6);
	} else {
		out->kind = take(c, 'J') ? TZ_JULIAN : TZ_DAY;
		out->day = number(c, out->kind == TZ_JULIAN, 365);
	}
	out->time_s = take(c, '/') ? hours(c) : 2 * 3600;
}

int tz_rule_parse(struct tz_rule *out, struct bytes text)
{
	struct cursor c = { text.p, text.p + text.n, false };
	*out = (struct tz_rule){ 0 };
	name(&c);
	out->std_s = -hours(&c);
	if (!c.bad && c.p < c.end) {
		out->has_dst = true;
		name(&c);
		out->dst_s = peek(&c) == ',' ? out->std_s + 3600 : -hours(&c);
		c.bad = !take(&c, ',') || c.bad;
		change(&c, &out->start);
		c.bad = !take(&c, ',') || c.bad;
		change(&c, &out->end);
	}
	return c.bad || c.p < c.end ? -ERR_INVALID : 0;
}

/* ---- telling ---- */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_day(int64_t year, const struct tz_change *c)
{
	int64_t first = days_from_civil(year, (unsigned)c->month, 1);
	int64_t next = c->month == 12 ? days_from_civil(year + 1, 1, 1)
				      : days_from_civil(year, (unsigned)c->month + 1, 1);
	int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday */
	weekday = weekday < 0 ? weekday + 7 : weekday;
	int64_t day = first + (c->weekday - weekday + 7) % 7 + 7 * (int64_t)(c->week - 1);
	return day >= next ? day - 7 : day;
}

/* Days since the epoch of the day on which the clocks change. */
static int64_t change_day(int64_t year, const struct tz_change *c)
{
	int64_t january = days_from_civil(year, 1, 1);
	switch (c->kind) {
	case TZ_MONTH_DAY:
		return month_day(year, c);
	case TZ_JULIAN:
		return january + c->day - 1 + (c->day >= 60 && is_leap(year));
	case TZ_DAY:
		break;
	}
	return january + c->day;
}

/* What happens in one year: [0] daylight saving begins, [1] it ends. */
struct moment {
	int64_t at;
	int32_t offset; /* from then on */
};

static void moments_of(struct moment out[2], const struct tz_rule *r, int64_t year)
{
	int64_t start = change_day(year, &r->start) * DAY_S + r->start.time_s - r->std_s;
	int64_t end = change_day(year, &r->end) * DAY_S + r->end.time_s - r->dst_s;
	out[0] = (struct moment){ start, r->dst_s };
	out[1] = (struct moment){ end, r->std_s };
}

static int64_t year_of(int64_t utc_s)
{
	int64_t year, days = (utc_s - (utc_s < 0 ? DAY_S - 1 : 0)) / DAY_S;
	int month, day;
	civil_from_days(days, &year, &month, &day);
	return year;
}

int32_t tz_rule_offset(const struct tz_rule *r, int64_t utc_s)
{
	int64_t last = INT64_MIN;
	int32_t offset = r->std_s;
	if (!r->has_dst)
		return r->std_s;
	int64_t year = year_of(utc_s);
	/* A change may lie days beyond its year. Of two at the same moment the later one counts. */
	for (int64_t y = year - 1; y <= year + 1; y++) {
		struct moment m[2];
		moments_of(m, r, y);
		bool end_first = m[1].at < m[0].at;
		for (int i = 0; i < 2; i++) {
			int k = end_first ? 1 - i : i;
			if (m[k].at <= utc_s && m[k].at >= last) {
				last = m[k].at;
				offset = m[k].offset;
			}
		}
	}
	return offset;
}

int64_t tz_rule_next_change(const struct tz_rule *r, int64_t utc_s, int32_t offset_s)
{
	int64_t first = INT64_MAX;
	if (!r->has_dst)
		return first;
	int64_t year = year_of(utc_s);
	for (int64_t y = year - 1; y <= year + 2; y++) {
		struct moment m[2];
		moments_of(m, r, y);
		for (int i = 0; i < 2; i++) {
			if (m[i].at > utc_s && m[i].at < first && m[i].offset != offset_s &&
			    tz_rule_offset(r, m[i].at) != offset_s)
				first = m[i].at;
		}
	}
	return first;
}
