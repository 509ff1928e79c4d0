/* state_map.c - Map: its items and settings; the Distributed one and its Map Run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/map_items.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/result_writer.h"
#include "local/core/state.h"

/* ---- items and settings ---- */

/* The list to work on: what ItemsPath finds in the effective input. A Distributed Map takes an object
 * as the list of its members (documented); an Inline one does not (recorded). */
static int find_items(struct frame *f, struct doc *input, struct doc **items, struct err *err)
{
	const char *path = json_get_str(f->state->def, "ItemsPath");
	int rc = 0;
	if (path && strcmp(path, "$") != 0) {
		cJSON *tree;
		rc = data_path(f, input, path, &tree, err);
		if (rc)
			return rc;
		*items = doc_of_tree(tree);
	} else {
		*items = doc_ref(input);
	}
	bool members = f->state->distributed && cJSON_IsObject(doc_tree(*items));
	if (!cJSON_IsArray(doc_tree(*items)) && !members) {
		doc_unref(*items);
		rc = fault(err, "States.Runtime", "Reference path \"%s\" must point to array.",
			   path ? path : "$");
	}
	return rc;
}

/* A number of the state: given, or found at its ...Path. *found tells whether there is one. */
static int setting(struct frame *f, struct doc *input, const char *name, double *out, bool *found,
		   struct err *err)
{
	bool whole = strcmp(name, "ToleratedFailurePercentage") != 0;
	char field[48];
	const cJSON *given = json_get(f->state->def, name);
	(void)snprintf(field, sizeof(field), "%sPath", name);
	const char *path = json_get_str(f->state->def, field);
	cJSON *v = NULL;
	*found = given || path;
	if (!*found)
		return 0;
	if (path) {
		int rc = data_path(f, input, path, &v, err);
		if (rc)
			return rc;
		given = v;
	}
	int rc = 0;
	if (cJSON_IsNumber(given) && (!whole || given->valuedouble == floor(given->valuedouble))) {
		*out = given->valuedouble;
	} else {
		struct buf text = BUF_INIT(512);
		if (cJSON_IsString(given))
			buf_adds(&text, given->valuestring);
		else
			json_write(&text, given);
		rc = fault(err, "States.Runtime",
			   "The %s field refers to value \"%s\" which is not a valid %s: %s", field,
			   buf_cstr(&text), whole ? "integer" : "float", path ? path : name);
		buf_clear(&text);
	}
	cJSON_Delete(v);
	return rc;
}

/* Into f->max_concurrency; 0: not limited. */
static int read_concurrency(struct frame *f, struct doc *input, struct err *err)
{
	double v = 0;
	bool found;
	int rc = setting(f, input, "MaxConcurrency", &v, &found, err);
	if (!rc && found && v < 0)
		rc = fault(err, "States.Runtime",
			   "Expected non-negative integer for MaxConcurrency, got '%.0f' instead.",
			   v);
	f->max_concurrency = !rc && found ? (int64_t)v : 0;
	return rc;
}

static int read_settings(struct frame *f, struct doc *input, struct map_settings *s,
			 struct err *err)
{
	double v = 0;
	bool found;
	*s = (struct map_settings){ f->max_concurrency, -1, -1 };
	int rc = setting(f, input, "ToleratedFailureCount", &v, &found, err);
	if (!rc && found && v < 0)
		rc = fault(err, "States.Runtime", "ToleratedFailureCount cannot be negative.");
	if (!rc && found)
		s->tolerated_count = (int64_t)v;
	if (!rc)
		rc = setting(f, input, "ToleratedFailurePercentage", &v, &found, err);
	if (!rc && found && (v < 0 || v > 100))
		rc = fault(err, "States.Runtime",
			   "ToleratedFailurePercentage must be between 0 and 100.");
	if (!rc && found)
		s->tolerated_percentage = v;
	return rc;
}

/* ---- the Map Run ---- */

static struct map_run *make_run(struct frame *f, struct map_item *items, size_t n)
{
	char uuid[40];
	const struct machine *m = f->x->machine;
	engine_uuid(f->x->e, uuid, 4);
	const char *tail = strstr(m->arn, ":stateMachine:");
	char *arn = mem_printf("%.*s:mapRun:%s/%s:%s", (int)(tail - m->arn), m->arn, m->name,
			       f->state->label, uuid);
	struct map_run *run = map_run_new(f->x, f->state, arn, items, n);
	free(arn);
	return run;
}

static void start_run(struct frame *f, struct map_run *run)
{
	f->map_run = run;
	sm_move(&f->phase, FRAME_MAPPING);
	map_run_start(run, f);
}

/* @param list  NULL: an ItemReader brings it */
static void run_distributed(struct frame *f, struct doc *input, struct doc *list)
{
	struct err why = { 0 };
	struct map_settings settings;
	struct map_item *items = NULL;
	size_t n = 0;
	bool buckets = !list || json_get_str(json_get(f->state->def, "ResultWriter"), "Resource");
	int rc = read_settings(f, input, &settings, &why);
	if (!rc && buckets && !f->x->e->world.object_start)
		rc = fault(&why, "States.Runtime", "This engine has no buckets");
	if (!rc && list)
		rc = map_items_make(f, doc_tree(list), "STATE_DATA", &items, &n, &why);
	if (rc) {
		frame_fault(f, &why);
		return;
	}
	struct map_run *run = make_run(f, items, n);
	run->settings = settings;
	if (result_writer_open(run, f, &why) != 0) {
		map_run_discard(run);
		frame_fault(f, &why);
		return;
	}
	start_run(f, run);
}

