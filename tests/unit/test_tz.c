/* Time zones: the database's files, the rule behind them, and what is refused. */
#include "tap.h"

#include <stdlib.h>

#include "base/tz.h"
#include "base/tz_rule.h"

static const char *local(const char *zone, int64_t utc_s, char out[64])
{
	struct tz *z = NULL;
	struct tz_time t;
	struct err err = { 0 };
	if (tz_open(&z, zone, &err) < 0)
		return "(no zone)";
	tz_local(z, utc_s, &t);
	(void)snprintf(out, 64, "%lld-%02d-%02d %02d:%02d:%02d w%d %+d", (long long)t.year, t.month,
		       t.day, t.hour, t.minute, t.second, t.weekday, (int)t.offset_s);
	tz_free(z);
	return out;
}

TEST(both_sides_of_a_change_of_the_clocks)
{
	char s[64];
	CHECK_STR(local("Europe/Berlin", 1774745999, s), "2026-03-29 01:59:59 w0 +3600");
	CHECK_STR(local("Europe/Berlin", 1774746000, s), "2026-03-29 03:00:00 w0 +7200");
	CHECK_STR(local("Europe/Berlin", 1792889999, s), "2026-10-25 02:59:59 w0 +7200");
	CHECK_STR(local("Europe/Berlin", 1792890000, s), "2026-10-25 02:00:00 w0 +3600");
	CHECK_STR(local("UTC", 1792890000, s), "2026-10-25 01:00:00 w0 +0");
	CHECK_STR(local("Asia/Kathmandu", 1792890000, s), "2026-10-25 06:45:00 w0 +20700");
}

TEST(before_the_epoch_and_far_in_the_future)
{
	char s[64];
	CHECK_STR(local("UTC", -1, s), "1969-12-31 23:59:59 w3 +0");
	CHECK_STR(local("Europe/Berlin", -3600, s), "1970-01-01 00:00:00 w4 +3600");
	CHECK_STR(local("Europe/Berlin", INT64_C(4118079600), s), "2100-07-01 01:00:00 w4 +7200");
}

static int64_t next_change(const char *zone, int64_t utc_s)
{
	struct tz *z = NULL;
	if (!CHECK(tz_open(&z, zone, NULL) == 0))
		return -1;
	int64_t at = tz_next_change(z, utc_s);
	tz_free(z);
	return at;
}

TEST(the_next_change_of_the_clocks)
{
	CHECK_INT(next_change("Europe/Berlin", 1767225600), 1774746000);
	CHECK_INT(next_change("Europe/Berlin", 1774745999), 1774746000);
	CHECK_INT(next_change("Europe/Berlin", 1774746000), 1792890000);
	CHECK_INT(next_change("Europe/Berlin", INT64_C(4118079600)), INT64_C(4128627600));
	CHECK_INT(next_change("Asia/Tokyo", 0), INT64_MAX);
	CHECK_INT(next_change("UTC", 0), INT64_MAX);
}

static int32_t offset(const char *rule, int64_t utc_s)
{
	struct tz_rule r;
	return tz_rule_parse(&r, bytes_str(rule)) < 0 ? 99 : tz_rule_offset(&r, utc_s);
}

