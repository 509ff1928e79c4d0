/*
 * tz_rule.h - the footer of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3", a POSIX TZ string with the
 * extensions of RFC 9636 (hours from -167 to 167, daylight saving that is behind standard time).
 */
#ifndef BASE_TZ_RULE_H
#define BASE_TZ_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"

/* A day of each year, and the time of that day by the clock that is in force before it. */
struct tz_change {
	enum { TZ_MONTH_DAY, TZ_JULIAN, TZ_DAY } kind; /* M3.5.0, J60 (no 29 Feb), 59 (from 0) */
	int month, week, weekday;                      /* of TZ_MONTH_DAY; week 5: the last */
	int day;                                       /* of the others */
	int32_t time_s;                                /* may be negative, or days */
};

struct tz_rule {
	int32_t std_s, dst_s; /* to be added to UTC */
	bool has_dst;
	struct tz_change start, end; /* of daylight saving */
};

/* @return 0; -ERR_INVALID */
NODISCARD int tz_rule_parse(struct tz_rule *out, struct bytes text);

int32_t tz_rule_offset(const struct tz_rule *r, int64_t utc_s);

/* The first change after utc_s to an offset that is not that one; INT64_MAX when there is none. */
int64_t tz_rule_next_change(const struct tz_rule *r, int64_t utc_s, int32_t offset_s);

#endif