void state_map_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input, *list = NULL;
	struct details d;
	bool reads = f->state->distributed && json_get(f->state->def, "ItemReader");
	if (!state_input(f, &input))
		return;
	/* Before MapStateStarted, unlike the tolerated failures (recorded). */
	int rc = read_concurrency(f, input, &why);
	if (!rc && !reads)
		rc = find_items(f, input, &list, &why);
	if (rc) {
		frame_fault(f, &why);
		doc_unref(input);
		return;
	}
	/* Recorded: 0 when an ItemReader brings the items. */
	details_open(&d);
	jsonw_int(&d.w, "length", list ? cJSON_GetArraySize(doc_tree(list)) : 0);
	f->started_id = history_add(f->x, EV_MAP_STATE_STARTED, f->last_id, &d);
	f->last_id = f->started_id;
	if (f->state->distributed)
		run_distributed(f, input, list);
	else
		state_inline_map_run(f, input, list);
	doc_unref(list);
	doc_unref(input);
}

/* ---- its end and its redrive ---- */

/* The outputs of the children that succeeded, in the order of their items. */
static struct doc *collect(const struct map_run *run)
{
	struct buf b = MEM_BUF;
	bool more = false;
	buf_adds(&b, "[");
	for (size_t i = 0; i < run->n_items; i++) {
		const struct execution *child = run->items[i].child;
		if (!child || !child->output)
			continue;
		struct bytes text = doc_text(child->output);
		buf_adds(&b, more ? "," : "");
		buf_add(&b, text.p, text.n);
		more = true;
	}
	buf_adds(&b, "]");
	size_t n;
	char *text = mem_take(&b, &n);
	return doc_of_owned(text, n);
}

void state_map_run_ended(struct frame *f, struct map_run *run)
{
	if (frame_machine_deleted(f))
		return;
	if (run->status.now != MAP_RUN_SUCCEEDED) {
		int64_t failed =
		    history_add_error(f->x, EV_MAP_RUN_FAILED, f->last_id, run->error, run->cause);
		f->last_id = history_add(f->x, EV_MAP_STATE_FAILED, failed, NULL);
		frame_fail(f, run->error, run->cause);
		return;
	}
	/* Recorded: MapStateExited follows MapRunStarted (or MapRunRedriven), not these two. */
	int64_t done = history_add(f->x, EV_MAP_RUN_SUCCEEDED, f->last_id, NULL);
	(void)history_add(f->x, EV_MAP_STATE_SUCCEEDED, done, NULL);
	struct doc *result = run->bucket ? result_writer_output(run) : collect(run);
	state_finish(f, result);
	doc_unref(result);
}

void state_map_note_start(struct frame *f, const struct map_run *run)
{
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "mapRunArn", run->arn);
	f->last_id = history_add(f->x, EV_MAP_RUN_STARTED, f->started_id, &d);
	record_touch(f->x->e, &f->x->record);
}

void state_map_test_failed(struct frame *f, const char *why)
{
	struct err err;
	(void)fault(&err, "States.Runtime",
		    "Failed to write a test manifest into the specified output bucket. | Message "
		    "from S3: %s",
		    why);
	frame_fault(f, &err);
}

/* Recorded with a ResultWriter, whose test manifest needs the role first. */
void state_map_role_missing(struct frame *f, bool writes)
{
	struct err err;
	(void)fault(&err, "States.Runtime",
		    "%sStep Functions failed to assume the provided role. Please update your IAM "
		    "trust policy to allow Step Functions to assume the role. | Message from STS: "
		    "The principal states.amazonaws.com is not authorized to assume the provided "
		    "role. (role: %s)",
		    writes ? "Failed to write a test manifest into the specified output bucket. "
			   : "",
		    f->x->definition->role);
	frame_fault(f, &err);
}

void state_map_role_unknown(struct frame *f, const char *why)
{
	struct err err;
	(void)fault(&err, "States.Runtime", "The policies of the role %s cannot be read: %s",
		    f->x->definition->role, why);
	frame_fault(f, &err);
}

int64_t state_map_note_redrive(struct frame *f, struct map_run *run)
{
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "mapRunArn", run->arn);
	jsonw_int(&d.w, "redriveCount", run->attempts + 1);
	f->last_id = history_add(f->x, EV_MAP_RUN_REDRIVEN, f->started_id, &d);
	record_touch(f->x->e, &f->x->record);
	return run->attempts + 1;
}

void state_map_redrive(struct frame *f)
{
	struct map_run *run = f->map_run;
	if (run->status.now == MAP_RUN_SUCCEEDED) {
		/* It failed on the result (size, paths): documented to start a new Map Run. */
		f->map_run = NULL;
		f->last_id = f->entered_id;
		frame_ready(f);
		return;
	}
	sm_move(&f->phase, FRAME_MAPPING);
	if (run->status.now == MAP_RUN_RUNNING) {
		run->frame = f;
		run->redrive_waits = true;
		record_touch(run->e, &run->record);
	} else if (run->attempts >= MAP_RUN_REDRIVES) {
		frame_fail_hard(f, "States.Runtime",
				"The Map Run has reached the maximum number of redrives (1000).");
	} else {
		map_run_redrive(run, f);
	}
}
