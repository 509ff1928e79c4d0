#include "local/core/records.h"

#include <stdio.h>
#include <stdlib.h>

#include "local/core/activity.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/tags.h"
#include "local/core/task.h"

void record_touch(struct engine *e, struct record *r)
{
	if (r->dirty)
		return;
	r->dirty = true;
	r->next = NULL;
	r->prev = e->dirty_last;
	*(e->dirty_last ? &e->dirty_last->next : &e->dirty_first) = r;
	e->dirty_last = r;
}

void record_drop(struct engine *e, struct record *r)
{
	if (!r->dirty)
		return;
	r->dirty = false;
	*(r->prev ? &r->prev->next : &e->dirty_first) = r->next;
	*(r->next ? &r->next->prev : &e->dirty_last) = r->prev;
}

void record_delete(struct engine *e, const char *kind, const char *key)
{
	struct record_gone *g = mem_zero(sizeof(*g));
	g->kind = kind;
	g->key = mem_str(key);
	*(e->gone_last ? &e->gone_last->next : &e->gone_first) = g;
	e->gone_last = g;
}

static void pop_gone(struct engine *e)
{
	struct record_gone *g = e->gone_first;
	e->gone_first = g->next;
	if (!e->gone_first)
		e->gone_last = NULL;
	free(g->key);
	free(g);
}

void records_clear(struct engine *e)
{
	while (e->gone_first)
		pop_gone(e);
}

char *record_event_key(const struct execution *x, uint32_t id)
{
	return mem_printf("%s#%05u", x->arn, id);
}

/* ---- writing ---- */

struct sink {
	void (*write)(void *arg, const struct engine_record *r);
	void *arg;
	struct buf text; /* reused from record to record */
};

static struct jsonw begin(struct sink *s)
{
	s->text.n = 0;
	struct jsonw w = { &s->text, false };
	jsonw_open(&w, NULL, '{');
	return w;
}

static void emit(struct sink *s, struct jsonw *w, const char *kind, const char *key)
{
	jsonw_close(w, '}');
	INVARIANT(!s->text.err);
	const struct engine_record r = { kind, key, buf_bytes(&s->text) };
	s->write(s->arg, &r);
}

static void write_doc(struct jsonw *w, const char *name, struct doc *d)
{
	if (d)
		jsonw_bytes(w, name, doc_text(d));
}

static void write_definition(struct sink *s, struct definition *d)
{
	if (d->saved)
		return;
	d->saved = true;
	struct jsonw w = begin(s);
	jsonw_str(&w, "text", d->text);
	jsonw_str(&w, "role", d->role);
	jsonw_str(&w, "revision", d->revision);
	jsonw_int(&w, "since", d->since_ms);
	emit(s, &w, "definition", d->key);
}

static void write_machine(struct sink *s, const struct machine *m)
{
	for (size_t i = 0; i < m->n_revisions; i++)
		write_definition(s, m->revisions[i]);
	struct jsonw w = begin(s);
	jsonw_str(&w, "name", m->name);
	jsonw_bool(&w, "express", m->express);
	jsonw_open(&w, "revisions", '[');
	for (size_t i = 0; i < m->n_revisions; i++)
		jsonw_str(&w, NULL, m->revisions[i]->key);
	jsonw_close(&w, ']');
	jsonw_int(&w, "created", m->created_ms);
	if (m->deleting)
		jsonw_int(&w, "gone", m->gone_ms);
	jsonw_str(&w, "logging", m->logging);
	jsonw_str(&w, "tracing", m->tracing);
	jsonw_str(&w, "encryption", m->encryption);
	tags_write(&w, m->tags);
	versions_write(&w, m);
	emit(s, &w, "machine", m->arn);
}

