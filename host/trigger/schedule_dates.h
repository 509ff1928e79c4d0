/*
 * schedule_dates.h - a calendar: days on which a schedule does not fire.
 *
 *	2026-12-24 2026-12-31..2027-01-02, *-05-01     # parted by blanks, commas or line ends
 *
 * A date, a range of dates with both its ends, or with `*` that day of every year. What stands
 * behind a `#` is a comment. Days are counted since 1970-01-01. Pure.
 */
#ifndef TRIGGER_SCHEDULE_DATES_H
#define TRIGGER_SCHEDULE_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct schedule_dates;

/*
 * @param[out] out owned by the caller; schedule_dates_free
 * @return 0; -ERR_INVALID: err names line and entry, and says what was expected; -ERR_NOMEM
 */
NODISCARD int schedule_dates_parse(struct schedule_dates **out, struct bytes text, struct err *err);
void schedule_dates_free(struct schedule_dates *d); /* NULL is fine */

/* d NULL: never. */
bool schedule_dates_has(const struct schedule_dates *d, int64_t day);

/* "2026-12-24" as days since 1970-01-01. -ERR_INVALID when it is no date, or none that exists. */
NODISCARD int schedule_date_parse(int64_t *day, struct bytes text);

#endif
