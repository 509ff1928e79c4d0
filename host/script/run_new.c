/* run_new.c - the making and the freeing of a run: copies of what run_spec gave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "script/file.h"
#include "script/json_lua.h"
#include "script/run_load.h"
#include "script/run_private.h"
#include "script/unknown.h"

enum {
	DEFAULT_MEMORY = 16 << 20,
	DEFAULT_CPU_MS = 10 * 1000,
	DEFAULT_CALL_MS = 60 * 1000,
	DEFAULT_LOG = 1 << 20,
	DEFAULT_RESULT = 1 << 20,
	DEFAULT_STEPS = 10 * 1000,
	DEFAULT_PARALLEL = 64,
	ACTOR_MAX = 16 * 1024,
};

static void free_rules(struct run *r)
{
	for (size_t i = 0; i < r->n_rules; i++)
		free(r->rules[i].operation);
	free(r->rules);
}

static void clear_queues(struct run *r)
{
	r->runnable = r->ends = (struct queue){ 0 };
	while (r->branches)
		branch_free(r->branches);
}

void run_free(struct run *r)
{
	if (!r->stand_in) {
		run_index_remove(&r->runs->index, &r->key);
		r->runs->n_awake--;
	}
	clear_queues(r);
	state_free(r->state);
	unknown_clear(&r->unknown);
	free_rules(r);
	journal_free(r->journal);
	run_record_free(r->record);
	tally_clear(&r->tally);
	free(r->source);
	free(r->facts.path);
	free(r->facts.folder);
	free(r->facts.actor);
	free(r->facts.reason);
	free(r->facts.config);
	free(r->facts.input);
	free(r->facts.options);
	free(r);
}

/* JSON text of an object, "" being {}; what says which argument is at fault. */
static int read_object(cJSON **out, struct bytes text, const char *what, struct err *err)
{
	struct err why = { 0 };
	*out = text.n > 0 ? json_parse(text, &why) : cJSON_CreateObject();
	if (cJSON_IsObject(*out))
		return 0;
	cJSON_Delete(*out);
	*out = NULL;
	return err_set(err, ERR_INVALID, "%s: %s", what,
		       why.code ? why.message : "expected a JSON object");
}

/* *out: its text, written by us. */
static int copy_object(char **out, struct bytes from, size_t max, const char *what, struct err *err)
{
	cJSON *v = NULL;
	struct buf text = BUF_INIT(max);
	int rc = read_object(&v, from, what, err);
	if (rc < 0)
		return rc;
	json_write(&text, v);
	cJSON_Delete(v);
	if (text.err) {
		buf_clear(&text);
		return err_set(err, ERR_INVALID, "%s: more than %zu bytes", what, max);
	}
	*out = text.p;
	return 0;
}

static int copy_rules(struct run *r, const struct run_spec *spec)
{
	r->rules = calloc(spec->n_rules + 1, sizeof(*r->rules));
	for (size_t i = 0; r->rules && i < spec->n_rules; i++) {
		r->rules[i].max_calls = spec->rules[i].max_calls;
		r->rules[i].operation = strdup(spec->rules[i].operation);
		r->n_rules++;
		if (!r->rules[i].operation)
			return -ERR_NOMEM;
	}
	return r->rules ? 0 : -ERR_NOMEM;
}

static int copy_facts(struct run *r, const struct run_spec *spec)
{
	struct run_facts *f = &r->facts;
	f->attempt = spec->attempt > 0 ? spec->attempt : 1;
	f->path = strdup(spec->path);
	f->folder = file_folder(spec->path);
	f->reason = spec->reason ? strdup(spec->reason) : NULL;
	f->config = spec->config ? strdup(spec->config) : NULL;
	f->options = run_options_write(spec);
	f->created_ms = f->started_ms = clock_wall_ms();
	f->deadline_ms = spec->timeout_ms > 0 ? f->created_ms + spec->timeout_ms : 0;
	(void)snprintf(f->id, sizeof(f->id), "%s", r->key.id);
	bool missing = !f->path || !f->folder || !f->options || (spec->reason && !f->reason) ||
		       (spec->config && !f->config);
	return missing ? -ERR_NOMEM : 0;
}

int run_set_source(struct run *r, struct bytes source, struct err *err)
{
	uint8_t hash[SHA256_LEN];
	char *copy = malloc(source.n + 1);
	if (!copy || sha256(hash, source) < 0) {
		free(copy);
		return err_set(err, ERR_NOMEM, "no memory for the runbook");
	}
	memcpy(copy, source.p ? source.p : "", source.n);
	copy[source.n] = '\0';
	hex_lower(r->facts.sha256, hash, sizeof(hash));
	free(r->source);
	r->source = copy;
	r->n_source = source.n;
	return 0;
}

int run_read_source(struct run *r, const char *path, struct err *err)
{
	struct buf text = BUF_INIT(FILE_SOURCE_MAX);
	int rc = file_read(&text, path, err);
	if (rc == 0)
		rc = run_set_source(r, buf_bytes(&text), err);
	buf_clear(&text);
	return rc;
}

static int fill(struct run *r, const struct run_spec *spec, struct err *err)
{
	int rc = copy_object(&r->facts.input, spec->input, JSON_TEXT_MAX, "input", err);
	if (rc == 0)
		rc = copy_object(&r->facts.actor, spec->actor, ACTOR_MAX, "actor", err);
	if (rc < 0)
		return rc;
	if (copy_facts(r, spec) < 0 || copy_rules(r, spec) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	return 0;
}

/* Its key, so that it is in the index from the first. */
static int name(struct run *r, const struct run_spec *spec, struct err *err)
{
	if (spec->id && strlen(spec->id) >= RUN_ID_SIZE)
		return err_set(err, ERR_INVALID, "run id '%s' is too long", spec->id);
	if (spec->id && run_index_by_id(&r->runs->index, spec->id))
		return err_set(err, ERR_INVALID, "run %s goes on already", spec->id);
	if (spec->id)
		(void)snprintf(r->key.id, sizeof(r->key.id), "%s", spec->id);
	else
		uuid_v7(r->key.id, clock_wall_ms());
	r->key.number = ++r->runs->last_number;
	return 0;
}

int run_new(struct run **out, struct runs *runs, const struct run_spec *spec, struct err *err)
{
	struct run *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	*r = (struct run){
		.runs = runs,
		.dry_run = spec->dry_run,
		.call_timeout_ms = spec->call_timeout_ms ? spec->call_timeout_ms : DEFAULT_CALL_MS,
		.result_max = spec->result_max ? spec->result_max : DEFAULT_RESULT,
		.parallel_max = spec->parallel_max ? spec->parallel_max : DEFAULT_PARALLEL,
		.limits = { .memory_max = spec->memory_max ? spec->memory_max : DEFAULT_MEMORY,
			    .cpu_ms = spec->cpu_ms ? spec->cpu_ms : DEFAULT_CPU_MS,
			    .log_max = spec->log_max ? spec->log_max : DEFAULT_LOG,
			    .steps_max = spec->steps_max ? spec->steps_max : DEFAULT_STEPS },
		.listener = spec->listener,
	};
	int rc = name(r, spec, err);
	if (rc < 0) {
		free(r);
		return rc;
	}
	run_index_add(&runs->index, &r->key);
	runs->n_awake++;
	rc = fill(r, spec, err);
	if (rc < 0) {
		run_free(r);
		return rc;
	}
	*out = r;
	return 0;
}
