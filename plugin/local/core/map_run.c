#include "local/core/map_run.h"

#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/item_reader.h"
#include "local/core/machine.h"
#include "local/core/map_items.h"
#include "local/core/map_stop.h"
#include "local/core/mem.h"
#include "local/core/objects.h"
#include "local/core/redrive.h"
#include "local/core/result_writer.h"
#include "local/core/role.h"
#include "local/core/state.h"

const struct sm_state map_run_states[] = {
	[MAP_RUN_RUNNING] = { "RUNNING", SM_TO(MAP_RUN_SUCCEEDED) | SM_TO(MAP_RUN_FAILED) |
					     SM_TO(MAP_RUN_ABORTED) },
	[MAP_RUN_SUCCEEDED] = { "SUCCEEDED", 0 },
	[MAP_RUN_FAILED] = { "FAILED", SM_TO(MAP_RUN_RUNNING) },
	[MAP_RUN_ABORTED] = { "ABORTED", SM_TO(MAP_RUN_RUNNING) },
};

static void set_items(struct map_run *run, struct map_item *items, size_t n)
{
	free(run->items);
	run->items = items;
	run->n_items = n;
	run->total_items = 0;
	run->items_saved = false;
	for (size_t i = 0; i < n; i++)
		run->total_items += items[i].count;
}

struct map_run *map_run_new(struct execution *parent, const struct state *state, const char *arn,
			    struct map_item *items, size_t n_items)
{
	struct map_run *run = mem_zero(sizeof(*run));
	run->e = parent->e;
	run->record.kind = RECORD_MAP_RUN;
	run->arn = mem_str(arn);
	run->parent = parent;
	run->state = state;
	run->status = (struct sm){ map_run_states, MAP_RUN_RUNNING };
	set_items(run, items, n_items);
	table_add(&run->e->map_runs, bytes_str(run->arn), run);
	parent->map_runs = mem_room(parent->map_runs, parent->n_map_runs, &parent->cap_map_runs,
				    sizeof(struct map_run *));
	run->nth = parent->n_map_runs ? parent->map_runs[parent->n_map_runs - 1]->nth + 1 : 0;
	parent->map_runs[parent->n_map_runs++] = run;
	return run;
}

/* Whatever it does with a bucket: no more. */
static void stop_object(struct map_run *run)
{
	object_forget(run);
	item_reader_free(run->reader);
	run->reader = NULL;
}

void map_run_free(struct map_run *run)
{
	(void)table_del(&run->e->map_runs, bytes_str(run->arn));
	record_drop(run->e, &run->record);
	for (size_t i = 0; i < run->n_items; i++)
		doc_unref(run->items[i].input);
	free(run->items);
	free(run->roll.rows);
	free(run->arn);
	stop_object(run);
	role_forget(run);
	alarm_off(&run->e->alarms, &run->more);
	alarm_off(&run->e->alarms, &run->stop);
	free(run->source);
	free(run->bucket);
	free(run->prefix);
	free(run->error);
	free(run->cause);
	free(run);
}

void map_run_discard(struct map_run *run)
{
	struct execution *x = run->parent;
	size_t i = 0;
	while (x->map_runs[i] != run)
		i++;
	x->n_map_runs--;
	for (; i < x->n_map_runs; i++)
		x->map_runs[i] = x->map_runs[i + 1];
	record_delete(run->e, "maprun", run->arn);
	record_delete(run->e, "items", run->arn);
	map_run_free(run);
}

void map_run_count(struct map_run *run, const struct execution *child, int from, int to)
{
	uint32_t count = run->items[child->item].count;
	if (from >= 0) {
		run->executions[from]--;
		run->item_counts[from] -= count;
	}
	run->executions[to]++;
	run->item_counts[to] += count;
}

/* ---- admission ---- */

