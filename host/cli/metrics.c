#include "cli/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/meters.h"
#include "base/clock.h"
#include "cli/host.h"
#include "commit/commit.h"
#include "script/hold.h"
#include "script/observer.h"
#include "script/registry.h"

enum { BEAT_US = 1000 * 1000 };

enum meter {
	BUILD,
	RUNS_STARTED,
	RUNS_ENDED,
	RUNS_ALIVE,
	RUNS_ASLEEP,
	STEPS,
	CALLS,
	CALL_SECONDS,
	RETRIES,
	THROTTLES,
	REFUSALS,
	WAITING,
	WAITS,
	REDRIVES,
	AUDIT_RECORDS,
	AUDIT_CHECKPOINTS,
	AUDIT_LAG,
	AUDIT_FAILED,
	AUDIT_DISK,
	HELD,
	FIRINGS,
	FIRING_LAG,
	MISSED,
	DELIVERIES,
	REJECTIONS,
	RELOADS,
	RELOADED,
	LOOP_LAG,
	MEMORY,
	DESCRIPTORS,
	CPU,
	STARTED,
	METERS
};

#define SHORT_TIMES \
	{ \
		0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30 \
	}
#define LONG_TIMES \
	{ \
		0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60 \
	}
#define WAIT_TIMES \
	{ \
		0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600 \
	}
#define LATE_TIMES \
	{ \
		0.1, 0.5, 1, 5, 15, 60, 300, 3600, 86400 \
	}

