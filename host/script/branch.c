/* branch.c - one thread of a script, what it waits for, and the two queues of a run. */
#include <stdio.h>
#include <stdlib.h>

#include "net/loop.h"
#include "script/approval.h"
#include "script/call.h"
#include "script/run_private.h"

struct branch *branch_of(lua_State *L)
{
	return run_of(L)->current;
}

struct run_ticket branch_ticket(const struct branch *b)
{
	return (struct run_ticket){ b->run->key.number, b->wait.generation };
}

int branch_wait(lua_State *L, struct branch *b, enum wait_kind kind, lua_KFunction k)
{
	b->wait.kind = kind;
	return state_wait(L, 0, k);
}

int branch_new(struct branch **out, struct run *r, struct group *group, unsigned number)
{
	struct branch *b = calloc(1, sizeof(*b));
	if (!b)
		return -ERR_NOMEM;
	*b = (struct branch){ .run = r, .next = r->branches, .group = group, .number = number };
	b->wait.generation = ++r->generation;
	r->branches = b;
	*out = b;
	return 0;
}

void branch_free(struct branch *b)
{
	struct branch **at = &b->run->branches;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	timer_stop(b->wait.timer);
	call_free(b->call);
	approval_free(b->approval);
	cJSON_Delete(b->held);
	group_free(b->inner);
	free(b);
}

void branch_runnable(struct branch *b)
{
	struct queue *q = &b->run->runnable;
	b->next_runnable = NULL;
	if (q->last)
		q->last->next_runnable = b;
	else
		q->first = b;
	q->last = b;
}

struct branch *queue_pop_runnable(struct run *r)
{
	struct branch *b = r->runnable.first;
	if (!b)
		return NULL;
	r->runnable.first = b->next_runnable;
	if (!r->runnable.first)
		r->runnable.last = NULL;
	return b;
}
