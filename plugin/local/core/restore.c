#include "local/core/restore.h"

#include <stdio.h>
#include <stdlib.h>

#include "local/core/activity.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/engine.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/map_stop.h"
#include "local/core/mem.h"
#include "local/core/task.h"

struct kept {
	char *key;
	cJSON *json;
	void *made; /* what was built from it */
};

struct kept_list {
	struct kept **all;
	size_t n, cap;
	struct table by_key;
};

enum { ACTIVITIES, DEFINITIONS, MACHINES, EXECUTIONS, MAP_RUNS, ITEMS, EVENTS, KINDS };

static const char *const kind_names[KINDS] = { "activity", "definition", "machine", "execution",
					       "maprun",   "items",      "event" };

struct waiting {
	struct frame *f;
	const cJSON *json;
};

struct restore {
	struct kept_list kinds[KINDS];
	struct waiting *waiting; /* ready frames and tasks, to be put in order */
	size_t n_waiting, cap_waiting;
};

/* ---- keeping ---- */

static void keep(struct kept_list *l, const char *key, cJSON *json)
{
	struct kept *k = mem_zero(sizeof(*k));
	k->key = mem_str(key);
	k->json = json;
	l->all = mem_room(l->all, l->n, &l->cap, sizeof(struct kept *));
	l->all[l->n++] = k;
	table_add(&l->by_key, bytes_str(k->key), k);
}

int engine_restore(struct engine *e, const struct engine_record *r, struct err *err)
{
	int kind = 0;
	while (kind < KINDS && strcmp(kind_names[kind], r->kind) != 0)
		kind++;
	cJSON *json = json_parse(r->json, err);
	if (!json)
		return -ERR_INVALID;
	if (strcmp(r->kind, "engine") == 0) {
		e->next_order = (uint64_t)json_get_int(json, "next", 1);
		cJSON_Delete(json);
		return 0;
	}
	if (kind == KINDS || (e->restore && table_find(&e->restore->kinds[kind].by_key, r->key))) {
		cJSON_Delete(json);
		return err_set(err, ERR_INVALID, "store: unexpected record %s %s", r->kind, r->key);
	}
	if (!e->restore)
		e->restore = mem_zero(sizeof(*e->restore));
	keep(&e->restore->kinds[kind], r->key, json);
	return 0;
}

void restore_free(struct restore *r)
{
	if (!r)
		return;
	for (int kind = 0; kind < KINDS; kind++) {
		struct kept_list *l = &r->kinds[kind];
		for (size_t i = 0; i < l->n; i++) {
			if (kind == DEFINITIONS)
				definition_unref(l->all[i]->made);
			cJSON_Delete(l->all[i]->json);
			free(l->all[i]->key);
			free(l->all[i]);
		}
		free(l->all);
		table_clear(&l->by_key);
	}
	free(r->waiting);
	free(r);
}

static int missing(struct err *err, const char *kind, const char *key)
{
	return err_set(err, ERR_INVALID, "store: %s %s is missing or damaged", kind,
		       key ? key : "(none)");
}

static struct kept *find(const struct engine *e, int kind, const char *key)
{
	return key ? table_find(&e->restore->kinds[kind].by_key, key) : NULL;
}

static void copy_text(char **to, const cJSON *from, const char *name)
{
	*to = mem_str(json_get_str(from, name));
}

static struct doc *read_doc(const cJSON *from, const char *name)
{
	const char *text = json_get_str(from, name);
	return text ? doc_of_text(bytes_str(text)) : NULL;
}

/* ---- activities, definitions and machines ---- */

static void restore_tags(cJSON **tags, const cJSON *j)
{
	const cJSON *list = json_get(j, "tags");
	*tags = list && list->child ? cJSON_Duplicate(list, true) : NULL;
}

static void build_activity(struct engine *e, const struct kept *k)
{
	const char *name = json_get_str(k->json, "name");
	struct activity *a = activity_new(e, k->key, name ? name : k->key);
	a->created_ms = json_get_int(k->json, "created", 0);
	restore_tags(&a->tags, k->json);
}