/* Fail the run, if it has not failed yet, when its role may not do this. @return may it not? */
static bool refused(struct map_run *run, enum policy_verdict verdict, const char *op,
		    const char *resource)
{
	if (verdict == POLICY_ALLOWED)
		return false;
	if (run->closing)
		return true;
	char *cause = role_refusal(run, op, resource, verdict);
	map_stop_fail(run, "States.Runtime", cause);
	free(cause);
	return true;
}

static void start_child(struct map_run *run, size_t i)
{
	char name[40];
	struct map_item *item = &run->items[i];
	engine_uuid(run->e, name, 3);
	char *full = NULL;
	if (run->state->express) {
		char second[40];
		engine_uuid(run->e, second, 4);
		full = mem_printf("%s:%s", name, second);
	}
	const struct execution_spec spec = {
		.machine = run->parent->machine,
		.definition = run->parent->definition,
		.flow = run->state->flows[0],
		.map_run = run,
		.item = (uint32_t)i,
		.express = run->state->express,
		.name = full ? full : name,
		.input = item->input,
	};
	item->input = NULL;
	item->child = execution_start(run->e, &spec);
	free(full);
}

/* Start the next child, redriven ones first. false: there is none, or the run has failed. */
static bool admit_one(struct map_run *run)
{
	while (run->next_redrive < run->next_item) {
		struct execution *child = run->items[run->next_redrive++].child;
		if (child && child->status.now == EXECUTION_PENDING_REDRIVE) {
			execution_redrive(child);
			return true;
		}
	}
	if (run->next_item == run->n_items)
		return false;
	if (refused(run, role_may_start(run), "StartExecution", run->parent->machine->arn))
		return false;
	start_child(run, run->next_item++);
	return true;
}

static void on_more(struct engine *e, struct alarm *a)
{
	(void)e;
	map_run_settle(CONTAINER_OF(a, struct map_run, more));
}

static bool has_slot(const struct map_run *run)
{
	int64_t most = run->settings.max_concurrency;
	if (most <= 0 || most > MAP_RUN_CONCURRENCY)
		most = MAP_RUN_CONCURRENCY;
	return run->executions[EXECUTION_RUNNING] < most;
}

static void admit(struct map_run *run)
{
	for (int n = 0; has_slot(run); n++) {
		if (n == MAP_RUN_AT_ONCE) {
			struct engine *e = run->e;
			alarm_set(&e->alarms, &run->more, e->now, engine_order(e), on_more);
			return;
		}
		if (!admit_one(run))
			return;
	}
}

/* ---- closing ---- */

static void finish(struct map_run *run)
{
	struct frame *f = run->frame;
	sm_move(&run->status, run->closing ? run->closing : MAP_RUN_SUCCEEDED);
	run->stage = STAGE_CHILDREN;
	run->closing = MAP_RUN_RUNNING;
	run->stop_ms = run->e->now;
	run->exported = true;
	record_touch(run->e, &run->record);
	if (run->redrive_waits) {
		run->redrive_waits = false;
		map_run_redrive(run, f);
		return;
	}
	run->frame = NULL;
	if (f)
		state_map_run_ended(f, run);
}

static void export(struct map_run *run)
{
	run->stage = STAGE_EXPORTING;
	record_touch(run->e, &run->record);
	if (!result_writer_next(run))
		finish(run);
}

/* Is it at its children, or may it give up what else it is at? */
static bool at_children(const struct map_run *run)
{
	if (run->status.now != MAP_RUN_RUNNING || run->stage == STAGE_EXPORTING)
		return false;
	return run->stage != STAGE_TESTING && (run->stage != STAGE_READING || run->closing);
}

void map_run_settle(struct map_run *run)
{
	if (!at_children(run))
		return;
	if (!run->closing)
		admit(run);
	if (!at_children(run) || run->executions[EXECUTION_RUNNING] > 0)
		return; /* admission may have failed the run, and that may have finished it */
	if (run->stop.place)
		map_stop_now(run); /* nothing runs: it need not wait for the time */
	stop_object(run);
	run->next_file = 0;
	export(run);
}

