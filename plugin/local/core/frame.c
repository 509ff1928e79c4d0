#include "local/core/frame.h"

#include <stdlib.h>

#include "base/err.h"
#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/retry.h"
#include "local/core/state.h"
#include "local/core/task.h"

/* How many transitions one frame makes before the others get their turn. */
enum { TURN = 64 };

#define ACTIVE (SM_TO(FRAME_STOPPED) | SM_TO(FRAME_READY) | SM_TO(FRAME_DONE))

const struct sm_state frame_phases[] = {
	[FRAME_IDLE] = { "idle", SM_TO(FRAME_READY) },
	[FRAME_READY] = { "ready", ACTIVE | SM_TO(FRAME_WAITING) | SM_TO(FRAME_TASK) |
				       SM_TO(FRAME_BACKOFF) | SM_TO(FRAME_FORKED) |
				       SM_TO(FRAME_MAPPING) },
	[FRAME_WAITING] = { "waiting", ACTIVE },
	[FRAME_TASK] = { "task", ACTIVE | SM_TO(FRAME_BACKOFF) },
	[FRAME_BACKOFF] = { "backoff", ACTIVE },
	[FRAME_FORKED] = { "forked", ACTIVE | SM_TO(FRAME_BACKOFF) },
	[FRAME_MAPPING] = { "mapping", ACTIVE | SM_TO(FRAME_BACKOFF) },
	[FRAME_STOPPED] = { "stopped",
			    SM_TO(FRAME_READY) | SM_TO(FRAME_FORKED) | SM_TO(FRAME_MAPPING) },
	[FRAME_DONE] = { "done", 0 },
};

static const enum event_type entered[STATE_TYPES] = {
	[STATE_TASK] = EV_TASK_ENTERED,         [STATE_PASS] = EV_PASS_ENTERED,
	[STATE_CHOICE] = EV_CHOICE_ENTERED,     [STATE_WAIT] = EV_WAIT_ENTERED,
	[STATE_SUCCEED] = EV_SUCCEED_ENTERED,   [STATE_FAIL] = EV_FAIL_ENTERED,
	[STATE_PARALLEL] = EV_PARALLEL_ENTERED, [STATE_MAP] = EV_MAP_ENTERED,
};

static const enum event_type exited[STATE_TYPES] = {
	[STATE_TASK] = EV_TASK_EXITED,         [STATE_PASS] = EV_PASS_EXITED,
	[STATE_CHOICE] = EV_CHOICE_EXITED,     [STATE_WAIT] = EV_WAIT_EXITED,
	[STATE_SUCCEED] = EV_SUCCEED_EXITED,   [STATE_FAIL] = EVENT_TYPES,
	[STATE_PARALLEL] = EV_PARALLEL_EXITED, [STATE_MAP] = EV_MAP_EXITED,
};

/* ---- life ---- */

struct frame *frame_new(struct execution *x, struct frame *parent, uint32_t index,
			const struct flow *flow)
{
	struct frame *f = mem_zero(sizeof(*f));
	f->x = x;
	f->parent = parent;
	f->index = index;
	f->flow = flow;
	f->phase = (struct sm){ frame_phases, FRAME_IDLE };
	return f;
}

void frame_begin(struct frame *f, struct doc *input, int64_t last_id)
{
	f->input = input;
	f->last_id = last_id;
	frame_ready(f);
}

static void unqueue(struct frame *f)
{
	struct engine *e = f->x->e;
	if (!f->queued)
		return;
	f->queued = false;
	*(f->prev_ready ? &f->prev_ready->next_ready : &e->ready_first) = f->next_ready;
	*(f->next_ready ? &f->next_ready->prev_ready : &e->ready_last) = f->prev_ready;
	f->next_ready = f->prev_ready = NULL;
}

static void enqueue(struct frame *f)
{
	struct engine *e = f->x->e;
	f->order = engine_order(e);
	f->queued = true;
	f->prev_ready = e->ready_last;
	*(e->ready_last ? &e->ready_last->next_ready : &e->ready_first) = f;
	e->ready_last = f;
	record_touch(e, &f->x->record);
}

void frame_ready(struct frame *f)
{
	sm_move(&f->phase, FRAME_READY);
	if (!f->queued)
		enqueue(f);
}

void frame_ready_again(struct frame *f)
{
	INVARIANT(f->phase.now == FRAME_READY && !f->queued);
	enqueue(f);
}

void frame_bury_kids(struct frame *f)
{
	for (size_t i = 0; i < f->n_kids; i++)
		frame_bury(f->kids[i]);
	free(f->kids);
	f->kids = NULL;
	f->n_kids = 0;
}