/* Names are an interface: dashboards and alerts are made of them. */
static const struct meter_family families[METERS] = {
	[BUILD] = { .name = "runbook_build_info",
		    .help = "The version that runs; always 1.",
		    .kind = METER_GAUGE,
		    .labels = { "version" } },
	[RUNS_STARTED] = { .name = "runbook_runs_started",
			   .help = "Runs begun, new attempts included.",
			   .kind = METER_COUNTER },
	[RUNS_ENDED] = { .name = "runbook_runs_ended",
			 .help = "Runs that ended, by how; unknown and parked need a person.",
			 .kind = METER_COUNTER,
			 .labels = { "outcome" } },
	[RUNS_ALIVE] = { .name = "runbook_runs_alive",
			 .help = "Runs that go on or wait.",
			 .kind = METER_GAUGE },
	[RUNS_ASLEEP] = { .name = "runbook_runs_asleep",
			  .help = "Of these, how many wait out of memory.",
			  .kind = METER_GAUGE },
	[STEPS] = { .name = "runbook_steps",
		    .help = "Steps of runs that ended, by kind.",
		    .kind = METER_COUNTER,
		    .labels = { "kind" } },
	[CALLS] = { .name = "runbook_calls",
		    .help = "Calls of operations that ended, by outcome.",
		    .kind = METER_COUNTER,
		    .labels = { "operation", "outcome" } },
	[CALL_SECONDS] = { .name = "runbook_call_duration_seconds",
			   .unit = "seconds",
			   .help = "Time of a call that was sent, all its attempts included.",
			   .kind = METER_HISTOGRAM,
			   .labels = { "operation" },
			   .buckets = LONG_TIMES },
	[RETRIES] = { .name = "runbook_call_retries",
		      .help = "Attempts of calls after their first.",
		      .kind = METER_COUNTER,
		      .labels = { "operation" } },
	[THROTTLES] = { .name = "runbook_calls_throttled",
			.help = "Calls that ended because the service wants fewer of them.",
			.kind = METER_COUNTER,
			.labels = { "operation" } },
	[REFUSALS] = { .name = "runbook_requests_throttled",
		       .help = "Requests that were refused for coming too fast, repeated ones too.",
		       .kind = METER_COUNTER,
		       .labels = { "operation" } },
	[WAITING] = { .name = "runbook_calls_waiting",
		      .help = "Calls that wait for their turn at the token bucket of the service.",
		      .kind = METER_GAUGE,
		      .labels = { "operation" } },
	[WAITS] = { .name = "runbook_call_wait_seconds",
		    .unit = "seconds",
		    .help = "Time until a call had its turn at the token bucket of the service.",
		    .kind = METER_HISTOGRAM,
		    .labels = { "operation" },
		    .buckets = WAIT_TIMES },
	[REDRIVES] = { .name = "runbook_redrives",
		       .help = "Redrives of executions, by outcome.",
		       .kind = METER_COUNTER,
		       .labels = { "outcome" } },
	[AUDIT_RECORDS] = { .name = "runbook_audit_records",
			    .help = "Records handed to the audit log.",
			    .kind = METER_COUNTER },
	[AUDIT_CHECKPOINTS] = { .name = "runbook_audit_checkpoints",
				.help = "Checkpoints of the audit log that were signed.",
				.kind = METER_COUNTER },
	[AUDIT_LAG] = { .name = "runbook_audit_lag_seconds",
			.unit = "seconds",
			.help = "For how long records have been waiting for the disk.",
			.kind = METER_GAUGE },
	[AUDIT_FAILED] = { .name = "runbook_audit_failed",
			   .help = "1: the audit log cannot be written, and changes are refused.",
			   .kind = METER_GAUGE },
	[AUDIT_DISK] = { .name = "runbook_audit_disk_used_ratio",
			 .unit = "ratio",
			 .help = "How full the disk of the audit log was at the last checkpoint.",
			 .kind = METER_GAUGE },
	[HELD] = { .name = "runbook_held",
		   .help = "1: every change is held ('runbook hold').",
		   .kind = METER_GAUGE },
	[FIRINGS] = { .name = "runbook_schedule_firings",
		      .help = "Instants of schedules, by what became of them.",
		      .kind = METER_COUNTER,
		      .labels = { "schedule", "state" } },
	[FIRING_LAG] = { .name = "runbook_schedule_lag_seconds",
			 .unit = "seconds",
			 .help = "Time from an instant of a schedule to the start of its run.",
			 .kind = METER_HISTOGRAM,
			 .labels = { "schedule" },
			 .buckets = LATE_TIMES },
	[MISSED] = { .name = "runbook_schedule_missed",
		     .help = "Instants that passed while nobody looked.",
		     .kind = METER_COUNTER,
		     .labels = { "schedule" } },
	[DELIVERIES] = { .name = "runbook_webhook_deliveries",
			 .help = "Deliveries to hooks.",
			 .kind = METER_COUNTER,
			 .labels = { "hook", "outcome" } },
	[REJECTIONS] = { .name = "runbook_webhook_rejections",
			 .help = "Deliveries that were refused, by why.",
			 .kind = METER_COUNTER,
			 .labels = { "hook", "reason" } },
	[RELOADS] = { .name = "runbook_config_reloads",
		      .help = "Times that the configuration was to be read anew, by outcome.",
		      .kind = METER_COUNTER,
		      .labels = { "outcome" } },
	[RELOADED] = { .name = "runbook_config_last_reload_seconds",
		       .unit = "seconds",
		       .help = "When the configuration in force was read.",
		       .kind = METER_GAUGE },
	[LOOP_LAG] = { .name = "runbook_loop_lag_seconds",
		       .unit = "seconds",
		       .help = "By how much a timer of the event loop was late.",
		       .kind = METER_HISTOGRAM,
		       .buckets = SHORT_TIMES },
	[MEMORY] = { .name = "process_resident_memory_bytes",
		     .unit = "bytes",
		     .help = "Memory of the process.",
		     .kind = METER_GAUGE },
	[DESCRIPTORS] = { .name = "process_open_fds",
			  .help = "Open file descriptors.",
			  .kind = METER_GAUGE },
	[CPU] = { .name = "process_cpu_seconds",
		  .unit = "seconds",
		  .help = "Computing time of the process.",
		  .kind = METER_COUNTER },
	[STARTED] = { .name = "process_start_time_seconds",
		      .unit = "seconds",
		      .help = "When the process began.",
		      .kind = METER_GAUGE },
};

struct metrics {
	const struct host *host;
	struct meters *meters;
	struct run_observer observer;
	DIR *
	    descriptors; /* /proc/self/fd, which cannot be opened any more once there are no cores */
	struct timer *beat;
	int64_t beat_us; /* when it is due */
};

/* ---- runs ---- */

