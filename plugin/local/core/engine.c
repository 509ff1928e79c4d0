/* engine.c - the engine's own life, and its step. */
#include "local/core/engine.h"

#include <stdlib.h>

#include "base/random.h"
#include "local/core/activity.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/restore.h"
#include "local/core/task.h"

/* The most transitions of one engine_step: some five milliseconds. */
enum { STEP_BUDGET = 500 };

int engine_new(struct engine **out, const struct engine_config *config,
	       const struct engine_world *world, struct err *err)
{
	(void)err;
	struct engine *e = mem_zero(sizeof(*e));
	e->account = mem_str(config->account);
	e->region = mem_str(config->region);
	e->max_open_executions =
	    config->max_open_executions ? config->max_open_executions : 1000000;
	e->max_data_bytes = config->max_data_bytes ? config->max_data_bytes : 262144;
	e->world = *world;
	e->next_order = 1;
	*out = e;
	return 0;
}

void engine_free(struct engine *e)
{
	void *p;
	size_t pos;
	if (!e)
		return;
	e->world.task_stop = NULL;
	frames_free_dead(e);
	/* Removing shifts a later entry into the slot: look at the same one again. */
	for (pos = 0; (p = table_next(&e->executions, &pos)) != NULL; pos--)
		execution_free(p);
	for (pos = 0; (p = table_next(&e->map_runs, &pos)) != NULL; pos--)
		map_run_free(p);
	for (pos = 0; (p = table_next(&e->machines, &pos)) != NULL; pos--)
		machine_free(p);
	for (pos = 0; (p = table_next(&e->activities, &pos)) != NULL; pos--)
		activity_free(p);
	records_clear(e);
	restore_free(e->restore);
	table_clear(&e->executions);
	table_clear(&e->map_runs);
	table_clear(&e->machines);
	table_clear(&e->tasks);
	table_clear(&e->tokens);
	table_clear(&e->nested);
	table_clear(&e->objects);
	table_clear(&e->activities);
	alarms_clear(&e->alarms);
	free(e->account);
	free(e->region);
	free(e);
}

uint64_t engine_order(struct engine *e)
{
	e->order_changed = true;
	return e->next_order++;
}

void engine_uuid(struct engine *e, char *out, int version)
{
	uint8_t bytes[16];
	e->world.random(e->world.arg, bytes, sizeof(bytes));
	uuid_format(out, bytes, version);
}

void engine_task_done(struct engine *e, int64_t now_ms, uint64_t id, struct bytes output,
		      const char *error, const char *cause)
{
	struct frame *f = table_get(&e->tasks, (struct bytes){ (const char *)&id, sizeof(id) });
	e->now = now_ms > e->now ? now_ms : e->now;
	if (!f)
		return;
	record_touch(e, &f->x->record);
	if (error)
		task_failed(f, error, cause);
	else
		task_done(f, output);
	frames_free_dead(e);
}

/* The next alarm that is due, or NULL. */
static struct alarm *due(const struct engine *e, int64_t now_ms)
{
	struct alarm *a = alarms_first(&e->alarms);
	return a && a->at <= now_ms ? a : NULL;
}

/*
 * Time runs through the alarms: each goes off at its own millisecond, and what it makes ready runs
 * then. So a clock that jumps a year ahead leaves the same histories as one that ticked.
 */
int64_t engine_step(struct engine *e, int64_t now_ms)
{
	int budget = STEP_BUDGET;
	struct alarm *a;
	if (!due(e, now_ms) && now_ms > e->now)
		e->now = now_ms;
	frames_run(e, &budget);
	while (budget > 0 && (a = due(e, now_ms)) != NULL) {
		if (a->at > e->now)
			e->now = a->at;
		alarm_off(&e->alarms, a);
		budget--;
		a->ring(e, a);
		frames_run(e, &budget);
		frames_free_dead(e);
	}
	if (e->ready_first || due(e, now_ms))
		return now_ms;
	if (now_ms > e->now)
		e->now = now_ms;
	a = alarms_first(&e->alarms);
	return a ? a->at : INT64_MAX;
}