static int build_definition(struct kept *k, struct err *err)
{
	struct definition *d;
	const char *text = json_get_str(k->json, "text");
	if (!text || definition_load(&d, text) != 0)
		return missing(err, "definition", k->key);
	d->key = mem_str(k->key);
	d->saved = true;
	copy_text(&d->role, k->json, "role");
	copy_text(&d->revision, k->json, "revision");
	d->since_ms = json_get_int(k->json, "since", 0);
	k->made = d;
	return 0;
}

static int build_machine(struct engine *e, struct kept *k, struct err *err)
{
	const char *name = json_get_str(k->json, "name");
	const cJSON *keys = json_get(k->json, "revisions");
	if (!name || !cJSON_IsArray(keys) || !keys->child)
		return missing(err, "machine", k->key);
	struct machine *m = machine_new(e, k->key, name, json_get_bool(k->json, "express", false));
	for (const cJSON *v = keys->child; v; v = v->next) {
		struct kept *d = find(e, DEFINITIONS, v->valuestring);
		if (!d || !d->made)
			return missing(err, "definition", v->valuestring);
		machine_set_definition(m, definition_ref(d->made));
	}
	m->created_ms = json_get_int(k->json, "created", 0);
	copy_text(&m->logging, k->json, "logging");
	copy_text(&m->tracing, k->json, "tracing");
	copy_text(&m->encryption, k->json, "encryption");
	restore_tags(&m->tags, k->json);
	versions_restore(m, k->json);
	if (json_get(k->json, "gone")) {
		m->deleting = true;
		machine_arm_gone(m, json_get_int(k->json, "gone", 0));
	}
	return 0;
}

/* ---- executions and Map Runs ---- */

static struct map_run *need_map_run(struct engine *e, const char *arn, struct err *err);

static void place_on_roll(struct roll *r, struct execution *x, size_t place)
{
	while (r->n <= place) {
		r->rows = mem_room(r->rows, r->n, &r->cap, sizeof(struct execution *));
		r->rows[r->n++] = NULL;
	}
	r->rows[place] = x;
	x->place = place;
}

static void read_tokens(struct execution *x, const cJSON *list)
{
	if (!list)
		return;
	x->tokens = mem_zero(sizeof(*x->tokens));
	for (const cJSON *t = list->child; t && x->tokens->n < REDRIVE_TOKENS; t = t->next) {
		size_t i = x->tokens->n++;
		const char *text = json_get_str(t, "text");
		(void)snprintf(x->tokens->list[i].text, REDRIVE_TOKEN_SIZE, "%s", text ? text : "");
		x->tokens->list[i].ms = json_get_int(t, "ms", 0);
	}
}

static void read_execution(struct execution *x, const cJSON *j)
{
	const char *status = json_get_str(j, "status"), *was = json_get_str(j, "was");
	int now = status ? execution_status_of(status) : EXECUTION_STATUSES;
	x->status.now = now < EXECUTION_STATUSES ? now : EXECUTION_FAILED;
	x->was = was ? execution_status_of(was) : EXECUTION_RUNNING;
	x->start_ms = json_get_int(j, "start", 0);
	x->stop_ms = json_get_int(j, "stop", 0);
	x->redrive_ms = json_get_int(j, "redrive", 0);
	x->redrive_count = json_get_int(j, "redrives", 0);
	x->output = read_doc(j, "output");
	copy_text(&x->error, j, "error");
	copy_text(&x->cause, j, "cause");
	copy_text(&x->version_arn, j, "versionArn");
	copy_text(&x->alias_arn, j, "aliasArn");
	copy_text(&x->trace_header, j, "traceHeader");
	read_tokens(x, json_get(j, "tokens"));
	uint32_t events = (uint32_t)json_get_int(j, "events", 0);
	x->history.n = events;
	x->history.written = events;
	if (!x->express) {
		x->history.cap = events;
		x->history.events = mem_zero(events * sizeof(struct event));
	}
}