static void on_run_begun(void *arg)
{
	const struct metrics *m = arg;
	meters_add(m->meters, RUNS_STARTED, 1, NULL, NULL);
}

static void on_run_ended(void *arg, const char *outcome)
{
	const struct metrics *m = arg;
	meters_add(m->meters, RUNS_ENDED, 1, outcome, NULL);
}

static bool is_throttled(const char *code)
{
	static const char *const codes[] = { "Throttling",           "ThrottlingException",
					     "ThrottledException",   "TooManyRequestsException",
					     "RequestLimitExceeded", "SlowDown",
					     "RequestThrottled",     "RequestThrottledException" };
	for (size_t i = 0; code && i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i], code) == 0)
			return true;
	}
	return false;
}

static void on_call_ended(void *arg, const struct call_seen *c)
{
	const struct metrics *m = arg;
	const char *name = strchr(c->operation, '.');
	meters_add(m->meters, CALLS, 1, c->operation, c->outcome);
	if (c->latency_us > 0)
		meters_observe(m->meters, CALL_SECONDS, (double)c->latency_us / 1e6, c->operation,
			       NULL);
	if (c->attempts > 1)
		meters_add(m->meters, RETRIES, c->attempts - 1, c->operation, NULL);
	if (is_throttled(c->code))
		meters_add(m->meters, THROTTLES, 1, c->operation, NULL);
	if (name && strcmp(name, ".redrive_execution") == 0)
		meters_add(m->meters, REDRIVES, 1, c->outcome, NULL);
}

static void on_step_ended(void *arg, const char *kind)
{
	const struct metrics *m = arg;
	meters_add(m->meters, STEPS, 1, kind, NULL);
}

static void on_call_waited(void *arg, const char *operation, int64_t ms)
{
	const struct metrics *m = arg;
	meters_observe(m->meters, WAITS, (double)ms / 1000, operation, NULL);
}

static void on_call_throttled(void *arg, const char *operation)
{
	const struct metrics *m = arg;
	meters_add(m->meters, REFUSALS, 1, operation, NULL);
}

const struct run_observer *metrics_observer(const struct metrics *m)
{
	return m ? &m->observer : NULL;
}

/* ---- triggers ---- */

void metrics_firing(struct metrics *m, const char *schedule, const char *state, int64_t late_ms)
{
	if (!m)
		return;
	meters_add(m->meters, FIRINGS, 1, schedule, state);
	if (late_ms >= 0)
		meters_observe(m->meters, FIRING_LAG, (double)late_ms / 1000, schedule, NULL);
}

void metrics_missed(struct metrics *m, const char *schedule, int64_t n)
{
	if (m)
		meters_add(m->meters, MISSED, (double)n, schedule, NULL);
}

void metrics_delivery(struct metrics *m, const char *hook, const char *outcome, const char *why)
{
	if (!m)
		return;
	meters_add(m->meters, DELIVERIES, 1, hook, outcome);
	if (why)
		meters_add(m->meters, REJECTIONS, 1, hook, why);
}

void metrics_reload(struct metrics *m, const char *outcome)
{
	if (!m)
		return;
	meters_add(m->meters, RELOADS, 1, outcome, NULL);
	if (strcmp(outcome, "done") == 0)
		meters_set(m->meters, RELOADED, (double)clock_wall_ms() / 1000, NULL, NULL);
}

/* ---- what is looked at ---- */

static void set(const struct metrics *m, enum meter meter, double value)
{
	meters_set(m->meters, meter, value, NULL, NULL);
}

static void look_at_audit(const struct metrics *m)
{
	struct commit_stats stats;
	if (!m->host->committer)
		return;
	commit_stats(m->host->committer, &stats);
	set(m, AUDIT_RECORDS, (double)stats.records);
	set(m, AUDIT_CHECKPOINTS, (double)stats.checkpoints);
	set(m, AUDIT_LAG, (double)stats.lag_us / 1e6);
	set(m, AUDIT_FAILED, commit_failed(m->host->committer, NULL));
	set(m, AUDIT_DISK, stats.disk_percent / 100.0);
}

