#include "script/freeze.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/tz.h"

enum { DAY_S = 86400, WEEK_S = 7 * DAY_S, TEXT_MAX = 128, ZONE_SIZE = 64, LOOK_S = 4 * 3600 };

struct freeze {
	int64_t period_s;     /* a day, a week; 0: once */
	int64_t from_s, to_s; /* local; within the period, or since the epoch */
	struct tz *zone;
	char text[TEXT_MAX];
};

/* ---- reading ---- */

/* One end of a window: which of the parts were there, and their values. */
struct end {
	bool has_day, has_date, has_time;
	int64_t day_s; /* of the week, from Sunday, or since the epoch */
	int64_t time_s;
};

static void skip_blanks(const char **p)
{
	*p += strspn(*p, " \t");
}

/* n digits. -1: they are not there. */
static int digits(const char **p, int n)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return -1;
		v = v * 10 + ((*p)[i] - '0');
	}
	*p += n;
	return v;
}

static bool read_weekday(const char **p, struct end *e)
{
	static const char *const names[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
					     "Thursday", "Friday", "Saturday" };
	size_t n = 0;
	while (isalpha((unsigned char)(*p)[n]))
		n++;
	for (int i = 0; i < 7; i++) {
		if ((n != 3 && n != strlen(names[i])) || strncasecmp(*p, names[i], n) != 0)
			continue;
		*p += n;
		e->has_day = true;
		e->day_s = (int64_t)i * DAY_S;
		return true;
	}
	return false;
}

static bool read_date(const char **p, struct end *e)
{
	const char *q = *p;
	int64_t year = digits(&q, 4), back_year;
	int month, day, back_month, back_day;
	if (year < 0 || *q++ != '-' || (month = digits(&q, 2)) < 0 || *q++ != '-' ||
	    (day = digits(&q, 2)) < 0)
		return false;
	if (month < 1 || month > 12)
		return false;
	int64_t days = days_from_civil(year, (unsigned)month, (unsigned)day);
	civil_from_days(days, &back_year, &back_month, &back_day);
	if (day < 1 || back_day != day || back_month != month)
		return false;
	*p = q;
	e->has_date = true;
	e->day_s = days * DAY_S;
	return true;
}

static bool read_time(const char **p, struct end *e)
{
	const char *q = *p;
	int hour = digits(&q, 2), minute;
	if (hour < 0 || *q++ != ':' || (minute = digits(&q, 2)) < 0 || hour > 24 || minute > 59 ||
	    (hour == 24 && minute > 0))
		return false;
	*p = q;
	e->has_time = true;
	e->time_s = (hour * (int64_t)60 + minute) * 60;
	return true;
}

static bool read_end(const char **p, struct end *e)
{
	*e = (struct end){ 0 };
	skip_blanks(p);
	if (!read_date(p, e))
		(void)read_weekday(p, e);
	skip_blanks(p);
	if (!read_time(p, e) && !e->has_date)
		return false;
	skip_blanks(p);
	return true;
}

static bool take_ends(struct freeze *f, const struct end *from, const struct end *to)
{
	if (from->has_day != to->has_day || from->has_date != to->has_date ||
	    from->has_time != to->has_time)
		return false;
	f->period_s = from->has_date ? 0 : from->has_day ? WEEK_S : DAY_S;
	f->from_s = from->day_s + from->time_s;
	f->to_s = to->day_s + to->time_s + (to->has_time ? 0 : DAY_S);
	if (f->period_s == 0)
		return f->from_s < f->to_s;
	f->from_s %= f->period_s;
	f->to_s %= f->period_s;
	return f->from_s != f->to_s;
}

static int complain(const char *text, struct err *err)
{
	return err_set(err, ERR_INVALID,
		       "'%.100s' is no window of time: expected for example 'Fri 18:00 - Mon 06:00 "
		       "Europe/Berlin', '22:00 - 06:00 UTC' or '2026-12-24 - 2026-12-26 UTC'",
		       text);
}

static int parse(struct freeze *f, const char *text, struct err *err)
{
	struct end from, to;
	const char *p = text;
	if (strlen(text) >= TEXT_MAX || !read_end(&p, &from) || *p++ != '-' || !read_end(&p, &to) ||
	    !take_ends(f, &from, &to) || !isalpha((unsigned char)*p) || strpbrk(p, " \t"))
		return complain(text, err);
	(void)snprintf(f->text, sizeof(f->text), "%s", text);
	return tz_open(&f->zone, p, err);
}

int freeze_parse(struct freeze **out, const char *text, struct err *err)
{
	struct freeze *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, ERR_NOMEM, "no memory for a window of time");
	int rc = parse(f, text, err);
	if (rc < 0) {
		freeze_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void freeze_free(struct freeze *f)
{
	if (f)
		tz_free(f->zone);
	free(f);
}

const char *freeze_text(const struct freeze *f)
{
	return f->text;
}

/* ---- telling ---- */

static bool inside(const struct freeze *f, int64_t local_s)
{
	if (f->period_s == 0)
		return local_s >= f->from_s && local_s < f->to_s;
	/* 1970-01-01 was a Thursday; weeks begin on Sunday here. */
	int64_t at = (local_s + (f->period_s == WEEK_S ? (int64_t)4 * DAY_S : 0)) % f->period_s;
	at = at < 0 ? at + f->period_s : at;
	return f->from_s < f->to_s ? at >= f->from_s && at < f->to_s
				   : at >= f->from_s || at < f->to_s;
}

/* Does the clock show, at this moment, what it shows a second time or has shown before, because it is
 * put back by drop seconds? Then the moment also has the other offset. */
static bool is_repeated(const struct freeze *f, int64_t utc_s, int32_t other, int64_t drop,
			int direction)
{
	return drop > 0 && tz_offset(f->zone, utc_s + direction * drop) == other;
}

bool freeze_at(const struct freeze *f, int64_t wall_ms)
{
	int64_t utc_s = (wall_ms - (wall_ms < 0 ? 999 : 0)) / 1000;
	int32_t now = tz_offset(f->zone, utc_s);
	int32_t before = tz_offset(f->zone, utc_s - LOOK_S);
	int32_t after = tz_offset(f->zone, utc_s + LOOK_S);
	if (inside(f, utc_s + now))
		return true;
	if (is_repeated(f, utc_s, before, before - now, -1) && inside(f, utc_s + before))
		return true;
	return is_repeated(f, utc_s, after, now - after, 1) && inside(f, utc_s + after);
}