static struct execution *build_execution(struct engine *e, struct kept *k, struct err *err)
{
	const cJSON *j = k->json;
	const char *machine_arn = json_get_str(j, "machine"), *run_arn = json_get_str(j, "mapRun");
	struct machine *m = machine_arn ? table_find(&e->machines, machine_arn) : NULL;
	struct kept *d = find(e, DEFINITIONS, json_get_str(j, "definition"));
	struct map_run *run = run_arn ? need_map_run(e, run_arn, err) : NULL;
	struct definition *def = d ? d->made : NULL;
	int64_t flow = json_get_int(j, "flow", -1), item = json_get_int(j, "item", 0);
	const char *name = json_get_str(j, "name"), *input = json_get_str(j, "input");
	if (run_arn && !run)
		return NULL;
	if (!m || !def || !name || !input || flow < 0 || (size_t)flow >= def->n_flows ||
	    (run && (item < 0 || (size_t)item >= run->n_items))) {
		(void)missing(err, "execution", k->key);
		return NULL;
	}
	struct execution *x = execution_new(e, &(struct execution_spec){
						   .machine = m,
						   .definition = def,
						   .flow = def->flows[flow],
						   .map_run = run,
						   .item = (uint32_t)item,
						   .express = json_get_bool(j, "express", false),
						   .name = name,
						   .input = read_doc(j, "input"),
					       });
	read_execution(x, j);
	place_on_roll(run ? &run->roll : &m->roll, x, (size_t)json_get_int(j, "place", 0));
	if (run) {
		run->items[item].child = x;
		map_run_count(run, x, -1, x->status.now);
		if (run->next_item <= (size_t)item)
			run->next_item = (size_t)item + 1;
	} else if (execution_is_open(x) && !x->express) {
		e->open_executions++;
	}
	k->made = x;
	return x;
}

static struct execution *need_execution(struct engine *e, const char *arn, struct err *err)
{
	struct kept *k = find(e, EXECUTIONS, arn);
	if (!k)
		(void)missing(err, "execution", arn);
	else if (!k->made)
		(void)build_execution(e, k, err);
	return k ? k->made : NULL;
}

static struct map_item *read_items(const struct kept *k, size_t *n)
{
	const cJSON *inputs = json_get(k->json, "inputs"), *counts = json_get(k->json, "counts");
	*n = (size_t)cJSON_GetArraySize(inputs);
	struct map_item *items = mem_zero(*n * sizeof(*items));
	const cJSON *count = counts ? counts->child : NULL;
	size_t i = 0;
	for (const cJSON *v = inputs ? inputs->child : NULL; v; v = v->next, i++) {
		struct buf b = MEM_BUF;
		size_t len;
		json_write(&b, v);
		char *text = mem_take(&b, &len);
		items[i].input = doc_of_owned(text, len);
		items[i].count = count ? (uint32_t)count->valuedouble : 1;
		count = count ? count->next : NULL;
	}
	return items;
}

static void read_map_run(struct map_run *run, const cJSON *j)
{
	run->status.now = (int)json_get_int(j, "status", MAP_RUN_FAILED);
	run->closing = (int)json_get_int(j, "closing", 0);
	run->start_ms = json_get_int(j, "start", 0);
	run->stop_ms = json_get_int(j, "stop", 0);
	run->redrive_ms = json_get_int(j, "redrive", 0);
	run->redrives = json_get_int(j, "redrives", 0);
	run->attempts = json_get_int(j, "attempts", run->redrives);
	run->redrive_waits = json_get_bool(j, "redriveWaits", false);
	run->exported = json_get_bool(j, "exported", false);
	run->settings.max_concurrency = json_get_int(j, "maxConcurrency", 0);
	run->settings.tolerated_count = json_get_int(j, "toleratedCount", -1);
	const cJSON *p = json_get(j, "toleratedPercentage");
	run->settings.tolerated_percentage = cJSON_IsNumber(p) ? p->valuedouble : -1;
	copy_text(&run->error, j, "error");
	copy_text(&run->cause, j, "cause");
	run->stage = (enum map_run_stage)json_get_int(j, "stage", STAGE_CHILDREN);
	run->may_start = (enum policy_verdict)json_get_int(j, "mayStart", POLICY_ALLOWED);
	copy_text(&run->source, j, "source");
	copy_text(&run->bucket, j, "bucket");
	copy_text(&run->prefix, j, "prefix");
	run->nth = (size_t)json_get_int(j, "nth", 0);
	run->items_saved = true;
	if (json_get(j, "stopAt"))
		map_stop_restore(run, json_get_int(j, "stopAt", 0),
				 (uint64_t)json_get_int(j, "stopOrder", 0));
}