/* The second number of the file: pages. */
static double resident_bytes(void)
{
	char text[128] = "";
	double pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	const char *at = fgets(text, sizeof(text), file) ? strchr(text, ' ') : NULL;
	(void)fclose(file);
	for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
		pages = pages * 10 + (*at - '0');
	return pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(const struct metrics *m)
{
	double n = 0;
	const struct dirent *e;
	if (!m->descriptors)
		return 0;
	rewinddir(m->descriptors);
	while ((e = readdir(m->descriptors)))
		n += e->d_name[0] != '.';
	return n > 0 ? n - 1 : 0; /* the folder's own */
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void look_at_process(const struct metrics *m)
{
	struct rusage usage = { 0 };
	(void)getrusage(RUSAGE_SELF, &usage);
	set(m, CPU, seconds(usage.ru_utime) + seconds(usage.ru_stime));
	set(m, MEMORY, resident_bytes());
	set(m, DESCRIPTORS, open_descriptors(m));
}

/* Of one operation: its name, then a blank or nothing, begins the name of a bucket. */
struct waiting {
	const char *operation;
	double calls;
};

static void add_waiting(void *arg, const char *bucket, size_t waiting, int64_t oldest_ms)
{
	struct waiting *w = arg;
	size_t n = strlen(w->operation);
	(void)oldest_ms;
	if (strncmp(bucket, w->operation, n) == 0 && strchr(" ", bucket[n]))
		w->calls += (double)waiting;
}

/* Of each operation that has a bucket, also while nothing waits. */
static void look_at_waiting(const struct metrics *m)
{
	const struct registry *all = m->host->registry;
	for (size_t i = 0; i < registry_n_operations(all); i++) {
		const struct registered_op *op = registry_operation(all, i);
		struct waiting w = { .operation = op->full_name };
		runs_each_bucket(m->host->runs, add_waiting, &w);
		if (op->op->bucket || w.calls > 0)
			meters_set(m->meters, WAITING, w.calls, w.operation, NULL);
	}
}

void metrics_write(struct metrics *m, struct buf *out, bool openmetrics)
{
	if (m->host->runs) {
		set(m, RUNS_ALIVE, (double)runs_alive(m->host->runs));
		set(m, RUNS_ASLEEP, (double)runs_asleep(m->host->runs));
		look_at_waiting(m);
	}
	set(m, HELD, hold_is_set(m->host->config->state_dir));
	look_at_audit(m);
	look_at_process(m);
	meters_write(m->meters, out, openmetrics);
}

/* ---- life ---- */

static void beat(struct metrics *m);

static void on_beat(void *arg)
{
	struct metrics *m = arg;
	int64_t late = clock_mono_us() - m->beat_us;
	m->beat = NULL;
	meters_observe(m->meters, LOOP_LAG, late > 0 ? (double)late / 1e6 : 0, NULL, NULL);
	beat(m);
}

static void beat(struct metrics *m)
{
	m->beat_us = clock_mono_us() + BEAT_US;
	m->beat = timer_start(m->host->loop, BEAT_US / 1000, on_beat, m);
}

int metrics_new(struct metrics **out, const struct host *h, struct err *err)
{
	struct metrics *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ERR_NOMEM, "no memory for metrics");
	m->host = h;
	m->descriptors = opendir("/proc/self/fd");
	m->observer = (struct run_observer){ .run_begun = on_run_begun,
					     .run_ended = on_run_ended,
					     .call_ended = on_call_ended,
					     .step_ended = on_step_ended,
					     .call_waited = on_call_waited,
					     .call_throttled = on_call_throttled,
					     .arg = m };
	int rc = meters_new(&m->meters, families, METERS, err);
	if (rc < 0) {
		metrics_free(m);
		return rc;
	}
	meters_set(m->meters, BUILD, 1, RUNBOOK_VERSION, NULL);
	set(m, STARTED, (double)clock_wall_ms() / 1000);
	set(m, RELOADED, (double)clock_wall_ms() / 1000);
	beat(m);
	*out = m;
	return 0;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	timer_stop(m->beat);
	if (m->descriptors)
		(void)closedir(m->descriptors);
	meters_free(m->meters);
	free(m);
}