void frame_bury(struct frame *f)
{
	struct engine *e = f->x->e;
	unqueue(f);
	f->next_dead = e->dead;
	e->dead = f;
}

void frame_free(struct frame *f)
{
	unqueue(f);
	alarm_off(&f->x->e->alarms, &f->alarm);
	task_free(f);
	for (size_t i = 0; i < f->n_kids; i++)
		frame_free(f->kids[i]);
	free(f->kids);
	doc_unref(f->input);
	doc_unref(f->output);
	doc_unref(f->item);
	free(f->attempts);
	free(f);
}

void frames_free_dead(struct engine *e)
{
	while (e->dead) {
		struct frame *f = e->dead;
		e->dead = f->next_dead;
		frame_free(f);
	}
	executions_free_dead(e);
}

/* ---- states ---- */

static void enter(struct frame *f)
{
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "name", f->state->name);
	details_data(&d, "input", f->input);
	f->entered_id = history_add(f->x, entered[f->state->type], f->last_id, &d);
	f->entered_ms = f->x->e->now;
	f->last_id = f->entered_id;
}

/* Forget what belongs to the state the frame stood in. */
static void leave(struct frame *f)
{
	frame_bury_kids(f);
	free(f->attempts);
	f->attempts = NULL;
	f->map_run = NULL;
	f->entered_id = 0;
	f->started_id = 0;
}

static void end(struct frame *f, struct doc *output)
{
	sm_move(&f->phase, FRAME_DONE);
	unqueue(f);
	f->state = NULL;
	f->output = output;
	if (f->parent)
		state_fork_kid_done(f->parent, f);
	else
		execution_succeed(f->x, output, f->last_id);
}

/* Too large, or (assumed to be told so) too deep. */
static bool output_fits(struct frame *f, struct doc *output)
{
	const char *name = f->state->name;
	char *cause = NULL;
	if (f->x->e->max_data_bytes < (int64_t)doc_text(output).n)
		cause = mem_printf("The state/task '%s' returned a result with a size exceeding "
				   "the maximum number of bytes service limit.",
				   name);
	else if (doc_too_deep(output))
		cause = mem_printf("The state/task '%s' returned a result that is nested more "
				   "than %d levels deep.",
				   name, JSON_DEPTH_MAX);
	if (!cause)
		return true;
	frame_fail(f, "States.DataLimitExceeded", cause);
	free(cause);
	return false;
}

void frame_exit_to(struct frame *f, struct doc *output, const struct state *next, int64_t prev)
{
	struct details d;
	if (!output_fits(f, output)) {
		doc_unref(output);
		return;
	}
	details_open(&d);
	jsonw_str(&d.w, "name", f->state->name);
	details_data(&d, "output", output);
	f->last_id = history_add(f->x, exited[f->state->type], prev, &d);
	leave(f);
	if (!next) {
		end(f, output);
		return;
	}
	doc_unref(f->input);
	f->input = output;
	f->state = next;
	if (f->phase.now != FRAME_READY)
		frame_ready(f);
}

void frame_exit(struct frame *f, struct doc *output)
{
	frame_exit_to(f, output, f->state->next, f->last_id);
}

bool frame_machine_deleted(struct frame *f)
{
	if (!f->x->machine->deleting)
		return false;
	char *cause = mem_printf("State machine %s has been deleted", f->x->machine->name);
	execution_fail(f->x, "States.Runtime", cause, f->last_id);
	free(cause);
	return true;
}

static bool history_full(struct frame *f)
{
	if (f->x->express || f->x->history.n < HISTORY_MAX - 1)
		return false;
	execution_fail(f->x, "States.Runtime",
		       "The execution reached the maximum number of history events (25000).",
		       f->last_id);
	return true;
}

/* One transition of a ready frame. */
static void step(struct frame *f)
{
	if (!f->entered_id) {
		if (frame_machine_deleted(f) || history_full(f))
			return;
		if (!f->state)
			f->state = f->flow->start;
		enter(f);
	}
	state_run(f);
}

void frames_run(struct engine *e, int *budget)
{
	while (e->ready_first && *budget > 0) {
		struct frame *f = e->ready_first;
		unqueue(f);
		record_touch(e, &f->x->record);
		int turn = TURN;
		while (f->phase.now == FRAME_READY && !f->queued && turn-- > 0) {
			(*budget)--;
			step(f);
		}
		if (f->phase.now == FRAME_READY && !f->queued)
			enqueue(f);
		frames_free_dead(e);
	}
}

/* ---- failure ---- */

