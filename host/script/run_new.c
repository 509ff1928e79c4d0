/* run_new.c - the making and the freeing of a run: copies of what run_spec gave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "script/call.h"
#include "script/file.h"
#include "script/rules.h"
#include "script/run_private.h"
#include "script/unknown.h"

enum {
	DEFAULT_MEMORY = 16 << 20,
	DEFAULT_CPU_MS = 10 * 1000,
	DEFAULT_CALL_MS = 60 * 1000,
	DEFAULT_LOG = 1 << 20,
	DEFAULT_RESULT = 1 << 20,
	DEFAULT_STEPS = 10 * 1000,
	ACTOR_MAX = 16 * 1024,
};

/* Version 7 of RFC 9562: 48 bits of milliseconds, then randomness. */
static void make_id(char out[RUN_ID_SIZE])
{
	uint8_t b[16];
	uint64_t ms = (uint64_t)clock_wall_ms();
	random_bytes(b, sizeof(b));
	for (int i = 5; i >= 0; i--, ms >>= 8)
		b[i] = (uint8_t)ms;
	uuid_format(out, b, 7);
}

static void free_rules(struct run *r)
{
	for (size_t i = 0; i < r->n_rules; i++)
		free(r->rules[i].operation);
	free(r->rules);
}

static void unlink_run(struct run *r)
{
	for (struct run **p = &r->runs->first; *p; p = &(*p)->next) {
		if (*p == r) {
			*p = r->next;
			return;
		}
	}
}

void run_free(struct run *r)
{
	unlink_run(r);
	state_free(r->state);
	call_free(r->call);
	unknown_clear(&r->unknown);
	free_rules(r);
	rules_run_end(r->runs->rules, r);
	tally_clear(&r->tally);
	free(r->source);
	cJSON_Delete(r->input);
	free(r->facts.path);
	free(r->facts.folder);
	free(r->facts.actor);
	free(r->facts.reason);
	free(r->facts.config);
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

static int copy_actor(struct run *r, struct bytes actor, struct err *err)
{
	cJSON *v = NULL;
	struct buf text = BUF_INIT(ACTOR_MAX);
	int rc = read_object(&v, actor, "actor", err);
	if (rc < 0)
		return rc;
	json_write(&text, v);
	cJSON_Delete(v);
	r->facts.actor = text.err ? NULL : text.p;
	if (text.err) {
		buf_clear(&text);
		return err_set(err, ERR_INVALID, "actor: more than %d bytes", ACTOR_MAX);
	}
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
	if (spec->id)
		(void)snprintf(f->id, sizeof(f->id), "%s", spec->id);
	else
		make_id(f->id);
	bool missing =
	    !f->path || !f->folder || (spec->reason && !f->reason) || (spec->config && !f->config);
	return missing ? -ERR_NOMEM : 0;
}

static int read_source(struct run *r, const char *path, struct err *err)
{
	struct buf text = BUF_INIT(FILE_SOURCE_MAX);
	uint8_t hash[SHA256_LEN];
	int rc = file_read(&text, path, err);
	if (rc == 0 && sha256(hash, buf_bytes(&text)) < 0)
		rc = err_set(err, ERR_NOMEM, "no memory for the runbook");
	if (rc < 0) {
		buf_clear(&text);
		return rc;
	}
	hex_lower(r->facts.sha256, hash, sizeof(hash));
	r->source = text.p;
	r->n_source = text.n;
	return 0;
}

static int fill(struct run *r, const struct run_spec *spec, struct err *err)
{
	if (spec->id && strlen(spec->id) >= RUN_ID_SIZE)
		return err_set(err, ERR_INVALID, "run id '%s' is too long", spec->id);
	int rc = read_source(r, spec->path, err);
	if (rc == 0)
		rc = read_object(&r->input, spec->input, "input", err);
	if (rc == 0)
		rc = copy_actor(r, spec->actor, err);
	if (rc < 0)
		return rc;
	if (copy_facts(r, spec) < 0 || copy_rules(r, spec) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	return rules_run_begin(r->runs->rules, r, r->source ? r->source : "", spec->input, err);
}

int run_new(struct run **out, struct runs *runs, const struct run_spec *spec, struct err *err)
{
	struct run *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	*r = (struct run){
		.next = runs->first,
		.runs = runs,
		.number = ++runs->last_number,
		.dry_run = spec->dry_run,
		.call_timeout_ms = spec->call_timeout_ms ? spec->call_timeout_ms : DEFAULT_CALL_MS,
		.result_max = spec->result_max ? spec->result_max : DEFAULT_RESULT,
		.limits = { .memory_max = spec->memory_max ? spec->memory_max : DEFAULT_MEMORY,
			    .cpu_ms = spec->cpu_ms ? spec->cpu_ms : DEFAULT_CPU_MS,
			    .log_max = spec->log_max ? spec->log_max : DEFAULT_LOG,
			    .steps_max = spec->steps_max ? spec->steps_max : DEFAULT_STEPS },
		.on_log = spec->on_log,
		.on_progress = spec->on_progress,
		.on_end = spec->on_end,
		.arg = spec->arg,
	};
	runs->first = r;
	int rc = fill(r, spec, err);
	if (rc < 0) {
		run_free(r);
		return rc;
	}
	*out = r;
	return 0;
}
