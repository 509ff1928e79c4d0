#include "local/core/machine.h"

#include <stdlib.h>

#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"

struct machine *machine_new(struct engine *e, const char *arn, const char *name, bool express)
{
	struct machine *m = mem_zero(sizeof(*m));
	m->e = e;
	m->record.kind = RECORD_MACHINE;
	m->arn = mem_str(arn);
	m->name = mem_str(name);
	m->express = express;
	table_add(&e->machines, bytes_str(m->arn), m);
	return m;
}

void machine_set_definition(struct machine *m, struct definition *d)
{
	m->revisions =
	    mem_room(m->revisions, m->n_revisions, &m->cap_revisions, sizeof(struct definition *));
	m->revisions[m->n_revisions++] = d;
	m->definition = d;
	if (!d->key)
		d->key = mem_printf("%s#%llu", m->arn, (unsigned long long)engine_order(m->e));
	record_touch(m->e, &m->record);
}

static void forget_execution(struct execution *x)
{
	struct engine *e = x->e;
	record_delete(e, "execution", x->arn);
	for (uint32_t id = 1; !x->express && id <= x->history.written; id++) {
		char *key = record_event_key(x, id);
		record_delete(e, "event", key);
		free(key);
	}
	for (size_t i = 0; i < x->n_map_runs; i++) {
		struct map_run *run = x->map_runs[i];
		for (size_t k = 0; k < run->n_items; k++)
			if (run->items[k].child)
				forget_execution(run->items[k].child);
		record_delete(e, "maprun", run->arn);
		record_delete(e, "items", run->arn);
		map_run_free(run);
	}
	execution_free(x);
}

/* Some time after the deletion, when nothing runs any more. */
static void on_gone(struct engine *e, struct alarm *a)
{
	struct machine *m = CONTAINER_OF(a, struct machine, gone);
	for (size_t i = 0; i < m->roll.n; i++) {
		if (m->roll.rows[i] && execution_is_open(m->roll.rows[i])) {
			machine_arm_gone(m, e->now + MACHINE_LINGER_MS);
			return;
		}
	}
	for (size_t i = 0; i < m->roll.n; i++)
		if (m->roll.rows[i])
			forget_execution(m->roll.rows[i]);
	record_delete(e, "machine", m->arn);
	for (size_t i = 0; i < m->n_revisions; i++)
		record_delete(e, "definition", m->revisions[i]->key);
	machine_free(m);
}

void machine_arm_gone(struct machine *m, int64_t at_ms)
{
	m->gone_ms = at_ms;
	alarm_set(&m->e->alarms, &m->gone, at_ms, UINT64_MAX, on_gone);
	record_touch(m->e, &m->record);
}

void machine_delete(struct machine *m)
{
	if (m->deleting)
		return;
	m->deleting = true;
	machine_arm_gone(m, m->e->now + MACHINE_LINGER_MS);
}

void machine_free(struct machine *m)
{
	(void)table_del(&m->e->machines, bytes_str(m->arn));
	record_drop(m->e, &m->record);
	alarm_off(&m->e->alarms, &m->gone);
	for (size_t i = 0; i < m->n_revisions; i++)
		definition_unref(m->revisions[i]);
	free(m->revisions);
	versions_clear(&m->versions);
	cJSON_Delete(m->tags);
	free(m->logging);
	free(m->tracing);
	free(m->encryption);
	free(m->roll.rows);
	free(m->arn);
	free(m->name);
	free(m);
}
