/* cron_parse.c - reads expressions. What each form means is in cron.h. */
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "trigger/cron.h"

enum { FIELDS = 6, SECOND = 0, MINUTE, HOUR, DAY, MONTH, WEEKDAY, SHOWN_MAX = 60 };

static const char *const months[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
				      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };
static const char *const days[] = { "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT" };

static const struct field {
	const char *name;
	int min, max;
	int all_max;  /* what * and ~ end with */
	int hash_max; /* what H ends with */
	const char *const *names;
	int n_names;
	const char *expected;
} fields[FIELDS] = {
	{ "second", 0, 59, 59, 59, NULL, 0, "*, 0 to 59, N-M, */STEP, N-M/STEP or H" },
	{ "minute", 0, 59, 59, 59, NULL, 0, "*, 0 to 59, N-M, */STEP, N-M/STEP or H" },
	{ "hour", 0, 23, 23, 23, NULL, 0, "*, 0 to 23, N-M, */STEP, N-M/STEP or H" },
	{ "day of month", 1, 31, 31, 28, NULL, 0,
	  "*, 1 to 31, N-M, */STEP, N-M/STEP, H, L, L-N, LW or NW" },
	{ "month", 1, 12, 12, 12, months, 12,
	  "*, 1 to 12 or JAN to DEC, N-M, */STEP, N-M/STEP or H" },
	{ "day of week", 0, 7, 6, 6, days, 7,
	  "*, 0 to 7 or SUN to SAT, N-M, */STEP, N-M/STEP, H, NL or N#M" },
};

