#include "trigger/schedule_dates.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { DATE_LEN = 10, DATES_MAX = 10000, LEAP_YEAR = 2000 };

struct range {
	int64_t first, last;
};

struct schedule_dates {
	struct range *ranges;
	size_t n_ranges;
	bool yearly[12][31];
};

/* ---- dates ---- */

/* n digits as a number; -1: there is something else. */
static int number_of(const char *p, int n)
{
	int number = 0;
	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		number = number * 10 + (p[i] - '0');
	}
	return number;
}

static bool exists(int year, int month, int day)
{
	int64_t y;
	int m, d;
	if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	civil_from_days(days_from_civil(year, (unsigned)month, (unsigned)day), &y, &m, &d);
	return m == month && d == day;
}

int schedule_date_parse(int64_t *day, struct bytes text)
{
	if (text.n != DATE_LEN || text.p[4] != '-' || text.p[7] != '-')
		return -ERR_INVALID;
	int y = number_of(text.p, 4), m = number_of(text.p + 5, 2), d = number_of(text.p + 8, 2);
	if (!exists(y, m, d))
		return -ERR_INVALID;
	*day = days_from_civil(y, (unsigned)m, (unsigned)d);
	return 0;
}

/* Ranges that share a day are the same; once they are merged, none do. */
static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->first > y->last) - (x->last < y->first);
}

bool schedule_dates_has(const struct schedule_dates *d, int64_t day)
{
	int64_t y;
	int month, of_month;
	if (!d)
		return false;
	const struct range key = { day, day };
	if (d->n_ranges > 0 && bsearch(&key, d->ranges, d->n_ranges, sizeof(key), compare))
		return true;
	civil_from_days(day, &y, &month, &of_month);
	return d->yearly[month - 1][of_month - 1];
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* "*-12-25" */
static bool read_yearly(struct schedule_dates *d, struct bytes e)
{
	if (e.n != 7 || e.p[0] != '*' || e.p[1] != '-' || e.p[4] != '-')
		return false;
	int month = number_of(e.p + 2, 2), day = number_of(e.p + 5, 2);
	if (!exists(LEAP_YEAR, month, day))
		return false;
	d->yearly[month - 1][day - 1] = true;
	return true;
}

static bool read_range(struct range *out, struct bytes e)
{
	if (schedule_date_parse(&out->first, e) == 0) {
		out->last = out->first;
		return true;
	}
	if (e.n != 2 * DATE_LEN + 2 || memcmp(e.p + DATE_LEN, "..", 2) != 0)
		return false;
	return schedule_date_parse(&out->first, (struct bytes){ e.p, DATE_LEN }) == 0 &&
	       schedule_date_parse(&out->last, (struct bytes){ e.p + DATE_LEN + 2, DATE_LEN }) ==
		   0 &&
	       out->first <= out->last;
}

static int add_entry(struct schedule_dates *d, struct bytes e, int line, struct err *err)
{
	struct range range;
	if (read_yearly(d, e))
		return 0;
	if (!read_range(&range, e))
		return err_set(err, ERR_INVALID,
			       "line %d: '%.*s' is no day: expected YYYY-MM-DD, "
			       "YYYY-MM-DD..YYYY-MM-DD or *-MM-DD",
			       line, e.n < 40 ? (int)e.n : 40, e.p);
	if (d->n_ranges == DATES_MAX)
		return err_set(err, ERR_INVALID, "line %d: more than %d days", line, DATES_MAX);
	struct range *more = realloc(d->ranges, (d->n_ranges + 1) * sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, "no memory for a calendar");
	d->ranges = more;
	d->ranges[d->n_ranges++] = range;
	return 0;
}

static int read_all(struct schedule_dates *d, struct bytes text, struct err *err)
{
	int line = 1, rc = 0;
	for (size_t i = 0; rc == 0 && i < text.n;) {
		if (text.p[i] == '#') {
			while (i < text.n && text.p[i] != '\n')
				i++;
		} else if (is_blank(text.p[i])) {
			line += text.p[i++] == '\n';
		} else {
			size_t from = i;
			while (i < text.n && !is_blank(text.p[i]) && text.p[i] != '#')
				i++;
			rc = add_entry(d, (struct bytes){ text.p + from, i - from }, line, err);
		}
	}
	return rc;
}

static int by_first(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

static void merge(struct schedule_dates *d)
{
	size_t n = 0;
	if (d->n_ranges > 1)
		qsort(d->ranges, d->n_ranges, sizeof(*d->ranges), by_first);
	for (size_t i = 1; i < d->n_ranges; i++) {
		struct range *last = &d->ranges[n], *r = &d->ranges[i];
		if (r->first > last->last + 1)
			d->ranges[++n] = *r;
		else if (r->last > last->last)
			last->last = r->last;
	}
	if (d->n_ranges > 0)
		d->n_ranges = n + 1;
}

int schedule_dates_parse(struct schedule_dates **out, struct bytes text, struct err *err)
{
	struct schedule_dates *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, ERR_NOMEM, "no memory for a calendar");
	int rc = read_all(d, text, err);
	if (rc < 0) {
		schedule_dates_free(d);
		return rc;
	}
	merge(d);
	*out = d;
	return 0;
}

void schedule_dates_free(struct schedule_dates *d)
{
	if (!d)
		return;
	free(d->ranges);
	free(d);
}