static struct map_run *need_map_run(struct engine *e, const char *arn, struct err *err)
{
	struct kept *k = find(e, MAP_RUNS, arn), *items = find(e, ITEMS, arn);
	if (k && k->made)
		return k->made;
	struct execution *parent =
	    k ? need_execution(e, json_get_str(k->json, "parent"), err) : NULL;
	const char *state = k ? json_get_str(k->json, "state") : NULL;
	int64_t flow = k ? json_get_int(k->json, "flow", -1) : -1;
	if (!parent || !state || flow < 0 || (size_t)flow >= parent->definition->n_flows ||
	    !flow_state(parent->definition->flows[flow], state)) {
		(void)missing(err, "Map Run", arn);
		return NULL;
	}
	size_t n = 0;
	struct map_item *list = items ? read_items(items, &n) : NULL;
	struct map_run *run =
	    map_run_new(parent, flow_state(parent->definition->flows[flow], state), arn, list, n);
	read_map_run(run, k->json);
	k->made = run;
	return run;
}

/* ---- histories ---- */

static int build_event(struct engine *e, const struct kept *k, struct err *err)
{
	const char *hash = strrchr(k->key, '#'), *type = json_get_str(k->json, "type");
	char *arn = mem_dup((struct bytes){ k->key, hash ? (size_t)(hash - k->key) : 0 });
	struct execution *x = table_find(&e->executions, arn);
	int64_t id = 0;
	for (const char *p = hash ? hash + 1 : ""; *p >= '0' && *p <= '9' && id < HISTORY_MAX; p++)
		id = id * 10 + (*p - '0');
	free(arn);
	enum event_type t = type ? event_type_of(type) : EVENT_TYPES;
	if (!x || !x->history.events || id < 1 || id > x->history.n || t == EVENT_TYPES)
		return missing(err, "event", k->key);
	struct event *ev = &x->history.events[id - 1];
	*ev = (struct event){ .ms = json_get_int(k->json, "ms", 0),
			      .prev = (int32_t)json_get_int(k->json, "prev", 0),
			      .type = t };
	const cJSON *details = json_get(k->json, "details");
	if (details) {
		struct buf b = MEM_BUF;
		json_write(&b, details);
		ev->details = mem_take(&b, NULL);
	}
	return 0;
}

/* ---- frames ---- */

static void wait_in_line(struct restore *r, struct frame *f, const cJSON *j)
{
	r->waiting = mem_room(r->waiting, r->n_waiting, &r->cap_waiting, sizeof(*r->waiting));
	r->waiting[r->n_waiting++] = (struct waiting){ f, j };
}

static void read_attempts(struct frame *f, const cJSON *list)
{
	size_t i = 0;
	if (!list)
		return;
	f->attempts = mem_zero((size_t)cJSON_GetArraySize(list) * sizeof(int64_t));
	for (const cJSON *v = list->child; v; v = v->next)
		f->attempts[i++] = (int64_t)v->valuedouble;
}

static struct frame *build_frame(struct engine *e, struct execution *x, struct frame *parent,
				 uint32_t index, const cJSON *j);

static void build_kids(struct engine *e, struct frame *f, const cJSON *list)
{
	uint32_t i = 0;
	f->n_kids = (size_t)cJSON_GetArraySize(list);
	f->kids = mem_zero(f->n_kids * sizeof(struct frame *));
	for (const cJSON *k = list->child; k; k = k->next, i++) {
		f->kids[i] = build_frame(e, f->x, f, i, k);
		f->kids_begun += f->kids[i]->phase.now != FRAME_IDLE;
		f->kids_done += f->kids[i]->phase.now == FRAME_DONE;
	}
}

static int phase_of(const char *name)
{
	int p = 0;
	while (p < FRAME_PHASES && strcmp(frame_phases[p].name, name ? name : "") != 0)
		p++;
	return p < FRAME_PHASES ? p : FRAME_STOPPED;
}