void map_run_child_ended(struct map_run *run)
{
	if (map_stop_exceeded(run) && has_slot(run))
		(void)admit_one(run); /* recorded: one more, in the place of the one that failed */
	map_run_settle(run);
}

void map_run_judge(struct map_run *run)
{
	(void)map_stop_exceeded(run);
	map_run_settle(run);
}

/* There will be no start: the run is what it was before it was tested, if anything. */
static void give_up_test(struct map_run *run)
{
	struct frame *f = run->frame;
	object_forget(run);
	role_forget(run);
	run->frame = NULL;
	run->stage = STAGE_CHILDREN;
	record_touch(run->e, &run->record);
	if (!run->start_ms) {
		f->map_run = NULL;
		map_run_discard(run);
	}
}

void map_run_abort(struct map_run *run)
{
	if (run->stage == STAGE_TESTING) {
		give_up_test(run);
		return;
	}
	run->frame = NULL;
	if (run->status.now != MAP_RUN_RUNNING)
		return;
	run->redrive_waits = false;
	if (!run->closing)
		run->closing = MAP_RUN_ABORTED;
	map_stop_now(run);
	map_run_settle(run);
}

/* ---- buckets ---- */

static void read_items(struct map_run *run)
{
	struct err why = { 0 };
	run->stage = STAGE_READING;
	if (item_reader_start(run, run->frame, &why) == 0)
		return;
	run->stage = STAGE_CHILDREN;
	map_stop_fail(run, why.name, why.message);
	map_run_settle(run);
}

/* What the run works on from now on, redrives included. */
static int take_items(struct map_run *run, const cJSON *list, struct err *err)
{
	struct map_item *items;
	size_t n;
	int rc = map_items_make(run->frame, list, run->source, &items, &n, err);
	if (!rc)
		set_items(run, items, n);
	return rc;
}

/* An object has been read, or not. */
static void items_read(struct map_run *run, struct bytes body, const char *error)
{
	struct err why = { 0 };
	cJSON *list = NULL;
	int rc = error ? fault(&why, "States.ItemReaderFailed", "%s", error)
		       : item_reader_take(run, body, &list, &why);
	if (!rc && !list)
		return; /* there are more to read */
	if (!rc)
		rc = take_items(run, list, &why);
	cJSON_Delete(list);
	stop_object(run);
	run->stage = STAGE_CHILDREN;
	if (rc)
		map_stop_fail(run, why.name, why.message);
	record_touch(run->e, &run->record);
	map_run_settle(run);
}

static void begin(struct map_run *run);

static void test_bucket(struct map_run *run)
{
	if (run->bucket) {
		result_writer_test(run);
	} else {
		run->stage = STAGE_CHILDREN;
		begin(run);
	}
}

void map_run_role_done(struct map_run *run, const struct engine_role *r)
{
	struct frame *f = run->frame;
	struct err why = { 0 };
	bool writes = run->bucket != NULL;
	if (frame_machine_deleted(f))
		return; /* which has given up */
	if (!r->missing && !r->error && role_take(run, r->policies, &why) == 0) {
		test_bucket(run);
		return;
	}
	give_up_test(run);
	if (r->missing)
		state_map_role_missing(f, writes);
	else
		state_map_role_unknown(f, r->error ? r->error : why.message);
}

/* The test manifest has been written, or not. */
static void tested(struct map_run *run, const char *error)
{
	struct frame *f = run->frame;
	if (frame_machine_deleted(f))
		return; /* which has given up */
	if (error) {
		give_up_test(run);
		state_map_test_failed(f, error);
	} else {
		run->stage = STAGE_CHILDREN;
		begin(run);
	}
}

void map_run_object_done(struct map_run *run, struct bytes body, const char *error)
{
	if (run->stage == STAGE_TESTING) {
		tested(run, error);
		return;
	}
	if (run->stage == STAGE_READING) {
		items_read(run, body, error);
		return;
	}
	if (error)
		map_stop_fail(run, "States.ResultWriterFailed", error);
	if (error || !result_writer_next(run))
		finish(run);
}

