/* call_turn.c - a call waits for its turn at the service's token bucket. */
#include "base/clock.h"
#include "script/call_private.h"
#include "script/observe.h"

static void on_turn(void *arg)
{
	struct call *c = arg;
	INVARIANT(c->sm.now == CALL_S_WAITING);
	observe_call_waited(c, clock_mono_ms() - c->turn.entry.since_ms);
	call_turn_came(c);
}

void call_enter_waiting(struct call *c)
{
	sm_move(&c->sm, CALL_S_WAITING);
	c->turn.go = on_turn;
	c->turn.arg = c;
	if (!rates_enter(c->runs->rates, &c->turn, c->op, c->host.args, c->run->key.number))
		return;
	if (c->turn.queue)
		observe_call_waited(c, 0);
	call_turn_came(c);
}

void call_leave_turn(struct call *c)
{
	int sent = c->started_us > 0;
	rates_leave(&c->turn, c->end.attempts > sent ? c->end.attempts : sent);
}

void run_call_throttled(struct host_call *call)
{
	struct call *c = CONTAINER_OF(call, struct call, host);
	if (c->sm.now != CALL_S_IN_FLIGHT)
		return; /* a look, which draws from another bucket */
	observe_call_throttled(c);
	rates_throttled(&c->turn);
}

void run_each_waiting(const struct runs *runs, const char *id,
		      void (*fn)(void *arg, const struct run_waiting *w), void *arg)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	if (!k || k->asleep)
		return;
	const struct run *r = CONTAINER_OF(k, struct run, key);
	for (const struct branch *b = r->branches; b; b = b->next) {
		const struct call *c = b->call;
		if (!c || c->sm.now != CALL_S_WAITING)
			continue;
		fn(arg, &(struct run_waiting){ .step = c->path,
					       .operation = c->op->full_name,
					       .bucket = rates_bucket(&c->turn),
					       .waited_ms = rates_waited_ms(&c->turn) });
	}
}
