#include "local/core/map_stop.h"

#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"

static void restore_waiting(struct map_run *run)
{
	for (size_t i = 0; i < run->next_item; i++) {
		struct execution *child = run->items[i].child;
		if (child && child->status.now == EXECUTION_PENDING_REDRIVE)
			execution_await_redrive(child, false);
	}
}

void map_stop_now(struct map_run *run)
{
	char *cause = mem_printf("The map run execution [%s] which was managing this resource was "
				 "aborted",
				 run->arn);
	alarm_off(&run->e->alarms, &run->stop);
	record_touch(run->e, &run->record);
	restore_waiting(run); /* first: the last abortion below may finish the run */
	for (size_t i = 0; i < run->next_item; i++) {
		struct execution *child = run->items[i].child;
		if (child && execution_is_open(child) && !child->express)
			execution_abort(child, NULL, cause);
	}
	free(cause);
}

static void close_failed(struct map_run *run, const char *error, const char *cause)
{
	free(run->error);
	free(run->cause);
	run->error = mem_str(error);
	run->cause = mem_str(cause);
	run->closing = MAP_RUN_FAILED;
	record_touch(run->e, &run->record);
}

void map_stop_fail(struct map_run *run, const char *error, const char *cause)
{
	close_failed(run, error, cause);
	map_stop_now(run);
}

/* ---- the threshold ---- */

/* Failed and timed-out items count; a threshold that is given must be exceeded, without any the
 * first failure is one too many. */
static bool too_many_failures(const struct map_run *run)
{
	const struct map_settings *s = &run->settings;
	int64_t bad = run->item_counts[EXECUTION_FAILED] + run->item_counts[EXECUTION_TIMED_OUT];
	if (s->tolerated_count < 0 && s->tolerated_percentage < 0)
		return bad > 0;
	if (s->tolerated_count >= 0 && bad > s->tolerated_count)
		return true;
	return s->tolerated_percentage >= 0 &&
	       (double)bad * 100 > s->tolerated_percentage * (double)run->total_items;
}

static void on_stop(struct engine *e, struct alarm *a)
{
	struct map_run *run = CONTAINER_OF(a, struct map_run, stop);
	(void)e;
	map_stop_now(run);
	map_run_settle(run);
}

void map_stop_restore(struct map_run *run, int64_t at_ms, uint64_t order)
{
	alarm_set(&run->e->alarms, &run->stop, at_ms, order, on_stop);
}

bool map_stop_exceeded(struct map_run *run)
{
	struct engine *e = run->e;
	if (run->status.now != MAP_RUN_RUNNING || run->closing || !too_many_failures(run))
		return false;
	close_failed(run, "States.ExceedToleratedFailureThreshold",
		     "The specified tolerated failure threshold was exceeded");
	map_stop_restore(run, e->now + MAP_STOP_MS, engine_order(e));
	return true;
}