static const struct nickname {
	const char *name, *expression;
} nicknames[] = {
	{ "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* One field while it is read. */
struct reading {
	struct cron *out;
	const struct field *field;
	const char *seed;
	uint64_t bits;     /* the numbers so far */
	struct bytes item; /* of the list, for messages */
	struct err *err;
};

/* How much of it a message quotes. */
static int shown(struct bytes text)
{
	return text.n < SHOWN_MAX ? (int)text.n : SHOWN_MAX;
}

static int wrong(const struct reading *r, const char *why)
{
	return err_set(r->err, ERR_INVALID, "%s '%.*s': %s", r->field->name, shown(r->item),
		       r->item.p, why);
}

static int unexpected(const struct reading *r)
{
	return err_set(r->err, ERR_INVALID, "%s '%.*s': expected %s", r->field->name,
		       shown(r->item), r->item.p, r->field->expected);
}

static bool is_field(const struct reading *r, int which)
{
	return r->field == &fields[which];
}

/* ---- parts of an item ---- */

/* A decimal number of at most three digits at the beginning of *t. */
static bool take_number(struct bytes *t, int *out)
{
	size_t n = 0;
	*out = 0;
	while (n < t->n && n < 4 && t->p[n] >= '0' && t->p[n] <= '9')
		*out = *out * 10 + (t->p[n++] - '0');
	t->p += n;
	t->n -= n;
	return n > 0 && n < 4;
}

/* Letters in any case. */
static bool take(struct bytes *t, const char *word)
{
	size_t n = strlen(word);
	if (t->n < n || strncasecmp(t->p, word, n) != 0)
		return false;
	t->p += n;
	t->n -= n;
	return true;
}

static bool take_value(struct bytes *t, const struct field *f, int *out)
{
	for (int i = 0; i < f->n_names; i++) {
		if (take(t, f->names[i])) {
			*out = f->min + i;
			return true;
		}
	}
	return take_number(t, out) && *out >= f->min && *out <= f->max;
}

/* ---- L, W and # ---- */

/* @return whether the item is one of these */
static bool take_special_day(struct cron *out, struct bytes t)
{
	int n;
	if (take(&t, "LW")) {
		out->last_workday = true;
		return t.n == 0;
	}
	if (take(&t, "L")) {
		n = 0;
		if (t.n > 0 && (!take(&t, "-") || !take_number(&t, &n) || t.n > 0 || n > 30))
			return false;
		out->before_last |= UINT32_C(1) << n;
		return true;
	}
	if (!take_value(&t, &fields[DAY], &n) || !take(&t, "W") || t.n > 0)
		return false;
	out->nearest |= UINT32_C(1) << n;
	return true;
}

static bool take_special_weekday(struct cron *out, struct bytes t)
{
	int weekday, n;
	if (!take_value(&t, &fields[WEEKDAY], &weekday))
		return false;
	uint32_t bit = UINT32_C(1) << weekday % 7;
	if (take(&t, "L")) {
		out->last |= bit;
		return t.n == 0;
	}
	if (!take(&t, "#") || !take_number(&t, &n) || t.n > 0 || n < 1 || n > CRON_NTH_MAX)
		return false;
	out->nth[n - 1] |= bit;
	return true;
}

/* ---- ranges and hashes ---- */

struct range {
	int low, high;
	bool hashed; /* one of these, not all of them */
	bool one;    /* a single number */
};

static bool take_range(struct bytes *t, const struct field *f, struct range *r)
{
	*r = (struct range){ .low = f->min, .high = f->all_max };
	if (take(t, "*"))
		return true;
	if (take(t, "H")) {
		r->hashed = true;
		r->high = f->hash_max;
		return !take(t, "(") || (take_value(t, f, &r->low) && take(t, "-") &&
					 take_value(t, f, &r->high) && take(t, ")"));
	}
	bool open = t->n > 0 && t->p[0] == '~';
	if (!open && !take_value(t, f, &r->low))
		return false;
	if (take(t, "~")) {
		r->hashed = true;
		open = t->n == 0 || t->p[0] == '/';
		return open || take_value(t, f, &r->high);
	}
	if (take(t, "-"))
		return take_value(t, f, &r->high);
	r->one = true;
	r->high = r->low;
	return true;
}

static int backwards(const struct reading *r, const struct range *range)
{
	return err_set(r->err, ERR_INVALID,
		       "%s '%.*s': the range runs backwards: write two, %d-%d and %d-%d",
		       r->field->name, shown(r->item), r->item.p, range->low, r->field->all_max,
		       r->field->min, range->high);
}

static int hash(const struct reading *r, uint64_t *out)
{
	uint8_t digest[SHA256_LEN];
	if (!r->seed)
		return err_named(
		    r->err, ERR_INVALID, CRON_NO_SEED,
		    "%s '%.*s': H and ~ are a hash of the schedule's name, and there is "
		    "none",
		    r->field->name, shown(r->item), r->item.p);
	struct sha256 *h = sha256_begin();
	sha256_add(h, (struct bytes){ r->field->name, strlen(r->field->name) + 1 });
	sha256_add(h, bytes_str(r->seed));
	if (sha256_end(h, digest) < 0)
		return err_set(r->err, ERR_NOMEM, "no memory for a hash");
	*out = 0;
	for (int i = 0; i < 8; i++)
		*out = *out << 8 | digest[i];
	return 0;
}

/* One value of the range, or where its steps begin. */
static int pick(const struct reading *r, struct range *range, int step)
{
	int span = range->high - range->low + 1;
	uint64_t h = 0;
	int rc = hash(r, &h);
	if (rc < 0)
		return rc;
	range->low += (int)(h % (uint64_t)(step > 0 && step < span ? step : span));
	if (step == 0)
		range->high = range->low;
	return 0;
}

static int parse_range(struct reading *r)
{
	struct bytes t = r->item;
	struct range range;
	int step = 0, rc = 0;
	if (!take_range(&t, r->field, &range))
		return unexpected(r);
	if (take(&t, "/")) {
		if (!take_number(&t, &step) || t.n > 0 || step < 1)
			return wrong(r, "a step is a number from 1");
		if (range.one)
			return wrong(r, "a step needs a range: write N-M/STEP");
	}
	if (t.n > 0)
		return unexpected(r);
	if (is_field(r, WEEKDAY) && range.high == 0 && range.low > 0)
		range.high = 7; /* FRI-SUN */
	if (range.low > range.high)
		return backwards(r, &range);
	if (step > 1 && step > range.high - range.low)
		return wrong(r, "the step is longer than the range");
	if (range.hashed)
		rc = pick(r, &range, step);
	INVARIANT(range.low >= 0 && range.high < 64);
	for (int v = range.low; rc == 0 && v <= range.high; v += step > 0 ? step : 1)
		r->bits |= UINT64_C(1) << v;
	return rc;
}

/* ---- fields ---- */

static int parse_item(struct reading *r)
{
	if (is_field(r, DAY) && take_special_day(r->out, r->item))
		return 0;
	if (is_field(r, WEEKDAY) && take_special_weekday(r->out, r->item))
		return 0;
	return parse_range(r);
}

static int parse_field(struct reading *r, struct bytes text)
{
	if ((is_field(r, DAY) || is_field(r, WEEKDAY)) && bytes_eq(text, BYTES_LIT("?")))
		text = BYTES_LIT("*");
	for (;;) {
		const char *comma = memchr(text.p, ',', text.n);
		size_t n = comma ? (size_t)(comma - text.p) : text.n;
		r->item = (struct bytes){ text.p, n };
		int rc = parse_item(r);
		if (rc < 0 || !comma)
			return rc;
		text.p += n + 1;
		text.n -= n + 1;
	}
}

/* Split at blanks. @return how many there are, of which at most FIELDS are stored */
static int split(struct bytes out[FIELDS], const char *text)
{
	int n = 0;
	for (;;) {
		text += strspn(text, " \t");
		if (*text == '\0')
			return n;
		size_t len = strcspn(text, " \t");
		if (n < FIELDS)
			out[n] = (struct bytes){ text, len };
		n++;
		text += len;
	}
}

static bool has_any(struct bytes text, const char *chars)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(chars, text.p[i]))
			return true;
	}
	return false;
}

