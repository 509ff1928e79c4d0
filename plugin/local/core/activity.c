#include "local/core/activity.h"

#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/self_task.h"
#include "local/core/task.h"

struct activity *activity_new(struct engine *e, const char *arn, const char *name)
{
	struct activity *a = mem_zero(sizeof(*a));
	a->e = e;
	a->record.kind = RECORD_ACTIVITY;
	a->arn = mem_str(arn);
	a->name = mem_str(name);
	table_add(&e->activities, bytes_str(a->arn), a);
	return a;
}

bool activity_schedule(struct frame *f)
{
	struct engine *e = f->x->e;
	struct task *t = f->task;
	struct activity *a = table_find(&e->activities, t->resource);
	if (!a)
		return false;
	t->activity = a;
	t->prev = a->last;
	t->next = NULL;
	*(a->last ? &a->last->task->next : &a->first) = f;
	a->last = f;
	struct frame *worker = table_find(&e->nested, a->arn);
	if (worker)
		self_task_wake(worker);
	if (e->world.ready)
		e->world.ready(e->world.arg, a->arn);
	return true;
}

void activity_unschedule(struct frame *f)
{
	struct task *t = f->task;
	struct activity *a = t->activity;
	if (!a)
		return;
	*(t->prev ? &t->prev->task->next : &a->first) = t->next;
	*(t->next ? &t->next->task->prev : &a->last) = t->prev;
	t->activity = NULL;
	t->next = t->prev = NULL;
}

void activity_free(struct activity *a)
{
	while (a->first)
		activity_unschedule(a->first);
	(void)table_del(&a->e->activities, bytes_str(a->arn));
	record_drop(a->e, &a->record);
	cJSON_Delete(a->tags);
	free(a->arn);
	free(a->name);
	free(a);
}
