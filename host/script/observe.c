#include "script/observe.h"

#include "base/json.h"
#include "script/call.h"
#include "script/observer.h"
#include "store/names.h"

enum { ANSWER_MAX = 16 << 20 };

static const struct run_observer *observer_of(const struct run *r)
{
	static const struct run_observer nobody = { 0 };
	return r->runs->observer && !r->check ? r->runs->observer : &nobody;
}

void observe_run_begun(const struct run *r)
{
	const struct run_observer *o = observer_of(r);
	if (o->run_begun)
		o->run_begun(o->arg);
}

void observe_run_ended(const struct run *r, const struct run_end *end)
{
	const struct run_observer *o = observer_of(r);
	if (o->run_ended)
		o->run_ended(o->arg, run_outcome_name(end->outcome));
}

/* What its answer says of progress, where the operation knows. */
static void observe_progress(const struct call *c, const struct run_observer *o)
{
	const struct operation *op = c->op->op;
	const char *resource = op->resource ? json_get_str(c->args, op->resource) : NULL;
	struct op_progress p;
	struct buf text = BUF_INIT(ANSWER_MAX);
	if (!o->progressed || !op->progress || !resource || c->end.outcome != CALL_OK)
		return;
	json_write(&text, c->end.answer);
	if (!text.err && op->progress(c->op->state, buf_bytes(&text), &p))
		o->progressed(o->progressed_arg, resource, &p);
	buf_clear(&text);
}

void observe_call_ended(const struct call *c)
{
	const struct run_observer *o = observer_of(c->run);
	observe_progress(c, o);
	if (!o->call_ended)
		return;
	o->call_ended(
	    o->arg, &(struct call_seen){ .operation = c->op->full_name,
					 .outcome = call_outcome_name(c->end.outcome),
					 .code = c->end.code,
					 .changes = call_changes(c),
					 .attempts = c->end.attempts,
					 .latency_us = c->started_us > 0 ? c->end.latency_us : 0 });
}

void observe_call_waited(const struct call *c, int64_t ms)
{
	const struct run_observer *o = observer_of(c->run);
	if (o->call_waited)
		o->call_waited(o->arg, c->op->full_name, ms);
}

void observe_call_throttled(const struct call *c)
{
	const struct run_observer *o = observer_of(c->run);
	if (o->call_throttled)
		o->call_throttled(o->arg, c->op->full_name);
}

void observe_step_ended(const struct run *r, enum step_kind kind)
{
	const struct run_observer *o = observer_of(r);
	if (o->step_ended)
		o->step_ended(o->arg, step_kind_name(kind));
}
