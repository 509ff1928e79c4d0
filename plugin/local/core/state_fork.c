/*
 * state_fork.c - states that walk several sequences at once: Parallel and Inline Map.
 *
 * A kid is a branch or an iteration. Recorded rules: ...Succeeded of an iteration does not advance the
 * chain of events, so the next iteration and MapStateExited follow what the last one did; a failing kid
 * takes the others down with one event for each task state that was open.
 */
#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/state.h"
#include "local/core/task.h"

/* An Inline Map runs at most 40 iterations at once, whatever MaxConcurrency says. */
enum { INLINE_CONCURRENCY = 40 };

static bool is_map(const struct frame *f)
{
	return f->state->type == STATE_MAP;
}

static int64_t note_iteration(struct frame *f, const struct frame *kid, enum event_type type,
			      int64_t prev)
{
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "name", f->state->name);
	jsonw_int(&d.w, "index", kid->index);
	return history_add(f->x, type, prev, &d);
}

/* ---- start ---- */

static void make_kids(struct frame *f, size_t n)
{
	f->n_kids = n;
	f->kids_begun = f->kids_done = 0;
	f->kids = mem_zero(n * sizeof(struct frame *));
	for (size_t i = 0; i < n; i++)
		f->kids[i] = frame_new(f->x, f, (uint32_t)i, f->state->flows[is_map(f) ? 0 : i]);
	sm_move(&f->phase, FRAME_FORKED);
}

void state_parallel_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input, *parameters;
	if (!state_input(f, &input))
		return;
	int rc = data_template(f, f->state->parameters, input, NULL, &parameters, &why);
	doc_unref(input);
	if (rc) {
		frame_fault(f, &why);
		return;
	}
	f->started_id = history_add(f->x, EV_PARALLEL_STATE_STARTED, f->last_id, NULL);
	f->last_id = f->started_id;
	make_kids(f, f->state->n_flows);
	f->kids_begun = f->n_kids;
	for (size_t i = 0; i < f->n_kids; i++)
		frame_begin(f->kids[i], doc_ref(parameters), f->started_id);
	doc_unref(parameters);
}

/* Begin waiting iterations, in order, while there are slots; their start follows the event `prev`. */
static void admit(struct frame *f, int64_t prev)
{
	int64_t most = f->max_concurrency;
	if (most <= 0 || most > INLINE_CONCURRENCY)
		most = INLINE_CONCURRENCY;
	while (f->kids_begun < f->n_kids && f->kids_begun - f->kids_done < (size_t)most) {
		struct frame *kid = f->kids[f->kids_begun++];
		int64_t started = note_iteration(f, kid, EV_MAP_ITERATION_STARTED, prev);
		struct doc *input = kid->input;
		kid->input = NULL;
		frame_begin(kid, input, started);
	}
}

static void finish(struct frame *f, int64_t prev);

void state_inline_map_run(struct frame *f, struct doc *input, struct doc *items)
{
	struct err why = { 0 };
	struct data_items d;
	const cJSON *list = doc_tree(items);
	int rc = 0;
	make_kids(f, (size_t)cJSON_GetArraySize(list));
	data_items_open(&d, f, input, f->state->parameters, NULL);
	size_t i = 0;
	for (const cJSON *v = list->child; v && !rc; v = v->next, i++) {
		struct frame *kid = f->kids[i];
		cJSON *copy = cJSON_Duplicate(v, true);
		INVARIANT(copy);
		kid->item = doc_of_tree(copy);
		rc = data_items_eval(&d, (int64_t)i, v, &kid->input, &why);
	}
	data_items_close(&d);
	if (rc)
		frame_fault(f, &why);
	else if (f->n_kids == 0)
		finish(f, f->started_id);
	else
		admit(f, f->started_id);
}

/* ---- end ---- */

static struct doc *collect(const struct frame *f)
{
	struct buf b = MEM_BUF;
	size_t n;
	buf_adds(&b, "[");
	for (size_t i = 0; i < f->n_kids; i++) {
		struct bytes text = doc_text(f->kids[i]->output);
		buf_adds(&b, i ? "," : "");
		buf_add(&b, text.p, text.n);
	}
	buf_adds(&b, "]");
	char *text = mem_take(&b, &n);
	return doc_of_owned(text, n);
}

/* All kids are done; `prev` is what both ...Succeeded and ...Exited follow. */
static void finish(struct frame *f, int64_t prev)
{
	struct doc *result = collect(f);
	f->last_id = prev;
	(void)history_add(f->x, is_map(f) ? EV_MAP_STATE_SUCCEEDED : EV_PARALLEL_STATE_SUCCEEDED,
			  prev, NULL);
	state_finish(f, result);
	doc_unref(result);
}

static bool all_done(const struct frame *f)
{
	return f->kids_done == f->n_kids;
}

void state_fork_kid_done(struct frame *f, struct frame *kid)
{
	int64_t prev = kid->last_id;
	f->kids_done++;
	if (is_map(f)) {
		int64_t noted = note_iteration(f, kid, EV_MAP_ITERATION_SUCCEEDED, prev);
		if (all_done(f))
			prev = noted;
		else
			admit(f, prev);
	}
	if (all_done(f))
		finish(f, prev);
}

/* One event for each task or wait that is open in this frame or below it. */
static void note_aborted_states(struct frame *f, int64_t prev)
{
	task_cancel(f);
	if (!f->state || !f->entered_id)
		return;
	if (f->state->type == STATE_TASK)
		(void)history_add(f->x, EV_TASK_STATE_ABORTED, prev, NULL);
	else if (f->state->type == STATE_WAIT)
		(void)history_add(f->x, EV_WAIT_STATE_ABORTED, prev, NULL);
	for (size_t i = 0; i < f->n_kids; i++)
		note_aborted_states(f->kids[i], prev);
}

void state_fork_kid_failed(struct frame *f, struct frame *kid, const char *error, const char *cause)
{
	int64_t prev = kid->last_id;
	for (size_t i = 0; i < f->n_kids; i++) {
		struct frame *k = f->kids[i];
		if (k->phase.now == FRAME_IDLE || k->phase.now == FRAME_DONE)
			continue;
		if (is_map(f))
			(void)note_iteration(
			    f, k, k == kid ? EV_MAP_ITERATION_FAILED : EV_MAP_ITERATION_ABORTED,
			    prev);
		note_aborted_states(k, prev);
		frame_stop(k);
	}
	f->last_id = history_add(f->x, is_map(f) ? EV_MAP_STATE_FAILED : EV_PARALLEL_STATE_FAILED,
				 prev, NULL);
	frame_fail(f, error, cause);
}

void state_fork_redrive(struct frame *f)
{
	if (all_done(f)) {
		/* It failed on the joined result: the whole state again. */
		frame_bury_kids(f);
		f->last_id = f->entered_id;
		frame_ready(f);
		return;
	}
	sm_move(&f->phase, FRAME_FORKED);
	for (size_t i = 0; i < f->n_kids; i++)
		frame_redrive(f->kids[i]);
	if (is_map(f))
		admit(f, f->started_id);
}
