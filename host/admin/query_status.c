/* query_status.c - what the store knows that matters to who looks after a host. */
#include "admin/query.h"

#include "base/clock.h"
#include "store/counts.h"
#include "store/firings.h"

struct schedules_seen {
	int64_t n, paused, missed;
	int64_t next_ms; /* 0: none */
};

static int see_schedule(void *arg, const struct schedule_row *row)
{
	struct schedules_seen *seen = arg;
	if (row->cron[0] == '\0') /* not configured any more */
		return 0;
	seen->n++;
	seen->paused += row->paused_ms != 0;
	seen->missed += row->missed;
	bool sooner = seen->next_ms == 0 || row->next_ms < seen->next_ms;
	if (row->next_ms && !row->paused_ms && sooner)
		seen->next_ms = row->next_ms;
	return 0;
}

static void add_runs(cJSON *o, const struct store_counts *n)
{
	cJSON *runs = cJSON_AddObjectToObject(o, "runs");
	json_set_int(runs, "queued", (int64_t)n->queued);
	json_set_int(runs, "running", (int64_t)n->running);
	json_set_int(runs, "waiting", (int64_t)n->waiting);
	json_set_int(runs, "parked", (int64_t)n->parked);
	json_set_int(o, "unsettledCalls", (int64_t)n->unsettled);
}

static void add_schedules(cJSON *o, const struct schedules_seen *seen)
{
	char next[ISO8601_SIZE];
	cJSON *schedules = cJSON_AddObjectToObject(o, "schedules");
	json_set_int(schedules, "count", seen->n);
	json_set_int(schedules, "paused", seen->paused);
	json_set_int(schedules, "missed", seen->missed);
	iso8601_format(next, seen->next_ms);
	if (seen->next_ms)
		(void)cJSON_AddStringToObject(schedules, "next", next);
}

int query_status(const struct query *q, cJSON **out, struct err *err)
{
	struct store_counts counts = { 0 };
	struct schedules_seen seen = { 0 };
	cJSON *o = cJSON_CreateObject();
	int rc = o ? store_count(q->reader, &counts, err)
		   : err_set(err, ERR_NOMEM, "no memory for the status");
	if (rc == 0)
		rc = store_schedules(q->reader, see_schedule, &seen, err);
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	add_runs(o, &counts);
	add_schedules(o, &seen);
	*out = o;
	return 0;
}