static bool is_restricted(struct bytes text)
{
	return text.p[0] != '*' && text.p[0] != '?';
}

static int parse_fields(struct cron *out, const char *text, const char *seed, struct err *err)
{
	struct bytes part[FIELDS] = { [SECOND] = BYTES_LIT("0") };
	uint64_t bits[FIELDS];
	struct bytes given[FIELDS];
	int n = split(given, text);
	if (n != FIELDS && n != FIELDS - 1)
		return err_set(err, ERR_INVALID,
			       "'%.*s' has %d field%s, expected 5: minute, hour, day of month, "
			       "month, day of week; or 6: the second in front of them",
			       SHOWN_MAX, text, n, n == 1 ? "" : "s");
	(void)memcpy(part + FIELDS - n, given, (size_t)n * sizeof(given[0]));
	for (int i = 0; i < FIELDS; i++) {
		struct reading r = { .out = out, .field = &fields[i], .seed = seed, .err = err };
		int rc = parse_field(&r, part[i]);
		if (rc < 0)
			return rc;
		bits[i] = r.bits;
	}
	out->second = bits[SECOND];
	out->minute = bits[MINUTE];
	out->hour = (uint32_t)bits[HOUR];
	out->day = (uint32_t)bits[DAY];
	out->month = (uint32_t)bits[MONTH];
	out->weekday = (uint32_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f); /* 7 is 0 */
	out->either_day = is_restricted(part[DAY]) && is_restricted(part[WEEKDAY]);
	out->interval = has_any(part[MINUTE], "*/") || has_any(part[HOUR], "*/");
	return 0;
}

/* ---- what begins with @ ---- */

