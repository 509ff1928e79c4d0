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

/* Which values match, as bits: bit 5 of minute is minute 5; Sunday is bit 0. */
struct cron {
	uint64_t minute, hour, day, month, weekday;
	bool either_day; /* both day fields are restricted */
};

/* @return 0; -ERR_INVALID: err names the field, what stands there and what was expected */
NODISCARD int cron_parse(struct cron *out, const char *text, struct err *err);

/* The first instant after after_ms (strictly) that matches; INT64_MAX when there is none ever
 * ("0 0 30 2 *"). Milliseconds since the epoch. */
int64_t cron_next(const struct cron *c, int64_t after_ms);

#endif