static struct frame *build_frame(struct engine *e, struct execution *x, struct frame *parent,
				 uint32_t index, const cJSON *j)
{
	int64_t flow = json_get_int(j, "flow", 0);
	const struct definition *d = x->definition;
	struct frame *f =
	    frame_new(x, parent, index, d->flows[flow > 0 && (size_t)flow < d->n_flows ? flow : 0]);
	const char *state = json_get_str(j, "state"), *run = json_get_str(j, "mapRun");
	f->phase.now = phase_of(json_get_str(j, "phase"));
	f->state = state ? flow_state(f->flow, state) : NULL;
	f->input = read_doc(j, "input");
	f->output = read_doc(j, "output");
	f->item = read_doc(j, "item");
	f->entered_id = json_get_int(j, "entered", 0);
	f->entered_ms = json_get_int(j, "enteredAt", 0);
	f->last_id = json_get_int(j, "last", 0);
	f->started_id = json_get_int(j, "started", 0);
	f->order = (uint64_t)json_get_int(j, "order", 0);
	f->max_concurrency = json_get_int(j, "most", 0);
	read_attempts(f, json_get(j, "attempts"));
	f->map_run = run ? table_find(&e->map_runs, run) : NULL;
	if (f->map_run && f->phase.now == FRAME_MAPPING)
		f->map_run->frame = f;
	if (json_get(j, "kids"))
		build_kids(e, f, json_get(j, "kids"));
	if (json_get(j, "alarm"))
		frame_restore_alarm(f, json_get_int(j, "alarm", 0));
	if (f->phase.now == FRAME_READY || f->phase.now == FRAME_TASK)
		wait_in_line(e->restore, f, j);
	return f;
}

static int by_nth(const void *a, const void *b)
{
	const struct map_run *const *x = a, *const *y = b;
	return (*x)->nth < (*y)->nth ? -1 : (*x)->nth > (*y)->nth;
}

static int by_order(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;
	return x->f->order < y->f->order ? -1 : x->f->order > y->f->order;
}

static void go_on(struct engine *e)
{
	struct restore *r = e->restore;
	if (r->n_waiting)
		qsort(r->waiting, r->n_waiting, sizeof(*r->waiting), by_order);
	for (size_t i = 0; i < r->n_waiting; i++)
		if (r->waiting[i].f->phase.now == FRAME_READY)
			frame_ready_again(r->waiting[i].f);
	for (size_t i = 0; i < r->n_waiting; i++)
		if (r->waiting[i].f->phase.now == FRAME_TASK)
			task_restore(r->waiting[i].f, json_get(r->waiting[i].json, "task"));
	for (size_t i = 0; i < r->kinds[MAP_RUNS].n; i++)
		map_run_resume(r->kinds[MAP_RUNS].all[i]->made);
}

static int build_all(struct engine *e, struct err *err)
{
	struct kept_list *kinds = e->restore->kinds;
	int rc = 0;
	for (size_t i = 0; i < kinds[ACTIVITIES].n; i++)
		build_activity(e, kinds[ACTIVITIES].all[i]);
	for (size_t i = 0; i < kinds[DEFINITIONS].n && !rc; i++)
		rc = build_definition(kinds[DEFINITIONS].all[i], err);
	for (size_t i = 0; i < kinds[MACHINES].n && !rc; i++)
		rc = build_machine(e, kinds[MACHINES].all[i], err);
	for (size_t i = 0; i < kinds[EXECUTIONS].n && !rc; i++)
		if (!need_execution(e, kinds[EXECUTIONS].all[i]->key, err))
			rc = -ERR_INVALID;
	for (size_t i = 0; i < kinds[MAP_RUNS].n && !rc; i++)
		if (!need_map_run(e, kinds[MAP_RUNS].all[i]->key, err))
			rc = -ERR_INVALID;
	for (size_t i = 0; i < kinds[EVENTS].n && !rc; i++)
		rc = build_event(e, kinds[EVENTS].all[i], err);
	return rc;
}

int engine_restored(struct engine *e, int64_t now_ms, struct err *err)
{
	e->now = now_ms;
	if (!e->restore)
		return 0;
	int rc = build_all(e, err);
	struct kept_list *l = &e->restore->kinds[EXECUTIONS];
	for (size_t i = 0; i < l->n && !rc; i++) {
		struct execution *x = l->all[i]->made;
		const cJSON *j = l->all[i]->json;
		if (x->n_map_runs)
			qsort(x->map_runs, x->n_map_runs, sizeof(struct map_run *), by_nth);
		if (json_get(j, "frame"))
			x->root = build_frame(e, x, NULL, 0, json_get(j, "frame"));
		if (json_get(j, "timeout"))
			execution_restore_timeout(x, json_get_int(j, "timeout", 0));
	}
	if (!rc)
		go_on(e);
	restore_free(e->restore);
	e->restore = NULL;
	return rc;
}