TEST(rules_of_every_form)
{
	const int64_t july = 1782864000, january = 1767225600; /* 2026-07-01, 2026-01-01 */
	CHECK_INT(offset("UTC0", july), 0);
	CHECK_INT(offset("<-0330>3:30", july), -12600);
	CHECK_INT(offset("EST5EDT,M3.2.0,M11.1.0", july), -14400);
	CHECK_INT(offset("EST5EDT,M3.2.0,M11.1.0", january), -18000);
	CHECK_INT(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", january), 39600);
	CHECK_INT(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", july), 36000);
	CHECK_INT(offset("IST-1GMT0,M10.5.0,M3.5.0/1", july), 3600);
	CHECK_INT(offset("IST-1GMT0,M10.5.0,M3.5.0/1", january), 0);
	CHECK_INT(offset("XXX3EDT4,0/0,J365/23", january), -14400); /* the whole year */
	CHECK_INT(offset("XXX3EDT4,0/0,J365/23", january - 1), -14400);
	CHECK_INT(offset("AAA0BBB,J60/0,J61/0", 1709251200), 3600);      /* 2024-03-01: J60 */
	CHECK_INT(offset("AAA0BBB,J60/0,J61/0", 1709251200 - 1), 0);     /* 2024-02-29 */
	CHECK_INT(offset("AAA0BBB,59/0,60/0", 1709251200 - 3601), 3600); /* day 59 is 29 February */
	CHECK_INT(offset("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774745999), -7200);
	CHECK_INT(offset("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774746000), -3600);
}

TEST(what_is_no_rule_is_refused)
{
	static const char *const texts[] = { "",
					     "A1",
					     "CET",
					     "CET-1CEST",
					     "CET-1CEST,",
					     "CET168",
					     "CET-1CEST,M3.5.0",
					     "CET-1CEST,M13.5.0,M10.5.0",
					     "CET-1CEST,M3.6.0,M10.5.0",
					     "CET-1CEST,M3.5.7,M10.5.0",
					     "CET-1CEST,J0,J365",
					     "CET-1CEST,M3.5.0,M10.5.0 ",
					     "<CET",
					     "CET99999999999999999999" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tz_rule r;
		CHECK_INT(tz_rule_parse(&r, bytes_str(texts[i])), -ERR_INVALID);
	}
}

static const char *refusal(const char *zone, struct err *err)
{
	struct tz *z = NULL;
	*err = (struct err){ 0 };
	CHECK_INT(tz_open(&z, zone, err), -ERR_INVALID);
	return err->message;
}

TEST(a_name_that_is_no_zone_gets_a_suggestion)
{
	struct err err;
	CHECK_STR(refusal("Europe/Berln", &err),
		  "there is no time zone 'Europe/Berln': did you mean 'Europe/Berlin'?");
	CHECK_STR(refusal("europe/berlin", &err),
		  "there is no time zone 'europe/berlin': did you mean 'Europe/Berlin'?");
	CHECK_STR(refusal("Kathmandu", &err),
		  "there is no time zone 'Kathmandu': did you mean 'Asia/Kathmandu'?");
	CHECK_STR(refusal("../../../etc/passwd", &err),
		  "there is no time zone '../../../etc/passwd': expected a name such as UTC or "
		  "Europe/Berlin");
	(void)refusal("", &err);
	(void)refusal("Europe", &err);
	(void)refusal("/etc/localtime", &err);
}

/* A whole file of version 2 with one type, one transition and a rule, in a heap block of its exact
 * size, so that a read beyond it is seen. */
static size_t small_file(uint8_t out[256])
{
	static const uint8_t data[] = { 0, 0,  0,  0, 0, 0,   0,   1,   0, 0,
					0, 14, 16, 0, 0, 'X', 'X', 'X', 0 };
	size_t n = 0;
	for (int block = 0; block < 2; block++) {
		(void)memset(out + n, 0, 44);
		(void)memcpy(out + n, "TZif2", 5);
		out[n + 35] = (uint8_t)block; /* transitions */
		out[n + 39] = 1;              /* types */
		out[n + 43] = 4;              /* characters */
		n += 44;
		size_t skip = block == 0 ? 9 : 0;
		(void)memcpy(out + n, data + skip, sizeof(data) - skip);
		n += sizeof(data) - skip;
	}
	(void)memcpy(out + n, "\nXXX-1\n", 7);
	return n + 7;
}

static int parse(const uint8_t *file, size_t n)
{
	struct tz *z = NULL;
	char *copy = malloc(n > 0 ? n : 1);
	INVARIANT(copy);
	if (n > 0)
		(void)memcpy(copy, file, n);
	int rc = tz_parse(&z, (struct bytes){ copy, n }, "small", NULL);
	tz_free(z);
	free(copy);
	return rc;
}

TEST(a_file_that_is_cut_is_refused_wherever)
{
	uint8_t file[256];
	size_t n = small_file(file);
	CHECK_INT(parse(file, n), 0);
	for (size_t cut = 0; cut < n; cut++)
		CHECK_INT(parse(file, cut), -ERR_INVALID);
}

TEST(no_byte_of_a_file_is_trusted)
{
	uint8_t file[256];
	size_t n = small_file(file);
	for (size_t i = 0; i < n; i++) {
		static const uint8_t values[] = { 0, 1, 2, 7, 0x7f, 0x80, 0xff };
		uint8_t kept = file[i];
		for (size_t v = 0; v < sizeof(values); v++) {
			file[i] = values[v];
			int rc = parse(file, n);
			CHECK(rc == 0 || rc == -ERR_INVALID);
		}
		file[i] = kept;
	}
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(both_sides_of_a_change_of_the_clocks),
				 TAP_CASE(before_the_epoch_and_far_in_the_future),
				 TAP_CASE(the_next_change_of_the_clocks),
				 TAP_CASE(rules_of_every_form),
				 TAP_CASE(what_is_no_rule_is_refused),
				 TAP_CASE(a_name_that_is_no_zone_gets_a_suggestion),
				 TAP_CASE(a_file_that_is_cut_is_refused_wherever),
				 TAP_CASE(no_byte_of_a_file_is_trusted)));
}
