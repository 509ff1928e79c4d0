/*
 * cron_probe.c - says when expressions come, for a comparison with another implementation
 * (tests/integration/cron_zones.py).
 *
 *	cron_probe < lines of "ZONE FROM TO EXPRESSION"     "COUNT DIGEST" for each
 *	cron_probe --list < lines                           "COUNT DIGEST TIME TIME ..." for each
 *
 * Times are seconds since the epoch, FROM and TO among them; the digest is the SHA-256 of the times as
 * text, a line each. For hours around each change of the clocks every minute is asked for its next
 * instant too, and has to know the same ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/tz.h"
#include "trigger/cron.h"

enum { MINUTE_S = 60, AROUND_S = 4 * 3600 };

static char *take_word(char **line)
{
	char *word = *line;
	*line += strcspn(word, " ");
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static int64_t take_number(char **line)
{
	int64_t n = 0;
	cJSON *v = json_parse(bytes_str(take_word(line)), NULL);
	INVARIANT(json_int_token(v, &n));
	cJSON_Delete(v);
	return n;
}

struct times {
	int64_t *v;
	size_t n, room;
};

static void add(struct times *t, int64_t at)
{
	if (t->n == t->room) {
		t->room = t->room * 2 + 64;
		t->v = realloc(t->v, t->room * sizeof(*t->v));
		INVARIANT(t->v);
	}
	t->v[t->n++] = at;
}

/* i: the first time that may be next. */
static bool same_whoever_asks(const struct cron *c, const struct times *times, int64_t change)
{
	size_t i = 0;
	for (int64_t at = change - AROUND_S; at < change + AROUND_S; at += MINUTE_S) {
		while (i < times->n && times->v[i] <= at)
			i++;
		if (i > 0 && i < times->n && cron_next(c, at * 1000) != times->v[i] * 1000)
			return false;
	}
	return true;
}

static bool same_around_changes(const struct cron *c, const struct times *times)
{
	if (times->n == 0)
		return true;
	int64_t at = times->v[0];
	while ((at = tz_next_change(c->zone, at)) < times->v[times->n - 1]) {
		if (!same_whoever_asks(c, times, at))
			return false;
	}
	return true;
}

static void answer(const struct cron *c, int64_t from, int64_t to, bool list)
{
	struct times times = { 0 };
	struct buf text = BUF_INIT((size_t)1 << 30);
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	for (int64_t at = cron_next(c, from * 1000 - 1); at <= to * 1000; at = cron_next(c, at)) {
		buf_addf(&text, "%" PRId64 "\n", at / 1000);
		add(&times, at / 1000);
	}
	INVARIANT(text.err == 0 && sha256(digest, buf_bytes(&text)) == 0);
	hex_lower(hex, digest, sizeof(digest));
	if (!same_around_changes(c, &times))
		printf("error: another instant where another minute asks");
	else
		printf("%zu %s", times.n, hex);
	for (size_t i = 0; list && i < times.n; i++)
		printf(" %" PRId64, times.v[i]);
	printf("\n");
	buf_clear(&text);
	free(times.v);
}

int main(int argc, char **argv)
{
	char text[1024];
	while (fgets(text, sizeof(text), stdin)) {
		char *line = text;
		struct tz *zone = NULL;
		struct cron c;
		struct err err = { 0 };
		line[strcspn(line, "\n")] = '\0';
		const char *name = take_word(&line);
		int64_t from = take_number(&line), to = take_number(&line);
		if (tz_open(&zone, name, &err) < 0 || cron_parse(&c, line, zone, "name", &err) < 0)
			printf("error: %s\n", err.message);
		else
			answer(&c, from, to, argc > 1 && strcmp(argv[1], "--list") == 0);
		tz_free(zone);
	}
	return 0;
}
