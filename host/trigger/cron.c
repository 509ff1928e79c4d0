#include "trigger/cron.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

enum { FIELDS = 5, MINUTES_A_DAY = 1440 };
static const int64_t minute_ms = 60000;
static const int64_t cycle_days = 146097; /* the calendar repeats, weekdays included */

static const char *const months[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
				      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };
static const char *const days[] = { "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT" };

static const struct field {
	const char *name;
	int min, max;
	const char *const *names;
	int n_names;
	const char *expected;
} fields[FIELDS] = {
	{ "minute", 0, 59, NULL, 0, "0 to 59" },
	{ "hour", 0, 23, NULL, 0, "0 to 23" },
	{ "day of month", 1, 31, NULL, 0, "1 to 31" },
	{ "month", 1, 12, months, 12, "1 to 12 or JAN to DEC" },
	{ "day of week", 0, 7, days, 7, "0 to 7 or SUN to SAT" },
};

static const struct nickname {
	const char *name, *expression;
} nicknames[] = {
	{ "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* ---- parsing ---- */

static int wrong(const struct field *f, struct bytes item, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s '%.*s': %s", f->name, (int)item.n, item.p, why);
}

static int wrong_value(const struct field *f, struct bytes item, struct err *err)
{
	return err_set(err, ERR_INVALID,
		       "%s '%.*s': expected *, a number from %s, or a range N-M, with /STEP behind "
		       "* or a range",
		       f->name, (int)item.n, item.p, f->expected);
}

/* A decimal number of at most three digits at the beginning of *t. */
static bool take_number(struct bytes *t, int *out)
{
	size_t n = 0;
	*out = 0;
	while (n < t->n && n < 4 && t->p[n] >= '0' && t->p[n] <= '9')
		*out = *out * 10 + (t->p[n++] - '0');
	t->p += n;
	t->n -= n;
	return n > 0 && n < 4;
}

static bool take_char(struct bytes *t, char c)
{
	if (t->n == 0 || t->p[0] != c)
		return false;
	t->p++;
	t->n--;
	return true;
}

static bool take_name(struct bytes *t, const struct field *f, int *out)
{
	for (int i = 0; t->n >= 3 && i < f->n_names; i++) {
		if (strncasecmp(t->p, f->names[i], 3) != 0)
			continue;
		t->p += 3;
		t->n -= 3;
		*out = f->min + i;
		return true;
	}
	return false;
}

static bool take_value(struct bytes *t, const struct field *f, int *out)
{
	return take_name(t, f, out) || (take_number(t, out) && *out >= f->min && *out <= f->max);
}

/* `*`, N or N-M; is_range unless it is a single value. */
static bool take_range(struct bytes *t, const struct field *f, int *low, int *high, bool *is_range)
{
	*low = f->min;
	*high = f->names == days ? 6 : f->max;
	*is_range = true;
	if (take_char(t, '*'))
		return true;
	if (!take_value(t, f, low))
		return false;
	*is_range = take_char(t, '-');
	if (!*is_range) {
		*high = *low;
		return true;
	}
	if (!take_value(t, f, high))
		return false;
	if (f->names == days && *high == 0 && *low > 0)
		*high = 7; /* FRI-SUN */
	return true;
}

static int parse_item(const struct field *f, struct bytes item, uint64_t *bits, struct err *err)
{
	struct bytes t = item;
	int low, high, step = 1;
	bool is_range;
	if (!take_range(&t, f, &low, &high, &is_range))
		return wrong_value(f, item, err);
	if (take_char(&t, '/')) {
		if (!take_number(&t, &step) || t.n > 0 || step < 1)
			return wrong(f, item, "a step is a number from 1", err);
		if (!is_range)
			return wrong(f, item, "a step needs a range: write N-M/STEP", err);
		if (step > high - low && step > 1)
			return wrong(f, item, "the step is longer than the range", err);
	}
	if (t.n > 0)
		return wrong_value(f, item, err);
	if (low > high)
		return wrong(f, item, "the range runs backwards: write two ranges", err);
	for (int v = low; v <= high; v += step)
		*bits |= UINT64_C(1) << v;
	return 0;
}

static int parse_field(const struct field *f, struct bytes text, uint64_t *bits, struct err *err)
{
	*bits = 0;
	for (;;) {
		const char *comma = memchr(text.p, ',', text.n);
		size_t n = comma ? (size_t)(comma - text.p) : text.n;
		int rc = parse_item(f, (struct bytes){ text.p, n }, bits, err);
		if (rc < 0 || !comma)
			return rc;
		text.p += n + 1;
		text.n -= n + 1;
	}
}

/* Split at blanks. @return how many there are, of which at most FIELDS are stored */
static int split(struct bytes out[FIELDS], const char *text)
{
	int n = 0;
	for (;;) {
		text += strspn(text, " \t");
		if (*text == '\0')
			return n;
		size_t len = strcspn(text, " \t");
		if (n < FIELDS)
			out[n] = (struct bytes){ text, len };
		n++;
		text += len;
	}
}

static int resolve_nickname(const char **text, struct err *err)
{
	if ((*text)[0] != '@')
		return 0;
	for (size_t i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++) {
		if (strcasecmp(nicknames[i].name, *text) == 0) {
			*text = nicknames[i].expression;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID,
		       "'%s': expected five fields or one of @hourly, @daily, @weekly, @monthly, "
		       "@yearly",
		       *text);
}

int cron_parse(struct cron *out, const char *text, const struct tz *zone, const char *seed,
	       struct err *err)
{
	(void)seed;
	struct bytes part[FIELDS];
	uint64_t bits[FIELDS];
	int rc = resolve_nickname(&text, err);
	if (rc < 0)
		return rc;
	int n = split(part, text);
	if (n != FIELDS)
		return err_set(err, ERR_INVALID,
			       "'%s' has %d fields, expected 5: minute, hour, day of month, month, "
			       "day of week",
			       text, n);
	for (int i = 0; i < FIELDS; i++) {
		rc = parse_field(&fields[i], part[i], &bits[i], err);
		if (rc < 0)
			return rc;
	}
	*out = (struct cron){
		.minute = bits[0],
		.hour = bits[1],
		.day = bits[2],
		.month = bits[3],
		.weekday = (bits[4] | bits[4] >> 7) & 0x7f, /* 7 is 0 */
		.zone = zone,
		.either_day = part[2].p[0] != '*' && part[4].p[0] != '*',
	};
	return 0;
}

/* ---- the next instant ---- */

static bool has(uint64_t bits, int value)
{
	return bits >> value & 1;
}

static bool day_matches(const struct cron *c, int64_t day)
{
	int64_t year;
	int month, mday;
	civil_from_days(day, &year, &month, &mday);
	int wday = (int)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
	bool m = has(c->day, mday), w = has(c->weekday, wday);
	return has(c->month, month) && (c->either_day ? m || w : m && w);
}

/* The first matching minute of a day from `from` on, or -1. */
static int minute_from(const struct cron *c, int from)
{
	for (int t = from; t < MINUTES_A_DAY; t++) {
		if (!has(c->hour, t / 60))
			t += 59 - t % 60;
		else if (has(c->minute, t % 60))
			return t;
	}
	return -1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t cron_next(const struct cron *c, int64_t after_ms)
{
	int64_t t = floor_div(after_ms, minute_ms) + 1;
	int64_t first = floor_div(t, MINUTES_A_DAY);
	int from = (int)(t - first * MINUTES_A_DAY);
	for (int64_t day = first; day <= first + cycle_days; day++, from = 0) {
		if (!day_matches(c, day))
			continue;
		int minute = minute_from(c, from);
		if (minute >= 0)
			return (day * MINUTES_A_DAY + minute) * minute_ms;
	}
	return INT64_MAX;
}

int64_t cron_last(const struct cron *c, int64_t after_ms, int64_t until_ms)
{
	/* Whether next(t) <= until_ms changes once, where t reaches the last instant. */
	int64_t low = after_ms, high = until_ms;
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
