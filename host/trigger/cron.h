/*
 * cron.h - the language of schedules: what it means, and when the next instant is.
 *
 *	[second] minute hour day-of-month month day-of-week
 *	0-59     0-59   0-23 1-31         1-12  0-7 (0 and 7 are Sunday)
 *
 * Five fields, or six with the seconds in front. Months and days have names, JAN-DEC and SUN-SAT, in
 * any case. A field is a list, with commas, of
 *
 *	*  N  N-M            all, one, a range; behind * or N-M also /STEP: every STEP-th from the first
 *	                     on (not N/STEP, which programs read differently)
 *	H  H(N-M)            one value, the same for ever: a hash of the schedule's name (of the field,
 *	                     of the range), so that many schedules spread. Behind it also /STEP: every
 *	                     STEP-th, the first of them by the hash
 *	~  N~  ~M  N~M       as H(N-M), with the field's own first and last value where one is left out
 *
 * H alone never means the days 29 to 31, which not all months have. In day-of-month also
 *
 *	L  L-N  LW  NW       the last day; N days before it; the last of Monday to Friday; of Monday to
 *	                     Friday the one nearest to day N, in the same month
 *
 * and in day-of-week NL (the last such day of the month: 5L or FRIL) and N#M (the M-th: FRI#2). `?`
 * is `*`, for the two day fields. A day that a month does not have (31, 31W, FRI#5) is left out there.
 *
 * When both day fields are restricted, a day matches that fits either of them; a field that begins
 * with `*` is not restricted, also with a step (that is how cronie and Vixie's cron do it): then a
 * day has to fit both.
 *
 * @hourly, @daily (@midnight), @weekly, @monthly, @yearly (@annually) stand for whole expressions.
 * `@every 15m` (also 1h30m; s, m, h and d; a second to 366 days) is each multiple of that since
 * 1970-01-01T00:00:00Z: the same instants whenever the host was started, and no matter which zone.
 * @reboot is refused: a restart is no instant.
 *
 * When clocks change. An expression is about local time, and some local times come never, or twice.
 *  - A fixed expression is due when local time gets as far as it was never before: a time that the
 *    clocks skip is due once, at the first instant after the gap (all that is skipped by one gap is
 *    due there together, once); a time that they repeat is due the first time only.
 *  - An interval is due whenever the clock shows a time that matches: what is skipped does not come,
 *    what is repeated comes twice, so that every fifteen minutes remains every fifteen minutes.
 * An interval is an expression with a `*` or a step in minute or hour: also one for each quarter of the
 * hour 2, which does not come on a day without that hour. (So has cronie it, its wildcard jobs.)
 *
 * Pure: time is a parameter, and the zone was read before.
 */
#ifndef TRIGGER_CRON_H
#define TRIGGER_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct tz;

enum { CRON_NTH_MAX = 5 };

#define CRON_NO_SEED "NoSeed" /* err.name where H is refused because there is no seed */

/*
 * A plain value: copy it freely. It borrows its zone, which must live as long as the value is asked
 * for instants. Bit 5 of minute is minute 5, Sunday is bit 0. Nothing outside cron*.c looks inside.
 */
struct cron {
	const struct tz *zone; /* NULL: UTC */
	int64_t every_s;       /* @every; 0: the fields count */
	uint64_t second, minute;
	uint32_t hour, month;

	uint32_t day;         /* of the month: numbers, ... */
	uint32_t before_last; /* ... L-N as bit N, L as bit 0, ... */
	uint32_t nearest;     /* ... NW as bit N, ... */
	bool last_workday;    /* ... and LW */

	uint32_t weekday;           /* numbers, ... */
	uint32_t last;              /* ... NL as bit N, ... */
	uint32_t nth[CRON_NTH_MAX]; /* ... and N#M as bit N of nth[M - 1] */

	bool either_day; /* both day fields are restricted */
	bool interval;   /* see above */
};

/*
 * @param zone borrowed by *out; NULL: UTC
 * @param seed what H is a hash of, the name of the schedule; NULL: H is refused. Not kept
 * @return 0; -ERR_INVALID: err names the field, what stands there and what was expected, or says
 *         that the expression never comes ("0 0 30 2 *"); -ERR_NOMEM
 */
NODISCARD int cron_parse(struct cron *out, const char *text, const struct tz *zone,
			 const char *seed, struct err *err);

/*
 * The first instant after after_ms (strictly) that matches; INT64_MAX when there is none, or none
 * before the year 10000. Milliseconds since the epoch. It depends on nothing but its arguments:
 * whoever asks again gets the same instants, in order.
 */
int64_t cron_next(const struct cron *c, int64_t after_ms);

/*
 * The last instant in (after_ms, until_ms]; INT64_MIN when there is none. As quick for years of
 * seconds as for one day, so that nobody has to count through what was missed.
 */
int64_t cron_last(const struct cron *c, int64_t after_ms, int64_t until_ms);

#endif
