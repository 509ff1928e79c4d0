#include "base/tz.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/tz_rule.h"

enum { DAY_S = 86400, HEADER = 44, TYPE_SIZE = 6, COUNT_MAX = 10000 };

struct tz {
	size_t n; /* transitions */
	int64_t *at;
	uint8_t *type; /* ... and what is in force from there */
	int32_t offsets[256];
	size_t n_types;
	bool has_rule;
	struct tz_rule rule; /* from the last transition on */
};

/* ---- the file ---- */

struct header {
	char version;
	uint32_t utc, std, leaps, times, types, chars; /* counts, in the file's order */
};

struct reader {
	const uint8_t *p;
	size_t n;
	const char *what;
	struct err *err;
};

static int broken(const struct reader *r, const char *why)
{
	return err_set(r->err, ERR_INVALID, "%s: not a time zone file: %s", r->what, why);
}

static uint64_t big_endian(const uint8_t *p, int size)
{
	uint64_t v = 0;
	for (int i = 0; i < size; i++)
		v = v << 8 | p[i];
	return v;
}

static void skip(struct reader *r, size_t n)
{
	r->p += n;
	r->n -= n;
}

static int read_header(struct reader *r, struct header *h)
{
	uint32_t *const counts[] = { &h->utc, &h->std, &h->leaps, &h->times, &h->types, &h->chars };
	if (r->n < HEADER || memcmp(r->p, "TZif", 4) != 0)
		return broken(r, "it does not begin with TZif");
	h->version = (char)r->p[4];
	for (size_t i = 0; i < 6; i++) {
		*counts[i] = (uint32_t)big_endian(r->p + 20 + 4 * i, 4);
		if (*counts[i] > COUNT_MAX)
			return broken(r, "its counts are too large");
	}
	skip(r, HEADER);
	return 0;
}

static size_t data_size(const struct header *h, size_t time_size)
{
	return h->times * time_size + h->times + h->types * (size_t)TYPE_SIZE + h->chars +
	       h->leaps * (time_size + 4) + h->std + h->utc;
}

/* The transitions and what they lead to; the reader stands at the data. */
static int read_data(struct reader *r, const struct header *h, size_t time_size, struct tz *z)
{
	const uint8_t *types = r->p + h->times * (time_size + 1);
	if (h->types == 0 || h->types > 256)
		return broken(r, "it has no types of local time, or too many");
	z->at = calloc(h->times + 1, sizeof(*z->at));
	z->type = calloc(h->times + 1, sizeof(*z->type));
	if (!z->at || !z->type)
		return err_set(r->err, ERR_NOMEM, "no memory for a time zone");
	z->n = h->times;
	z->n_types = h->types;
	for (size_t i = 0; i < h->times; i++) {
		uint64_t raw = big_endian(r->p + i * time_size, (int)time_size);
		z->at[i] = time_size == 4 ? (int32_t)(uint32_t)raw : (int64_t)raw;
		z->type[i] = r->p[h->times * time_size + i];
		if (z->type[i] >= h->types || (i > 0 && z->at[i] <= z->at[i - 1]))
			return broken(r, "its transitions are out of order");
	}
	for (size_t i = 0; i < h->types; i++) {
		z->offsets[i] = (int32_t)(uint32_t)big_endian(types + i * TYPE_SIZE, 4);
		if (z->offsets[i] < -2 * DAY_S || z->offsets[i] > 2 * DAY_S)
			return broken(r, "an offset from UTC is more than two days");
	}
	skip(r, data_size(h, time_size));
	return 0;
}

/* "\n" RULE "\n"; an empty rule: nothing is known after the last transition. */
static int read_footer(struct reader *r, struct tz *z)
{
	const uint8_t *end = r->n > 0 && r->p[0] == '\n' ? memchr(r->p + 1, '\n', r->n - 1) : NULL;
	if (!end)
		return broken(r, "its footer is missing");
	struct bytes rule = { (const char *)r->p + 1, (size_t)(end - r->p) - 1 };
	if (rule.n == 0)
		return 0;
	z->has_rule = true;
	if (tz_rule_parse(&z->rule, rule) < 0)
		return broken(r, "its footer is no POSIX rule");
	return 0;
}

static int read_file(struct reader *r, struct tz *z)
{
	struct header h = { 0 };
	size_t time_size = 4;
	int rc = read_header(r, &h);
	if (rc == 0 && r->n < data_size(&h, time_size))
		rc = broken(r, "it is too short");
	if (rc == 0 && h.version >= '2') { /* the same again with 64 bits */
		skip(r, data_size(&h, time_size));
		time_size = 8;
		rc = read_header(r, &h);
		if (rc == 0 && r->n < data_size(&h, time_size))
			rc = broken(r, "it is too short");
	}
	if (rc == 0 && h.leaps > 0)
		rc = broken(r, "it counts leap seconds; times here do not");
	if (rc == 0)
		rc = read_data(r, &h, time_size, z);
	return rc == 0 && time_size == 8 ? read_footer(r, z) : rc;
}

int tz_parse(struct tz **out, struct bytes file, const char *what, struct err *err)
{
	struct tz *z = calloc(1, sizeof(*z));
	struct reader r = { (const uint8_t *)file.p, file.n, what, err };
	if (!z)
		return err_set(err, ERR_NOMEM, "no memory for a time zone");
	int rc = read_file(&r, z);
	if (rc < 0) {
		tz_free(z);
		return rc;
	}
	*out = z;
	return 0;
}

void tz_free(struct tz *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->type);
	free(z);
}

/* ---- telling ---- */

/* The number of transitions up to utc_s: the index of the first one after it. */
static size_t transitions_until(const struct tz *z, int64_t utc_s)
{
	size_t low = 0, high = z->n; /* it is in [low, high] */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (z->at[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32_t tz_offset(const struct tz *z, int64_t utc_s)
{
	size_t i = transitions_until(z, utc_s);
	if (i == z->n && z->has_rule)
		return tz_rule_offset(&z->rule, utc_s);
	return z->offsets[i == 0 ? 0 : z->type[i - 1]];
}

int64_t tz_next_change(const struct tz *z, int64_t utc_s)
{
	int32_t now = tz_offset(z, utc_s);
	for (size_t i = transitions_until(z, utc_s); i < z->n; i++) {
		if (tz_offset(z, z->at[i]) != now)
			return z->at[i];
	}
	if (!z->has_rule)
		return INT64_MAX;
	int64_t from = z->n > 0 && z->at[z->n - 1] > utc_s ? z->at[z->n - 1] : utc_s;
	return tz_rule_next_change(&z->rule, from, now);
}

void tz_local(const struct tz *z, int64_t utc_s, struct tz_time *out)
{
	*out = (struct tz_time){ .offset_s = tz_offset(z, utc_s) };
	int64_t local = utc_s + out->offset_s;
	int64_t days = (local - (local < 0 ? DAY_S - 1 : 0)) / DAY_S;
	int64_t second = local - days * DAY_S, weekday = (days + 4) % 7;
	civil_from_days(days, &out->year, &out->month, &out->day);
	out->hour = (int)(second / 3600);
	out->minute = (int)(second / 60 % 60);
	out->second = (int)(second % 60);
	out->weekday = (int)(weekday < 0 ? weekday + 7 : weekday);
}
