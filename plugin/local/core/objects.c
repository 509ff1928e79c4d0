#include "local/core/objects.h"

#include "local/core/core.h"
#include "local/core/map_run.h"

static struct bytes key_of(const uint64_t *id)
{
	return (struct bytes){ (const char *)id, sizeof(*id) };
}

uint64_t object_begin(struct map_run *run)
{
	INVARIANT(!run->object_id);
	run->object_id = engine_order(run->e);
	table_add(&run->e->objects, key_of(&run->object_id), run);
	return run->object_id;
}

void object_start(struct map_run *run, struct engine_object *o)
{
	const struct engine_world *w = &run->e->world;
	INVARIANT(w->object_start);
	o->id = object_begin(run);
	w->object_start(w->arg, o);
}

void object_forget(struct map_run *run)
{
	if (run->object_id)
		(void)table_del(&run->e->objects, key_of(&run->object_id));
	run->object_id = 0;
}

struct map_run *object_end(struct engine *e, int64_t now_ms, uint64_t id)
{
	struct map_run *run = table_get(&e->objects, key_of(&id));
	e->now = now_ms > e->now ? now_ms : e->now;
	if (run)
		object_forget(run);
	return run;
}

void engine_object_done(struct engine *e, int64_t now_ms, uint64_t id, struct bytes body,
			const char *error)
{
	struct map_run *run = object_end(e, now_ms, id);
	if (run)
		map_run_object_done(run, body, error);
}