static void write_frame(struct jsonw *w, const char *name, const struct frame *f)
{
	jsonw_open(w, name, '{');
	jsonw_str(w, "phase", sm_name(&f->phase));
	jsonw_int(w, "flow", f->flow->id);
	jsonw_str(w, "state", f->state ? f->state->name : NULL);
	write_doc(w, "input", f->input);
	write_doc(w, "output", f->output);
	write_doc(w, "item", f->item);
	jsonw_int(w, "entered", f->entered_id);
	jsonw_int(w, "enteredAt", f->entered_ms);
	jsonw_int(w, "last", f->last_id);
	jsonw_int(w, "started", f->started_id);
	jsonw_int(w, "order", (int64_t)f->order);
	jsonw_int(w, "most", f->max_concurrency);
	if (f->alarm.place)
		jsonw_int(w, "alarm", f->alarm.at);
	if (f->attempts && f->state) {
		jsonw_open(w, "attempts", '[');
		for (int i = 0; i < cJSON_GetArraySize(json_get(f->state->def, "Retry")); i++)
			jsonw_int(w, NULL, f->attempts[i]);
		jsonw_close(w, ']');
	}
	task_write(w, f);
	jsonw_str(w, "mapRun", f->map_run ? f->map_run->arn : NULL);
	if (f->kids) {
		jsonw_open(w, "kids", '[');
		for (size_t i = 0; i < f->n_kids; i++)
			write_frame(w, NULL, f->kids[i]);
		jsonw_close(w, ']');
	}
	jsonw_close(w, '}');
}

static void write_event(struct sink *s, const struct execution *x, uint32_t id)
{
	const struct event *ev = &x->history.events[id - 1];
	char key[512];
	struct jsonw w = begin(s);
	jsonw_int(&w, "prev", ev->prev);
	jsonw_int(&w, "ms", ev->ms);
	jsonw_str(&w, "type", event_type_name(ev->type));
	if (ev->details)
		jsonw_raw(&w, "details", bytes_str(ev->details));
	(void)snprintf(key, sizeof(key), "%s#%05u", x->arn, id);
	emit(s, &w, "event", key);
}

