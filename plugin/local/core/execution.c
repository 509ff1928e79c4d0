#include "local/core/execution.h"

#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/nested.h"
#include "local/core/status_event.h"

/* Times out at the latest after a year, the service's own limit. */
static const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
/* Express executions run for five minutes at most. */
static const int64_t express_ms = INT64_C(5) * 60 * 1000;

const struct sm_state execution_states[] = {
	[EXECUTION_RUNNING] = { "RUNNING", SM_TO(EXECUTION_SUCCEEDED) | SM_TO(EXECUTION_FAILED) |
					       SM_TO(EXECUTION_TIMED_OUT) |
					       SM_TO(EXECUTION_ABORTED) },
	[EXECUTION_SUCCEEDED] = { "SUCCEEDED", 0 },
	[EXECUTION_FAILED] = { "FAILED",
			       SM_TO(EXECUTION_RUNNING) | SM_TO(EXECUTION_PENDING_REDRIVE) },
	[EXECUTION_TIMED_OUT] = { "TIMED_OUT",
				  SM_TO(EXECUTION_RUNNING) | SM_TO(EXECUTION_PENDING_REDRIVE) },
	[EXECUTION_ABORTED] = { "ABORTED",
				SM_TO(EXECUTION_RUNNING) | SM_TO(EXECUTION_PENDING_REDRIVE) },
	[EXECUTION_PENDING_REDRIVE] = { "PENDING_REDRIVE",
					SM_TO(EXECUTION_RUNNING) | SM_TO(EXECUTION_FAILED) |
					    SM_TO(EXECUTION_TIMED_OUT) | SM_TO(EXECUTION_ABORTED) },
};

const char *execution_status_name(int status)
{
	return execution_states[status].name;
}

int execution_status_of(const char *name)
{
	int s = 0;
	while (s < EXECUTION_STATUSES && strcmp(execution_states[s].name, name) != 0)
		s++;
	return s;
}

bool execution_is_open(const struct execution *x)
{
	return x->status.now == EXECUTION_RUNNING;
}

void roll_remove(struct roll *r, struct execution *x)
{
	if (x->place < r->n && r->rows[x->place] == x)
		r->rows[x->place] = NULL;
}

void roll_add(struct roll *r, struct execution *x)
{
	roll_remove(r, x);
	r->rows = mem_room(r->rows, r->n, &r->cap, sizeof(struct execution *));
	x->place = r->n;
	r->rows[r->n++] = x;
}

static struct roll *roll_of(struct execution *x)
{
	return x->map_run ? &x->map_run->roll : &x->machine->roll;
}

/* Only Standard executions that are not children count against the account's limit. */
static bool counts_as_open(const struct execution *x)
{
	return !x->express && !x->map_run;
}

static void move(struct execution *x, int status)
{
	int old = x->status.now;
	sm_move(&x->status, status);
	if (counts_as_open(x) && old == EXECUTION_RUNNING)
		x->e->open_executions--;
	if (counts_as_open(x) && status == EXECUTION_RUNNING)
		x->e->open_executions++;
	if (x->map_run)
		map_run_count(x->map_run, x, old, status);
	record_touch(x->e, &x->record);
}

static char *make_arn(const struct execution_spec *s)
{
	const struct machine *m = s->machine;
	const char *tail = strstr(m->arn, ":stateMachine:");
	const char *label = s->map_run ? s->map_run->state->label : NULL;
	return mem_printf("%.*s:%s:%s%s%s:%s", (int)(tail - m->arn), m->arn,
			  s->express ? "express" : "execution", m->name, label ? "/" : "",
			  label ? label : "", s->name);
}

struct execution *execution_new(struct engine *e, const struct execution_spec *s)
{
	struct execution *x = mem_zero(sizeof(*x));
	x->e = e;
	x->record.kind = RECORD_EXECUTION;
	x->machine = s->machine;
	x->definition = definition_ref(s->definition);
	x->flow = s->flow;
	x->map_run = s->map_run;
	x->item = s->item;
	x->express = s->express;
	x->input = s->input;
	x->name = mem_str(s->name);
	x->arn = make_arn(s);
	x->status = (struct sm){ execution_states, EXECUTION_RUNNING };
	x->machine_arn = s->map_run ? mem_printf("%s/%s", s->machine->arn, s->map_run->state->label)
				    : mem_str(s->machine->arn);
	x->version_arn = mem_str(s->version_arn);
	x->alias_arn = mem_str(s->alias_arn);
	table_add(&e->executions, bytes_str(x->arn), x);
	return x;
}

static alarm_fn on_timeout;

void execution_restore_timeout(struct execution *x, int64_t at_ms)
{
	/* Last among those of its millisecond: what ends just in time has ended. */
	alarm_set(&x->e->alarms, &x->timeout, at_ms, UINT64_MAX, on_timeout);
}

/* TimeoutSeconds, or the service's own limit, from now. */
static void arm_timeout(struct execution *x)
{
	int64_t limit = x->express ? express_ms : year_ms;
	if (x->flow->timeout_s > 0 && x->flow->timeout_s * 1000 < limit)
		limit = x->flow->timeout_s * 1000;
	execution_restore_timeout(x, x->e->now + limit);
}

