/*
 * clock.h - the two clocks, and the one way a time is written.
 *
 * Wall times are milliseconds since the epoch, UTC. Durations come from the monotonic clock only.
 * Pure code never calls clock_*: it gets the time as a parameter.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *year, int *month, int *day);

/* a / b rounded down, also before the epoch; b > 0 */
static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

enum { ISO8601_LEN = 24, ISO8601_SIZE = 40 };

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Time since the machine was booted, while it slept too: nobody can set it. */
int64_t clock_boot_ms(void);
enum { BOOT_ID_SIZE = 64 };
/* Which boot that was; "" where the system does not say. */
void clock_boot_id(char out[BOOT_ID_SIZE]);

/* "2026-11-21T22:51:03.042Z"; years 0 to 9999, times outside are clamped. */
void iso8601_format(char out[ISO8601_SIZE], int64_t wall_ms);

/*
 * Read an RFC 3339 time: 'T' between date and time, optional fraction (rounded down to the
 * millisecond), 'Z' or a numeric offset.
 *
 * @return 0; -ERR_INVALID when text is anything else
 */
NODISCARD int iso8601_parse(int64_t *out_wall_ms, struct bytes text);

#endif
