/* api_map_run.c - Map Runs: describe, list, update. */
#include <stdlib.h>

#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/redrive.h"

static int find_run(const struct api_call *c, struct map_run **out, struct err *err)
{
	const char *arn = json_get_str(c->args, "mapRunArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "mapRun", NULL, err);
	if (rc)
		return rc;
	*out = table_find(&c->e->map_runs, arn);
	return *out && (*out)->start_ms
		   ? 0
		   : fault(err, "ResourceNotFound", "Resource not found: '%s'", arn);
}

/* ---- the counters ---- */

/* Unsuccessful children that can never be redriven. */
static void count_lost(const struct map_run *run, int64_t now_ms, int64_t *children, int64_t *items)
{
	const int64_t *n = run->executions;
	*children = *items = 0;
	if (n[EXECUTION_FAILED] + n[EXECUTION_TIMED_OUT] + n[EXECUTION_ABORTED] == 0)
		return;
	for (size_t i = 0; i < run->next_item; i++) {
		const struct execution *x = run->items[i].child;
		if (!x ||
		    (x->status.now != EXECUTION_FAILED && x->status.now != EXECUTION_TIMED_OUT &&
		     x->status.now != EXECUTION_ABORTED))
			continue;
		if (redrive_refusal(x, now_ms)) {
			++*children;
			*items += run->items[i].count;
		}
	}
}

static void write_counts(struct jsonw *w, const char *name, const int64_t n[EXECUTION_STATUSES],
			 const struct map_run *run, int64_t total, int64_t lost)
{
	int64_t started = 0;
	for (int s = 0; s < EXECUTION_STATUSES; s++)
		started += n[s];
	jsonw_open(w, name, '{');
	jsonw_int(w, "aborted", n[EXECUTION_ABORTED]);
	jsonw_int(w, "failed", n[EXECUTION_FAILED]);
	jsonw_int(w, "failuresNotRedrivable", lost);
	jsonw_int(w, "pending", total - started);
	jsonw_int(w, "pendingRedrive", n[EXECUTION_PENDING_REDRIVE]);
	jsonw_int(w, "resultsWritten", run->exported ? total : 0);
	jsonw_int(w, "running", n[EXECUTION_RUNNING]);
	jsonw_int(w, "succeeded", n[EXECUTION_SUCCEEDED]);
	jsonw_int(w, "timedOut", n[EXECUTION_TIMED_OUT]);
	jsonw_int(w, "total", total);
	jsonw_close(w, '}');
}

static int describe_run(const struct api_call *c, struct err *err)
{
	struct map_run *run;
	int64_t lost_children, lost_items;
	int rc = find_run(c, &run, err);
	if (rc)
		return rc;
	const struct map_settings *s = &run->settings;
	api_tells(c, &run->record);
	count_lost(run, c->e->now, &lost_children, &lost_items);
	jsonw_str(c->w, "executionArn", run->parent->arn);
	write_counts(c->w, "executionCounts", run->executions, run, (int64_t)run->n_items,
		     lost_children);
	write_counts(c->w, "itemCounts", run->item_counts, run, run->total_items, lost_items);
	jsonw_str(c->w, "mapRunArn", run->arn);
	/* Recorded: without a declared MaxConcurrency it is the largest integer. */
	jsonw_int(c->w, "maxConcurrency", s->max_concurrency > 0 ? s->max_concurrency : INT32_MAX);
	jsonw_int(c->w, "redriveCount", run->redrives);
	if (run->redrive_ms)
		jsonw_date(c->w, "redriveDate", run->redrive_ms);
	jsonw_date(c->w, "startDate", run->start_ms);
	jsonw_str(c->w, "status", sm_name(&run->status));
	if (run->stop_ms)
		jsonw_date(c->w, "stopDate", run->stop_ms);
	jsonw_int(c->w, "toleratedFailureCount", s->tolerated_count > 0 ? s->tolerated_count : 0);
	jsonw_double(c->w, "toleratedFailurePercentage",
		     s->tolerated_percentage > 0 ? s->tolerated_percentage : 0);
	return 0;
}

/* ---- list and update ---- */

static bool write_row(const struct api_call *c, const void *rows, size_t i)
{
	const struct execution *x = rows;
	const struct map_run *run = x->map_runs[i];
	if (!run->start_ms)
		return false; /* not yet (recorded: the list is empty until then) */
	api_tells(c, &run->record);
	char *arn = mem_printf("%s/%s", x->machine->arn, run->state->label);
	jsonw_open(c->w, NULL, '{');
	jsonw_str(c->w, "executionArn", x->arn);
	jsonw_str(c->w, "mapRunArn", run->arn);
	jsonw_date(c->w, "startDate", run->start_ms);
	jsonw_str(c->w, "stateMachineArn", arn);
	if (run->stop_ms)
		jsonw_date(c->w, "stopDate", run->stop_ms);
	jsonw_close(c->w, '}');
	free(arn);
	return true;
}

static int list_runs(const struct api_call *c, struct err *err)
{
	struct execution *x;
	int rc = api_find_standard(c, json_get_str(c->args, "executionArn"), &x, err);
	if (rc)
		return rc;
	api_tells(c, &x->record);
	char *about = mem_printf("ListMapRuns %s", x->arn);
	const struct page_list list = {
		.about = about, .member = "mapRuns", .rows = x, .n = x->n_map_runs, .row = write_row
	};
	rc = page_newest_first(c, &list, err);
	free(about);
	return rc;
}

static int update_run(const struct api_call *c, struct err *err)
{
	struct map_run *run;
	const cJSON *percentage = json_get(c->args, "toleratedFailurePercentage");
	const cJSON *count = json_get(c->args, "toleratedFailureCount");
	const cJSON *most = json_get(c->args, "maxConcurrency");
	int rc = find_run(c, &run, err);
	if (rc)
		return rc;
	if (!percentage && !count && !most)
		return api_refuse(c, err, "MISSING_REQUIRED_PARAMETER",
				  "At least one of maxConcurrency, toleratedFailurePercentage and "
				  "toleratedFailureCount must be specified");
	if (run->status.now != MAP_RUN_RUNNING)
		return api_refuse(c, err, "CANNOT_UPDATE_COMPLETED_MAP_RUN",
				  "The Map Run has completed and cannot be updated");
	struct map_settings *s = &run->settings;
	s->max_concurrency = json_get_int(c->args, "maxConcurrency", s->max_concurrency);
	s->tolerated_count = json_get_int(c->args, "toleratedFailureCount", s->tolerated_count);
	if (percentage)
		s->tolerated_percentage = percentage->valuedouble;
	record_touch(c->e, &run->record);
	map_run_judge(run);
	return 0;
}

static const struct arg run_args[] = {
	{ .name = "mapRunArn", .type = ARG_STRING, .required = true, .min = 1, .max = 2000 },
	{ 0 },
};

static const struct arg list_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 1024 },
	{ 0 },
};

static const struct arg update_args[] = {
	{ .name = "mapRunArn", .type = ARG_STRING, .required = true, .min = 1, .max = 2000 },
	{ .name = "maxConcurrency", .type = ARG_INTEGER },
	{ .name = "toleratedFailurePercentage", .type = ARG_NUMBER, .max = 100 },
	{ .name = "toleratedFailureCount", .type = ARG_INTEGER },
	{ 0 },
};

const struct api_row api_map_run_rows[] = {
	{ "DescribeMapRun", run_args, describe_run },
	{ "ListMapRuns", list_args, list_runs },
	{ "UpdateMapRun", update_args, update_run },
	{ 0 },
};
