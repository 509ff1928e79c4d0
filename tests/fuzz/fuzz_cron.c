/*
 * fuzz_cron.c - any text as a schedule: refused, or its instants come one after another, in any zone,
 * and it can be said in words. The first byte picks the zone.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/tz.h"
#include "trigger/cron.h"
#include "trigger/cron_explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_SIZE = 256, HEADER = 44, WORDS_MAX = 16 << 10, TEXT_MAX = 256, STEPS = 4 };

static const char *const rules[] = {
	"", /* no zone at all */
	"CET-1CEST,M3.5.0,M10.5.0/3",
	"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
	"<+00>0<+02>-2,M3.5.0/1,M10.5.0/3",
	"IST-1GMT0,M10.5.0,M3.5.0/1",
	"AAA26BBB-25,J60/0,J61/0", /* from one end to the other, for a day */
};

/* A zone that has nothing but a rule. */
static struct tz *zone_of(const char *rule)
{
	static const char header[HEADER] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 2 };
	static const char type[] = { 0, 0, 0, 0, 0, 0, 'X', 0 }; /* one, and its two characters */
	struct tz *zone = NULL;
	struct buf b = BUF_INIT(FILE_SIZE);
	if (rule[0] == '\0')
		return NULL;
	for (int block = 0; block < 2; block++) {
		buf_add(&b, header, sizeof(header));
		buf_add(&b, type, sizeof(type));
	}
	buf_addf(&b, "\n%s\n", rule);
	INVARIANT(b.err == 0 && tz_parse(&zone, buf_bytes(&b), rule, NULL) == 0);
	buf_clear(&b);
	return zone;
}

static void check_between(const struct cron *c, int64_t at, int64_t next)
{
	INVARIANT(next % 1000 == 0);
	INVARIANT(cron_next(c, next - 1) == next);
	INVARIANT(cron_next(c, at + (next - at) / 2) == next);
	INVARIANT(cron_last(c, at, next) == next);
	INVARIANT(cron_last(c, at, next - 1) == INT64_MIN);
}

static void check_instants(const struct cron *c)
{
	int64_t at = INT64_C(1795262400000);
	for (int i = 0; i < STEPS && at != INT64_MAX; i++) {
		int64_t next = cron_next(c, at);
		INVARIANT(next > at);
		if (next != INT64_MAX)
			check_between(c, at, next);
		at = next;
	}
}

static void check_words(const struct cron *c)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	cron_explain(c, &words);
	INVARIANT(words.err == 0 && words.n > 0);
	for (size_t i = 0; i < words.n; i++)
		INVARIANT(words.p[i] >= ' ' && words.p[i] <= '~');
	INVARIANT(!strstr(buf_cstr(&words), "  ") && words.p[words.n - 1] != ' ');
	buf_clear(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];
	struct cron c;
	struct err err = { 0 };
	if (size == 0 || size > sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	struct tz *zone = zone_of(rules[data[0] % (sizeof(rules) / sizeof(rules[0]))]);
	if (cron_parse(&c, text, zone, "fuzz", &err) < 0) {
		INVARIANT(err.code == ERR_INVALID && err.message[0] != '\0');
	} else {
		check_instants(&c);
		check_words(&c);
	}
	tz_free(zone);
	return 0;
}