struct execution *execution_start(struct engine *e, const struct execution_spec *spec)
{
	struct execution *x = execution_new(e, spec);
	struct details d;
	x->start_ms = e->now;
	roll_add(roll_of(x), x);
	if (counts_as_open(x))
		e->open_executions++;
	if (x->map_run)
		map_run_count(x->map_run, x, -1, EXECUTION_RUNNING);
	details_open(&d);
	details_data(&d, "input", x->input);
	jsonw_str(&d.w, "roleArn", x->definition->role);
	(void)history_add(x, EV_EXECUTION_STARTED, 0, &d);
	arm_timeout(x);
	x->root = frame_new(x, NULL, 0, x->flow);
	frame_begin(x->root, doc_ref(x->input), 0);
	record_touch(e, &x->record);
	status_event_tell(x);
	return x;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = mem_str(text);
}

void execution_bury(struct execution *x)
{
	x->next_dead = x->e->dead_executions;
	x->e->dead_executions = x;
}

void executions_free_dead(struct engine *e)
{
	while (e->dead_executions) {
		struct execution *x = e->dead_executions;
		e->dead_executions = x->next_dead;
		record_delete(e, "execution", x->arn);
		execution_free(x);
	}
}

/* The common end: nothing here runs or waits any more. */
static void close_at(struct execution *x, int status)
{
	alarm_off(&x->e->alarms, &x->timeout);
	x->stop_ms = x->e->now;
	move(x, status);
	status_event_tell(x);
	nested_ended(x);
	if (x->map_run)
		map_run_child_ended(x->map_run);
	else if (x->express && !x->sync)
		execution_bury(x);
	else if (x->sync && x->e->world.ready)
		x->e->world.ready(x->e->world.arg, x->arn);
}

static void on_timeout(struct engine *e, struct alarm *a)
{
	struct execution *x = CONTAINER_OF(a, struct execution, timeout);
	(void)e;
	frame_stop(x->root);
	(void)history_add_error(x, EV_EXECUTION_TIMED_OUT, 0, "States.Timeout", NULL);
	close_at(x, EXECUTION_TIMED_OUT);
}

void execution_succeed(struct execution *x, struct doc *output, int64_t prev)
{
	struct details d;
	details_open(&d);
	details_data(&d, "output", output);
	(void)history_add(x, EV_EXECUTION_SUCCEEDED, prev, &d);
	x->output = doc_ref(output);
	doc_slim(x->output);
	doc_slim(x->input);
	frame_bury(x->root);
	x->root = NULL;
	close_at(x, EXECUTION_SUCCEEDED);
}

void execution_fail(struct execution *x, const char *error, const char *cause, int64_t prev)
{
	(void)history_add_error(x, EV_EXECUTION_FAILED, prev, error, cause);
	set_text(&x->error, error);
	set_text(&x->cause, cause);
	frame_stop(x->root);
	close_at(x, EXECUTION_FAILED);
}

void execution_abort(struct execution *x, const char *error, const char *cause)
{
	frame_stop(x->root);
	(void)history_add_error(x, EV_EXECUTION_ABORTED, 0, error, cause);
	set_text(&x->error, error);
	set_text(&x->cause, cause);
	close_at(x, EXECUTION_ABORTED);
}

/* Express executions do not resume: they run again from their first state, as if just started. */
static void restart_express(struct execution *x)
{
	x->start_ms = x->e->now;
	roll_add(roll_of(x), x);
	frame_bury(x->root);
	x->root = frame_new(x, NULL, 0, x->flow);
	frame_begin(x->root, doc_ref(x->input), 0);
}

void execution_redrive(struct execution *x)
{
	struct engine *e = x->e;
	x->redrive_count++;
	x->stop_ms = 0;
	set_text(&x->error, NULL);
	set_text(&x->cause, NULL);
	move(x, EXECUTION_RUNNING);
	arm_timeout(x);
	if (x->express) {
		restart_express(x);
		return;
	}
	x->redrive_ms = e->now;
	struct details d;
	details_open(&d);
	jsonw_int(&d.w, "redriveCount", x->redrive_count);
	(void)history_add(x, EV_EXECUTION_REDRIVEN, x->history.n, &d);
	status_event_tell(x);
	frame_redrive(x->root);
}

void execution_await_redrive(struct execution *x, bool on)
{
	if (on)
		x->was = x->status.now;
	move(x, on ? EXECUTION_PENDING_REDRIVE : x->was);
}

void execution_free(struct execution *x)
{
	struct engine *e = x->e;
	(void)table_del(&e->executions, bytes_str(x->arn));
	alarm_off(&e->alarms, &x->timeout);
	record_drop(e, &x->record);
	roll_remove(roll_of(x), x);
	if (x->root)
		frame_free(x->root);
	history_clear(&x->history);
	definition_unref(x->definition);
	doc_unref(x->input);
	doc_unref(x->output);
	free(x->arn);
	free(x->name);
	free(x->machine_arn);
	free(x->version_arn);
	free(x->alias_arn);
	free(x->error);
	free(x->cause);
	free(x->trace_header);
	free(x->tokens);
	free(x->map_runs);
	free(x);
}
