/*
 * cron.h - five-field schedules in UTC, as crontab(5) has them.
 *
 *	minute hour day-of-month month day-of-week
 *	0-59   0-23 1-31         1-12  0-7 (0 and 7 are Sunday)
 *
 * A field is a list of `*`, N, N-M, each of the last two forms and `*` with an optional /STEP
 * (not N/STEP: what it means differs between programs). Months and days have names, JAN-DEC and
 * SUN-SAT, in any case. @hourly, @daily (@midnight), @weekly, @monthly, @yearly (@annually) stand
 * for whole expressions.
 *
 * When both day fields are restricted, a day matches that fits either of them; a field that begins
 * with `*` is not restricted, also with a step (that is how cronie and Vixie's cron do it).
 *
 * Pure: time is a parameter.
 */
#ifndef TRIGGER_CRON_H
#define TRIGGER_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct tz;

/*
 * A plain value: copy it freely. It borrows its zone, which must live as long as the value is asked
 * for instants. Nothing outside cron*.c looks inside.
 */
struct cron {
	uint64_t minute, hour, day, month, weekday; /* bit 5 of minute: minute 5; bit 0: Sunday */
	bool either_day;                            /* both day fields are restricted */
	const struct tz *zone;
};

/*
 * @param zone borrowed by *out; NULL: UTC
 * @param seed what H is a hash of, the name of the schedule; NULL: H is refused. Not kept
 * @return 0; -ERR_INVALID: err names the field, what stands there and what was expected
 */
NODISCARD int cron_parse(struct cron *out, const char *text, const struct tz *zone,
			 const char *seed, struct err *err);

/*
 * The first instant after after_ms (strictly) that matches; INT64_MAX when there is none ever.
 * Milliseconds since the epoch. It depends on nothing but its arguments: whoever asks again gets
 * the same instants, in order.
 */
int64_t cron_next(const struct cron *c, int64_t after_ms);

/*
 * The last instant in (after_ms, until_ms]; INT64_MIN when there is none. As quick for years of
 * seconds as for one day, so that nobody has to count through what was missed.
 */
int64_t cron_last(const struct cron *c, int64_t after_ms, int64_t until_ms);

#endif