void map_run_resume(struct map_run *run)
{
	if (run->stage == STAGE_TESTING) {
		if (run->frame && !role_ask(run))
			test_bucket(run);
		return;
	}
	if (run->status.now != MAP_RUN_RUNNING)
		return;
	run->next_file = 0;
	if (run->stage == STAGE_CHILDREN)
		map_run_settle(run);
	else if (run->stage == STAGE_EXPORTING)
		export(run);
	else if (run->frame)
		read_items(run);
}

/* ---- start and redrive ---- */

static void begin_first(struct map_run *run)
{
	role_forget(run);
	state_map_note_start(run->frame, run);
	run->start_ms = run->e->now;
	record_touch(run->e, &run->record);
	if (json_get(run->state->def, "ItemReader"))
		read_items(run);
	else
		map_run_settle(run);
}

static bool may_redrive(const struct execution *child, int64_t now)
{
	int status = child->status.now;
	return (status == EXECUTION_FAILED || status == EXECUTION_TIMED_OUT ||
		status == EXECUTION_ABORTED) &&
	       !redrive_refusal(child, now);
}

/* The first child from item *i on that is to be redriven; *i moves to it. NULL: there is none. */
static struct execution *next_to_redrive(const struct map_run *run, size_t *i)
{
	for (; *i < run->next_item; (*i)++) {
		struct execution *child = run->items[*i].child;
		if (child && may_redrive(child, run->e->now))
			return child;
	}
	return NULL;
}

/* May the role not redrive one of them? Then the run has failed. */
static bool redrives_refused(struct map_run *run)
{
	const struct execution *child;
	for (size_t i = 0, n = 0; (child = next_to_redrive(run, &i)) != NULL; i++, n++) {
		const char *op = child->express ? "StartExecution" : "RedriveExecution";
		enum policy_verdict v = role_may_redrive(run, child);
		if (n == 0 && role_faulted(run, op))
			v = POLICY_NOT_ALLOWED;
		if (refused(run, v, op, child->express ? run->parent->machine->arn : child->arn))
			return true;
	}
	return false;
}

/* false: the role may not redrive them; the run has failed and they are what they were (recorded). */
static bool await_redrives(struct map_run *run)
{
	struct execution *child;
	bool refused_one = redrives_refused(run);
	role_forget(run);
	for (size_t i = 0; !refused_one && (child = next_to_redrive(run, &i)) != NULL; i++)
		execution_await_redrive(child, true);
	return !refused_one;
}

static void begin_again(struct map_run *run)
{
	sm_move(&run->status, MAP_RUN_RUNNING);
	run->stop_ms = 0;
	run->redrives = run->attempts;
	run->redrive_ms = run->e->now;
	run->exported = false;
	free(run->error);
	free(run->cause);
	run->error = run->cause = NULL;
	run->next_redrive = 0;
	record_touch(run->e, &run->record);
	if (!await_redrives(run))
		map_run_settle(run);
	else if (run->n_items == 0 && json_get(run->state->def, "ItemReader"))
		read_items(run); /* documented: nothing was started, so the list is read again */
	else
		map_run_judge(run);
}

static void begin(struct map_run *run)
{
	if (run->start_ms)
		begin_again(run);
	else
		begin_first(run);
}

static void test_and_begin(struct map_run *run)
{
	record_touch(run->e, &run->record);
	record_touch(run->e, &run->parent->record);
	run->may_start = POLICY_ALLOWED;
	run->stage = STAGE_TESTING;
	if (!role_ask(run))
		test_bucket(run);
}

void map_run_start(struct map_run *run, struct frame *f)
{
	run->frame = f;
	test_and_begin(run);
}

void map_run_redrive(struct map_run *run, struct frame *f)
{
	run->frame = f;
	run->attempts = state_map_note_redrive(f, run);
	test_and_begin(run);
}