static void fail_up(struct frame *f, const char *error, const char *cause)
{
	frame_stop(f);
	if (f->parent)
		state_fork_kid_failed(f->parent, f, error, cause);
	else
		execution_fail(f->x, error, cause, f->last_id);
}

static void back_off(struct frame *f, int64_t wait_ms)
{
	frame_bury_kids(f);
	f->map_run = NULL;
	sm_move(&f->phase, FRAME_BACKOFF);
	unqueue(f);
	frame_set_alarm(f, f->x->e->now + wait_ms);
}

/* The cause of a fault of the state itself. Owned by the caller. */
static char *fault_text(const struct frame *f, const struct err *err)
{
	return mem_printf("An error occurred while executing the state '%s' (entered at the event "
			  "id #%lld). %s",
			  f->state->name, (long long)f->entered_id, err->message);
}

/* Go where a Catch sends us: the error object at its ResultPath in the state's own input. */
static void go_to_catcher(struct frame *f, const struct catcher *c, const char *error,
			  const char *cause)
{
	struct err why = { 0 };
	struct doc *output;
	cJSON *tree = cJSON_CreateObject();
	INVARIANT(tree && cJSON_AddStringToObject(tree, "Error", error ? error : "") &&
		  cJSON_AddStringToObject(tree, "Cause", cause ? cause : ""));
	struct doc *caught = doc_of_tree(tree);
	int rc = data_place(f->input, &c->result_path, caught, &output, &why);
	doc_unref(caught);
	if (rc) {
		char *text = fault_text(f, &why);
		frame_fail_hard(f, why.name, text);
		free(text);
	} else {
		frame_exit_to(f, output, c->next, f->last_id);
	}
}

void frame_fail(struct frame *f, const char *error, const char *cause)
{
	struct catcher catcher;
	int64_t wait_ms;
	bool over = !execution_is_open(f->x);
	bool retry = !over && retry_pick(f, error, &wait_ms);
	bool caught = !over && !retry && catch_pick(f, error, &catcher);
	f->beat_missed = false;
	if (retry)
		back_off(f, wait_ms);
	else if (caught)
		go_to_catcher(f, &catcher, error, cause);
	else
		fail_up(f, error, cause);
}

void frame_fail_hard(struct frame *f, const char *error, const char *cause)
{
	fail_up(f, error, cause);
}

void frame_fault(struct frame *f, const struct err *err)
{
	char *cause = fault_text(f, err);
	frame_fail(f, err->name, cause);
	free(cause);
}

/* ---- stop and redrive ---- */

void frame_stop(struct frame *f)
{
	if (f->phase.now == FRAME_IDLE || f->phase.now == FRAME_DONE ||
	    f->phase.now == FRAME_STOPPED)
		return;
	unqueue(f);
	alarm_off(&f->x->e->alarms, &f->alarm);
	task_stop(f);
	bool mapping = f->phase.now == FRAME_MAPPING && f->map_run;
	sm_move(&f->phase, FRAME_STOPPED);
	if (mapping)
		map_run_abort(f->map_run);
	for (size_t i = 0; i < f->n_kids; i++)
		frame_stop(f->kids[i]);
	record_touch(f->x->e, &f->x->record);
}

void frame_redrive(struct frame *f)
{
	if (f->phase.now != FRAME_STOPPED)
		return;
	task_free(f); /* a cancelled one */
	free(f->attempts);
	f->attempts = NULL;
	if (f->kids) {
		state_fork_redrive(f);
	} else if (f->map_run) {
		state_map_redrive(f);
	} else {
		if (f->entered_id)
			f->last_id = f->entered_id;
		/* Recorded: a Fail state fails again right behind ExecutionRedriven. */
		if (f->entered_id && f->state->type == STATE_FAIL)
			f->last_id = f->x->history.n;
		frame_ready(f);
	}
}

/* ---- time ---- */

static void on_alarm(struct engine *e, struct alarm *a)
{
	struct frame *f = CONTAINER_OF(a, struct frame, alarm);
	(void)e;
	if (frame_machine_deleted(f))
		return;
	if (f->phase.now == FRAME_WAITING)
		state_wait_over(f);
	else if (f->phase.now == FRAME_TASK)
		task_timed_out(f);
	else
		frame_ready(f);
}

void frame_restore_alarm(struct frame *f, int64_t at_ms)
{
	alarm_set(&f->x->e->alarms, &f->alarm, at_ms, f->order, on_alarm);
}

void frame_set_alarm(struct frame *f, int64_t at_ms)
{
	f->order = engine_order(f->x->e);
	frame_restore_alarm(f, at_ms);
	record_touch(f->x->e, &f->x->record);
}
