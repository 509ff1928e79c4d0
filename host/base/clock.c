#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

static int64_t read_us(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

void clock_boot_id(char out[BOOT_ID_SIZE])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!f || !fgets(out, BOOT_ID_SIZE, f))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (f)
		(void)fclose(f);
}

/* Hinnant's civil-days method, both ways. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

void iso8601_format(char out[ISO8601_SIZE], int64_t wall_ms)
{
	static const int64_t first = INT64_C(-62167219200000), last = INT64_C(253402300799999);
	if (wall_ms < first)
		wall_ms = first;
	if (wall_ms > last)
		wall_ms = last;
	int64_t ms = wall_ms % 86400000;
	int64_t days = wall_ms / 86400000;
	if (ms < 0) {
		ms += 86400000;
		days--;
	}
	int64_t y;
	int m, d;
	civil_from_days(days, &y, &m, &d);
	(void)snprintf(out, ISO8601_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)y, m, d,
		       (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60),
		       (int)(ms % 1000));
}

static bool digits(struct bytes *t, size_t n, int *out)
{
	if (t->n < n)
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (t->p[i] < '0' || t->p[i] > '9')
			return false;
		*out = *out * 10 + (t->p[i] - '0');
	}
	t->p += n;
	t->n -= n;
	return true;
}

static bool literal(struct bytes *t, char c)
{
	if (t->n == 0 || t->p[0] != c)
		return false;
	t->p++;
	t->n--;
	return true;
}

static bool fraction(struct bytes *t, int *ms)
{
	int scale = 100, digit;
	*ms = 0;
	if (!literal(t, '.'))
		return true;
	if (!digits(t, 1, &digit))
		return false;
	do {
		*ms += digit * scale;
		scale /= 10;
	} while (digits(t, 1, &digit));
	return true;
}

static bool offset(struct bytes *t, int *minutes)
{
	int h, m;
	*minutes = 0;
	if (literal(t, 'Z'))
		return t->n == 0;
	int sign = literal(t, '-') ? -1 : literal(t, '+') ? 1 : 0;
	if (sign == 0 || !digits(t, 2, &h) || !literal(t, ':') || !digits(t, 2, &m))
		return false;
	*minutes = sign * (h * 60 + m);
	return h < 24 && m < 60 && t->n == 0;
}

static bool real_date(int y, int mo, int d)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return mo >= 1 && mo <= 12 && d >= 1 && d <= days[mo - 1] + (mo == 2 && leap);
}

int iso8601_parse(int64_t *out_wall_ms, struct bytes t)
{
	int y, mo, d, h, mi, s, ms, off;
	bool ok = digits(&t, 4, &y) && literal(&t, '-') && digits(&t, 2, &mo) && literal(&t, '-') &&
		  digits(&t, 2, &d) && literal(&t, 'T') && digits(&t, 2, &h) && literal(&t, ':') &&
		  digits(&t, 2, &mi) && literal(&t, ':') && digits(&t, 2, &s) &&
		  fraction(&t, &ms) && offset(&t, &off);
	if (!ok || !real_date(y, mo, d) || h > 23 || mi > 59 || s > 60)
		return -ERR_INVALID;
	int64_t day_s = INT64_C(3600) * h + INT64_C(60) * (mi - off) + s;
	*out_wall_ms = (days_from_civil(y, (unsigned)mo, (unsigned)d) * 86400 + day_s) * 1000 + ms;
	return 0;
}
