/* Numbers for monitoring: both formats, labels from outside, buckets, the bound on series. */
#include "tap.h"

#include <string.h>

#include "admin/meters.h"

enum { RUNS, LAG, MEMORY, CALLS, N };

static const struct meter_family families[N] = {
	[RUNS] = { .name = "x_runs",
		   .help = "Runs.",
		   .kind = METER_COUNTER,
		   .labels = { "outcome" } },
	[LAG] = { .name = "x_lag_seconds",
		  .unit = "seconds",
		  .help = "Lag.",
		  .kind = METER_HISTOGRAM,
		  .buckets = { 0.1, 1, 2.5 } },
	[MEMORY] = { .name = "x_memory_bytes",
		     .unit = "bytes",
		     .help = "Memory.",
		     .kind = METER_GAUGE },
	[CALLS] = { .name = "x_calls",
		    .help = "Calls.",
		    .kind = METER_COUNTER,
		    .labels = { "operation", "outcome" } },
};

static struct meters *made(void)
{
	struct meters *m = NULL;
	struct err err;
	CHECK(meters_new(&m, families, N, &err) == 0);
	return m;
}

static void check_text(const struct meters *m, bool openmetrics, const char *want)
{
	struct buf text = BUF_INIT(1 << 20);
	meters_write(m, &text, openmetrics);
	CHECK_STR(buf_cstr(&text), want);
	buf_clear(&text);
}

TEST(formats)
{
	struct meters *m = made();
	meters_add(m, RUNS, 1, "done", NULL);
	meters_add(m, RUNS, 2, "done", NULL);
	meters_add(m, RUNS, 1, "failed", NULL);
	meters_set(m, MEMORY, 4096, NULL, NULL);
	meters_set(m, MEMORY, 123456789012.0, NULL, NULL);
	meters_observe(m, LAG, 0.1, NULL, NULL); /* a bound belongs to its bucket */
	meters_observe(m, LAG, 0.2, NULL, NULL);
	meters_observe(m, LAG, 9, NULL, NULL);
	check_text(m, true,
		   "# TYPE x_runs counter\n# HELP x_runs Runs.\n"
		   "x_runs_total{outcome=\"done\"} 3\nx_runs_total{outcome=\"failed\"} 1\n"
		   "# TYPE x_lag_seconds histogram\n# UNIT x_lag_seconds seconds\n"
		   "# HELP x_lag_seconds Lag.\n"
		   "x_lag_seconds_bucket{le=\"0.1\"} 1\nx_lag_seconds_bucket{le=\"1.0\"} 2\n"
		   "x_lag_seconds_bucket{le=\"2.5\"} 2\nx_lag_seconds_bucket{le=\"+Inf\"} 3\n"
		   "x_lag_seconds_count 3\nx_lag_seconds_sum 9.3\n"
		   "# TYPE x_memory_bytes gauge\n# UNIT x_memory_bytes bytes\n"
		   "# HELP x_memory_bytes Memory.\nx_memory_bytes 123456789012\n"
		   "# TYPE x_calls counter\n# HELP x_calls Calls.\n# EOF\n");
	meters_free(m);
}

TEST(older_format)
{
	struct meters *m = made();
	struct buf text = BUF_INIT(1 << 20);
	meters_add(m, CALLS, 1, "a.b", "ok");
	meters_write(m, &text, false);
	const char *all = buf_cstr(&text);
	CHECK(strstr(all, "# TYPE x_calls_total counter\n# HELP x_calls_total Calls.\n"
			  "x_calls_total{operation=\"a.b\",outcome=\"ok\"} 1\n") != NULL);
	CHECK(!strstr(all, "# EOF") && !strstr(all, "# UNIT"));
	buf_clear(&text);
	meters_free(m);
}

TEST(labels_from_outside)
{
	struct meters *m = made();
	struct buf text = BUF_INIT(1 << 20);
	char long_text[5000];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	meters_add(m, RUNS, 1, "a\"b\\c\nd\x01\xff", NULL);
	meters_add(m, RUNS, 1, long_text, NULL);
	meters_add(m, RUNS, 1, NULL, NULL);
	meters_write(m, &text, true);
	CHECK(strstr(buf_cstr(&text), "x_runs_total{outcome=\"a\\\"b\\\\c?d??\"} 1\n") != NULL);
	CHECK(strstr(buf_cstr(&text), "x_runs_total{outcome=\"\"} 1\n") != NULL);
	CHECK(text.n < 1500);
	buf_clear(&text);
	meters_free(m);
}

TEST(series_are_bounded)
{
	struct meters *m = made();
	struct buf text = BUF_INIT(1 << 20);
	char name[32];
	for (int i = 0; i < METER_SERIES_MAX + 20; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		meters_add(m, RUNS, 1, name, NULL);
	}
	meters_add(m, RUNS, 1, "n0", NULL);
	meters_write(m, &text, true);
	CHECK(strstr(buf_cstr(&text), "x_runs_total{outcome=\"n0\"} 2\n") != NULL);
	CHECK(strstr(buf_cstr(&text), "x_runs_total{outcome=\"other\"} 20\n") != NULL);
	CHECK(strstr(buf_cstr(&text), "n505") == NULL);
	buf_clear(&text);
	meters_free(m);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(formats), TAP_CASE(older_format),
				 TAP_CASE(labels_from_outside), TAP_CASE(series_are_bounded)));
}
