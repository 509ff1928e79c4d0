#include "local/core/objects.h"

#include "local/core/core.h"
#include "local/core/map_run.h"

static struct bytes key_of(const uint64_t *id)
{
	return (struct bytes){ (const char *)id, sizeof(*id) };
}

void object_start(struct map_run *run, struct engine_object *o)
{
	struct engine *e = run->e;
	INVARIANT(!run->object_id && e->world.object_start);
	o->id = run->object_id = engine_order(e);
	table_add(&e->objects, key_of(&run->object_id), run);
	e->world.object_start(e->world.arg, o);
}

void object_forget(struct map_run *run)
{
	if (run->object_id)
		(void)table_del(&run->e->objects, key_of(&run->object_id));
	run->object_id = 0;
}

void engine_object_done(struct engine *e, int64_t now_ms, uint64_t id, struct bytes body,
			const char *error)
{
	struct map_run *run = table_get(&e->objects, key_of(&id));
	e->now = now_ms > e->now ? now_ms : e->now;
	if (!run)
		return;
	object_forget(run);
	map_run_object_done(run, body, error);
}
