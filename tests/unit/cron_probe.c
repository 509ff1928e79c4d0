/*
 * cron_probe.c - says when expressions come, for a comparison with another implementation
 * (tests/integration/cron_zones.py).
 *
 *	cron_probe < lines of "ZONE FROM TO EXPRESSION"     "COUNT DIGEST" for each
 *	cron_probe --list < lines                           "COUNT DIGEST TIME TIME ..." for each
 *
 * Times are seconds since the epoch, FROM and TO among them; the digest is the SHA-256 of the times as
 * text, a line each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/tz.h"
#include "trigger/cron.h"

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

static void answer(const struct cron *c, int64_t from, int64_t to, bool list)
{
	struct buf times = BUF_INIT((size_t)1 << 30);
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	int64_t count = 0;
	for (int64_t at = cron_next(c, from * 1000 - 1); at <= to * 1000; at = cron_next(c, at)) {
		buf_addf(&times, "%" PRId64 "\n", at / 1000);
		count++;
	}
	INVARIANT(times.err == 0 && sha256(digest, buf_bytes(&times)) == 0);
	hex_lower(hex, digest, sizeof(digest));
	for (size_t i = 0; i < times.n; i++) {
		if (times.p[i] == '\n')
			times.p[i] = ' ';
	}
	printf("%" PRId64 " %s %s\n", count, hex, list ? buf_cstr(&times) : "");
	buf_clear(&times);
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
