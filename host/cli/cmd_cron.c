/* cmd_cron.c - runbook cron: what a schedule's expression means, and when it comes. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/tz.h"
#include "cli/command.h"
#include "cli/usage.h"
#include "trigger/cron.h"
#include "trigger/cron_explain.h"

static const char help[] =
    "usage: runbook cron next EXPRESSION [--tz ZONE] [-n COUNT] [--from TIME] [--seed NAME]\n"
    "       runbook cron explain EXPRESSION [--tz ZONE] [--seed NAME]\n"
    "\n"
    "next: the next instants, one a line: local time, day of the week, the same in UTC.\n"
    "explain: the expression in words.\n"
    "\n"
    "  --tz ZONE      the time zone, such as Europe/Berlin (default: UTC)\n"
    "  -n COUNT       how many, 1 to 10000 (default: 20)\n"
    "  --from TIME    those after 2026-11-21T00:00:00Z, or that with an offset (default: now)\n"
    "  --seed NAME    the schedule's name, for H and ~\n"
    "\n"
    "An expression has five fields - minute, hour, day of month, month, day of week - or six with\n"
    "the second in front. A field is a list, with commas, of * N N-M */STEP N-M/STEP; H, H(N-M),\n"
    "H/STEP and N~M pick by a hash of the schedule's name; JAN to DEC and SUN to SAT are names;\n"
    "days are also L (the last), L-N, LW, NW (the weekday nearest to N), 5L (the last Friday),\n"
    "FRI#2 (the second), ? (any). Also @hourly, @daily, @weekly, @monthly, @yearly, @every 1h30m.\n"
    "When both day fields are restricted, either is enough, unless one begins with *.\n"
    "\n"
    "Exit status: 0 done, 2 usage, or an expression that is wrong or never comes.\n";

enum { COUNT_DEFAULT = 20, COUNT_MAX = 10000, WORDS_MAX = 16 << 10 };

struct question {
	const char *expression, *zone_name, *seed;
	int64_t count, from_ms;
	struct cron cron;
	struct tz *zone;
};

static int read_count(int64_t *out, const char *text)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	bool ok = json_int_token(v, out) && *out >= 1 && *out <= COUNT_MAX;
	cJSON_Delete(v);
	return ok ? 0
		  : usage_error("cron", "-n %s: expected a number from 1 to %d", text, COUNT_MAX);
}

static int read_time(int64_t *out, const char *text)
{
	if (iso8601_parse(out, bytes_str(text)) == 0)
		return 0;
	return usage_error("cron", "--from %s: expected a time such as 2026-11-21T00:00:00Z", text);
}

/* @return 0; EXIT_USAGE after a message; -1: help was asked for */
static int read_options(struct question *q, int argc, char **argv)
{
	static const struct option options[] = {
		{ "tz", required_argument, NULL, 'z' },
		{ "from", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = 0;
	while (status == 0 && (c = getopt_long(argc, argv, "n:h", options, NULL)) != -1) {
		if (c == 'z')
			q->zone_name = optarg;
		else if (c == 's')
			q->seed = optarg;
		else if (c == 'f')
			status = read_time(&q->from_ms, optarg);
		else if (c == 'n')
			status = read_count(&q->count, optarg);
		else
			return c == 'h' ? -1 : EXIT_USAGE;
	}
	return status;
}

static void print_instant(const struct question *q, int64_t at_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	struct tz_time t;
	char utc[ISO8601_SIZE];
	tz_local(q->zone, at_ms / 1000, &t);
	iso8601_format(utc, at_ms);
	int offset = t.offset_s < 0 ? -t.offset_s : t.offset_s;
	printf("%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", (int)t.year, t.month, t.day, t.hour,
	       t.minute, t.second, t.offset_s < 0 ? '-' : '+', offset / 3600, offset / 60 % 60);
	printf("  %s  %.19sZ\n", days[t.weekday], utc);
}

static void print_next(const struct question *q)
{
	int64_t at = q->from_ms;
	for (int64_t i = 0; i < q->count; i++) {
		at = cron_next(&q->cron, at);
		if (at == INT64_MAX)
			return;
		print_instant(q, at);
	}
}

static int explain(const struct question *q)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	cron_explain(&q->cron, &words);
	int rc = words.err;
	if (rc == 0)
		printf("%s\n", buf_cstr(&words));
	if (rc == 0 && tz_next_change(q->zone, q->from_ms / 1000) != INT64_MAX)
		printf("in %s: %s\n", q->zone_name, cron_clock_rule(&q->cron));
	buf_clear(&words);
	return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int answer(struct question *q, bool in_words)
{
	struct err err = { 0 };
	if (tz_open(&q->zone, q->zone_name, &err) < 0)
		return usage_error("cron", "--tz: %s", err.message);
	if (cron_parse(&q->cron, q->expression, q->zone, q->seed, &err) < 0)
		return usage_error("cron", "%s%s", err.message,
				   strcmp(err.name, CRON_NO_SEED) == 0 ? ": give it with --seed"
								       : "");
	if (in_words)
		return explain(q);
	print_next(q);
	return EXIT_DONE;
}

int cmd_cron(int argc, char **argv)
{
	struct question q = { .zone_name = "UTC",
			      .count = COUNT_DEFAULT,
			      .from_ms = clock_wall_ms() };
	int status = read_options(&q, argc, argv);
	if (status < 0)
		return print_help(help);
	if (status > 0)
		return status;
	argc -= optind;
	argv += optind;
	bool in_words = argc > 0 && strcmp(argv[0], "explain") == 0;
	if (argc == 0 || (!in_words && strcmp(argv[0], "next") != 0))
		return usage_error("cron", "expected 'next' or 'explain' and an EXPRESSION");
	if (argc != 2)
		return usage_error(
		    "cron", "%s: expected one EXPRESSION; put it in quotes, '0 2 * * *'", argv[0]);
	q.expression = argv[1];
	status = answer(&q, in_words);
	tz_free(q.zone);
	return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
