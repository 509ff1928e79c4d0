#include "trigger/schedule_rule.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/tz.h"

enum { DAY_S = 86400, SLACK_S = 3 * 3600 };

/* A calendar may exclude years, and days that come once a year. */
enum { DAYS_MAX = 9 * 366, JUMPS_MAX = 1000 };

/* ---- days of the zone ---- */

static int64_t offset_s(const struct schedule_rule *r, int64_t utc_s)
{
	return r->zone ? tz_offset(r->zone, utc_s) : 0;
}

static int64_t day_of_s(const struct schedule_rule *r, int64_t utc_s)
{
	return floor_div(utc_s + offset_s(r, utc_s), DAY_S);
}

static int64_t day_of(const struct schedule_rule *r, int64_t ms)
{
	return day_of_s(r, floor_div(ms, 1000));
}

/* When a day begins. *slack_ms: how far it may be off, where the clocks are set near midnight. */
static int64_t day_begins(const struct schedule_rule *r, int64_t day, int64_t *slack_ms)
{
	int64_t guess = day * DAY_S - offset_s(r, day * DAY_S);
	guess = day * DAY_S - offset_s(r, guess);
	bool exact = day_of_s(r, guess) == day && day_of_s(r, guess - 1) == day - 1;
	*slack_ms = exact ? 0 : SLACK_S * INT64_C(1000);
	return guess * 1000;
}

/* ---- instants ---- */

static bool too_early(const struct schedule_rule *r, int64_t at, int64_t day)
{
	return (r->start_ms && at < r->start_ms) || (r->start_day && day < r->start_day);
}

static bool too_late(const struct schedule_rule *r, int64_t at, int64_t day)
{
	return (r->end_ms && at > r->end_ms) || (r->end_day && day > r->end_day);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The first day from `day` on that is not excluded. */
static int64_t day_after_pause(const struct schedule_rule *r, int64_t day, int step)
{
	for (int i = 0; i < DAYS_MAX && schedule_dates_has(r->exclude, day); i++)
		day += step;
	return day;
}

/* From where to look on behind an instant that does not count. */
static int64_t skip_on(const struct schedule_rule *r, int64_t at, int64_t day)
{
	int64_t slack, to = at;
	if (r->start_ms && at < r->start_ms)
		to = larger(to, r->start_ms - 1);
	if (r->start_day && day < r->start_day)
		day = r->start_day;
	to = larger(to, day_begins(r, day_after_pause(r, day, 1), &slack) - 1);
	return larger(at, to - slack);
}

int64_t schedule_rule_next(const struct schedule_rule *r, int64_t after_ms)
{
	for (int jumps = 0; jumps < JUMPS_MAX;) {
		int64_t at = cron_next(&r->cron, after_ms), day;
		if (at == INT64_MAX || too_late(r, at, day = day_of(r, at)))
			return INT64_MAX;
		if (!too_early(r, at, day) && !schedule_dates_has(r->exclude, day))
			return at;
		after_ms = skip_on(r, at, day);
		jumps += after_ms > at;
	}
	return INT64_MAX;
}

/* Up to where to look before an instant that does not count. */
static int64_t skip_back(const struct schedule_rule *r, int64_t at, int64_t day)
{
	int64_t slack, to = at - 1;
	if (r->end_ms && at > r->end_ms)
		to = smaller(to, r->end_ms);
	if (r->end_day && day > r->end_day)
		day = r->end_day;
	to = smaller(to, day_begins(r, day_after_pause(r, day, -1) + 1, &slack) - 1);
	return smaller(at - 1, to + slack);
}

int64_t schedule_rule_last(const struct schedule_rule *r, int64_t after_ms, int64_t until_ms)
{
	for (int jumps = 0; jumps < JUMPS_MAX;) {
		int64_t at = cron_last(&r->cron, after_ms, until_ms), day;
		if (at == INT64_MIN || too_early(r, at, day = day_of(r, at)))
			return INT64_MIN;
		if (!too_late(r, at, day) && !schedule_dates_has(r->exclude, day))
			return at;
		until_ms = skip_back(r, at, day);
		jumps += until_ms < at - 1;
	}
	return INT64_MIN;
}

int64_t schedule_rule_delay(const char *name, int64_t jitter_ms)
{
	uint8_t hash[SHA256_LEN];
	uint64_t n = 0;
	if (jitter_ms <= 0 || sha256(hash, bytes_str(name)) < 0)
		return 0;
	for (int i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	return (int64_t)(n % (uint64_t)jitter_ms);
}

/* ---- names ---- */

static const char *const catch_ups[] = {
	[CATCH_UP_NONE] = "none", [CATCH_UP_LAST] = "last", [CATCH_UP_ALL] = "all"
};
static const char *const overlaps[] = { [OVERLAP_SKIP] = "skip",
					[OVERLAP_QUEUE] = "queue",
					[OVERLAP_QUEUE_ALL] = "queue_all",
					[OVERLAP_REPLACE] = "replace",
					[OVERLAP_ALLOW] = "allow" };

static int place_of(const char *name, const char *const *list, int n)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return i;
	}
	return -ERR_INVALID;
}

const char *schedule_catch_up_name(enum schedule_catch_up c)
{
	return catch_ups[c];
}

const char *schedule_overlap_name(enum schedule_overlap o)
{
	return overlaps[o];
}

int schedule_catch_up_parse(enum schedule_catch_up *out, const char *name)
{
	int i = place_of(name, catch_ups, sizeof(catch_ups) / sizeof(*catch_ups));
	if (i >= 0)
		*out = (enum schedule_catch_up)i;
	return i < 0 ? i : 0;
}

int schedule_overlap_parse(enum schedule_overlap *out, const char *name)
{
	int i = place_of(name, overlaps, sizeof(overlaps) / sizeof(*overlaps));
	if (i >= 0)
		*out = (enum schedule_overlap)i;
	return i < 0 ? i : 0;
}