static int64_t unit_s(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

/* 15m, 1h30m. @return seconds; 0: it is no duration, or not one from a second to 366 days */
static int64_t duration(const char *text)
{
	const int64_t most = 366 * unit_s('d');
	int64_t total = 0;
	while (*text) {
		int64_t n = 0;
		size_t digits = strspn(text, "0123456789");
		for (size_t i = 0; i < digits && n <= most; i++)
			n = n * 10 + (text[i] - '0');
		int64_t unit = unit_s(text[digits]);
		if (digits == 0 || unit == 0 || n > most)
			return 0;
		total += n * unit;
		if (total > most)
			return 0;
		text += digits + 1;
	}
	return total;
}

static int parse_every(struct cron *out, const char *text, struct err *err)
{
	const char *given = text + strlen("@every");
	char word[32];
	given += strspn(given, " \t");
	size_t n = strcspn(given, " \t");
	bool fits = n < sizeof(word) && given[n + strspn(given + n, " \t")] == '\0';
	if (fits) {
		(void)memcpy(word, given, n);
		word[n] = '\0';
		out->every_s = duration(word);
	}
	if (out->every_s > 0)
		return 0;
	return err_set(err, ERR_INVALID,
		       "'%.*s': expected @every and a duration from 1s to 366d, such as 90s, 15m "
		       "or 1h30m",
		       SHOWN_MAX, text);
}

/* "@every" but not "@everyday". */
static bool is_every(const char *text)
{
	size_t n = strlen("@every");
	return strncasecmp(text, "@every", n) == 0 && (text[n] == '\0' || strchr(" \t", text[n]));
}

/* *text becomes the expression it stands for. */
static int resolve_nickname(const char **text, struct err *err)
{
	size_t n = strcspn(*text, " \t");
	bool alone = (*text)[n + strspn(*text + n, " \t")] == '\0';
	for (size_t i = 0; alone && i < sizeof(nicknames) / sizeof(nicknames[0]); i++) {
		if (strlen(nicknames[i].name) == n &&
		    strncasecmp(nicknames[i].name, *text, n) == 0) {
			*text = nicknames[i].expression;
			return 0;
		}
	}
	if (alone && strcasecmp(*text, "@reboot") == 0)
		return err_set(
		    err, ERR_INVALID,
		    "'%.*s': a restart is no instant, it cannot be missed nor told from the "
		    "last one; expected fields or @every",
		    SHOWN_MAX, *text);
	return err_set(err, ERR_INVALID,
		       "'%.*s': expected five or six fields or one of @hourly, @daily, @weekly, "
		       "@monthly, @yearly, @every DURATION",
		       SHOWN_MAX, *text);
}

/* ---- all of it ---- */

static int parse(struct cron *out, const char *text, const char *seed, struct err *err)
{
	if (strncmp(text, "TZ=", 3) == 0 || strncmp(text, "CRON_TZ=", 8) == 0)
		return err_set(
		    err, ERR_INVALID,
		    "'%.*s': the zone is no part of the expression, it is given beside it",
		    SHOWN_MAX, text);
	if (is_every(text))
		return parse_every(out, text, err);
	int rc = text[0] == '@' ? resolve_nickname(&text, err) : 0;
	return rc < 0 ? rc : parse_fields(out, text, seed, err);
}

/* Looked for from 2020 on: clocks once changed on other days, but not what will ever matter here. */
static int check_it_comes(const struct cron *c, const char *text, struct err *err)
{
	const int64_t from_ms = INT64_C(1577836800000);
	struct cron anywhere = *c;
	anywhere.zone = NULL;
	if (cron_next(&anywhere, from_ms) == INT64_MAX)
		return err_set(err, ERR_INVALID, "'%.*s' never comes: no year has such a day",
			       SHOWN_MAX, text);
	if (cron_next(c, from_ms) == INT64_MAX)
		return err_set(err, ERR_INVALID,
			       "'%.*s' never comes: the clocks of its zone always skip it",
			       SHOWN_MAX, text);
	return 0;
}

int cron_parse(struct cron *out, const char *text, const struct tz *zone, const char *seed,
	       struct err *err)
{
	text += strspn(text, " \t");
	*out = (struct cron){ .zone = zone };
	int rc = parse(out, text, seed, err);
	return rc < 0 ? rc : check_it_comes(out, text, err);
}