static void write_tokens(struct jsonw *w, const struct redrive_tokens *t)
{
	jsonw_open(w, "tokens", '[');
	for (size_t i = 0; i < t->n; i++) {
		jsonw_open(w, NULL, '{');
		jsonw_str(w, "text", t->list[i].text);
		jsonw_int(w, "ms", t->list[i].ms);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void write_execution(struct sink *s, struct execution *x)
{
	while (!x->express && x->history.written < x->history.n)
		write_event(s, x, ++x->history.written);
	struct jsonw w = begin(s);
	jsonw_str(&w, "machine", x->machine->arn);
	jsonw_str(&w, "definition", x->definition->key);
	jsonw_int(&w, "flow", x->flow->id);
	jsonw_str(&w, "name", x->name);
	jsonw_bool(&w, "express", x->express);
	if (x->map_run) {
		jsonw_str(&w, "mapRun", x->map_run->arn);
		jsonw_int(&w, "item", x->item);
	}
	jsonw_int(&w, "place", (int64_t)x->place);
	jsonw_str(&w, "status", execution_status_name(x->status.now));
	jsonw_str(&w, "was", execution_status_name(x->was));
	jsonw_int(&w, "start", x->start_ms);
	jsonw_int(&w, "stop", x->stop_ms);
	jsonw_int(&w, "redrive", x->redrive_ms);
	jsonw_int(&w, "redrives", x->redrive_count);
	jsonw_int(&w, "events", x->history.n);
	write_doc(&w, "input", x->input);
	write_doc(&w, "output", x->output);
	jsonw_str(&w, "error", x->error);
	jsonw_str(&w, "cause", x->cause);
	jsonw_str(&w, "versionArn", x->version_arn);
	jsonw_str(&w, "aliasArn", x->alias_arn);
	jsonw_str(&w, "traceHeader", x->trace_header);
	if (x->timeout.place)
		jsonw_int(&w, "timeout", x->timeout.at);
	if (x->tokens)
		write_tokens(&w, x->tokens);
	if (x->root)
		write_frame(&w, "frame", x->root);
	emit(s, &w, "execution", x->arn);
}

/* The inputs of the children, once: those that are started by then stand in for themselves. */
static void write_items(struct sink *s, struct map_run *run)
{
	if (run->items_saved || run->n_items == 0)
		return;
	run->items_saved = true;
	struct jsonw w = begin(s);
	jsonw_open(&w, "inputs", '[');
	for (size_t i = 0; i < run->n_items; i++) {
		const struct map_item *it = &run->items[i];
		jsonw_raw(&w, NULL, it->input ? doc_text(it->input) : BYTES_LIT("null"));
	}
	jsonw_close(&w, ']');
	jsonw_open(&w, "counts", '[');
	for (size_t i = 0; i < run->n_items; i++)
		jsonw_int(&w, NULL, run->items[i].count);
	jsonw_close(&w, ']');
	emit(s, &w, "items", run->arn);
}

static void write_map_run(struct sink *s, struct map_run *run)
{
	write_items(s, run);
	struct jsonw w = begin(s);
	jsonw_str(&w, "parent", run->parent->arn);
	jsonw_int(&w, "flow", run->state->flow->id);
	jsonw_str(&w, "state", run->state->name);
	jsonw_int(&w, "status", run->status.now);
	jsonw_int(&w, "closing", run->closing);
	jsonw_int(&w, "start", run->start_ms);
	jsonw_int(&w, "stop", run->stop_ms);
	jsonw_int(&w, "redrive", run->redrive_ms);
	jsonw_int(&w, "attempts", run->attempts);
	jsonw_int(&w, "redrives", run->redrives);
	jsonw_bool(&w, "redriveWaits", run->redrive_waits);
	jsonw_bool(&w, "exported", run->exported);
	jsonw_int(&w, "maxConcurrency", run->settings.max_concurrency);
	jsonw_int(&w, "toleratedCount", run->settings.tolerated_count);
	jsonw_double(&w, "toleratedPercentage", run->settings.tolerated_percentage);
	jsonw_str(&w, "error", run->error);
	jsonw_str(&w, "cause", run->cause);
	jsonw_int(&w, "stage", run->stage);
	jsonw_int(&w, "mayStart", run->may_start);
	jsonw_str(&w, "source", run->source);
	jsonw_str(&w, "bucket", run->bucket);
	jsonw_str(&w, "prefix", run->prefix);
	jsonw_int(&w, "nth", (int64_t)run->nth);
	if (run->stop.place) {
		jsonw_int(&w, "stopAt", run->stop.at);
		jsonw_int(&w, "stopOrder", (int64_t)run->stop.order);
	}
	emit(s, &w, "maprun", run->arn);
}

static void write_activity(struct sink *s, const struct activity *a)
{
	struct jsonw w = begin(s);
	jsonw_str(&w, "name", a->name);
	jsonw_int(&w, "created", a->created_ms);
	tags_write(&w, a->tags);
	emit(s, &w, "activity", a->arn);
}

void engine_drain(struct engine *e, uint64_t ticket,
		  void (*write)(void *arg, const struct engine_record *r), void *arg)
{
	struct sink s = { write, arg, MEM_BUF };
	if (e->order_changed) {
		e->order_changed = false;
		struct jsonw w = begin(&s);
		jsonw_int(&w, "next", (int64_t)e->next_order);
		emit(&s, &w, "engine", "order");
	}
	while (e->dirty_first) {
		struct record *r = e->dirty_first;
		record_drop(e, r);
		r->ticket = ticket;
		switch (r->kind) {
		case RECORD_MACHINE:
			write_machine(&s, CONTAINER_OF(r, struct machine, record));
			break;
		case RECORD_EXECUTION:
			write_execution(&s, CONTAINER_OF(r, struct execution, record));
			break;
		case RECORD_ACTIVITY:
			write_activity(&s, CONTAINER_OF(r, struct activity, record));
			break;
		case RECORD_MAP_RUN:
			write_map_run(&s, CONTAINER_OF(r, struct map_run, record));
			break;
		}
	}
	while (e->gone_first) {
		const struct engine_record r = { e->gone_first->kind,
						 e->gone_first->key,
						 { NULL, 0 } };
		write(arg, &r);
		pop_gone(e);
	}
	buf_clear(&s.text);
}
