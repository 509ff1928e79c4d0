/*
 * tz.h - time zones: from UTC to local time, and never back.
 *
 * A zone is a TZif file (RFC 9636) of the system's database. The C library's own functions are of no
 * use here: TZ and tzset are of the whole process, and mktime has to guess. Whoever wants to know
 * when a local time comes walks UTC and looks: what the clocks skip never comes, what they repeat
 * comes twice.
 *
 * Behind the last transition of the file its footer, a POSIX rule, goes on for ever. A zone that
 * counts leap seconds ("right/...") is refused. Pure but for tz_open; a zone may be used by any
 * thread.
 */
#ifndef BASE_TZ_H
#define BASE_TZ_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct tz;

struct tz_time {
	int64_t year;
	int month, day;           /* from 1 */
	int hour, minute, second; /* from 0 */
	int weekday;              /* 0: Sunday */
	int32_t offset_s;         /* local time is UTC + offset_s */
};

/*
 * Read the zone of that name ("Europe/Berlin"). Blocks. "UTC" is there without a database too.
 *
 * @param[out] out owned by the caller; tz_free
 * @return 0; -ERR_INVALID when there is none: the message suggests the nearest; -ERR_IO; -ERR_NOMEM
 */
NODISCARD int tz_open(struct tz **out, const char *name, struct err *err);

/* The same from the bytes of a TZif file; what names it in messages. */
NODISCARD int tz_parse(struct tz **out, struct bytes file, const char *what, struct err *err);

void tz_free(struct tz *z); /* NULL is fine */

/* Seconds to be added to a UTC time in seconds since the epoch. */
int32_t tz_offset(const struct tz *z, int64_t utc_s);

/* The first instant after utc_s at which that is another number; INT64_MAX when there is none. */
int64_t tz_next_change(const struct tz *z, int64_t utc_s);

void tz_local(const struct tz *z, int64_t utc_s, struct tz_time *out);

#endif
