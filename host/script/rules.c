#include "script/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/json.h"
#include "commit/commit.h"
#include "script/functions.h"
#include "script/hold.h"
#include "script/rules_private.h"
#include "script/run_private.h"

enum { MEMBERS_MAX = 8192, KEY_MAX = 4096, JUDGE_MEMORY = 8 << 20, JUDGE_CPU_MS = 200 };

/* ---- life ---- */

/* A pattern that matches nothing was misspelt, and would let pass what it was written to forbid. */
static int check_pattern(const struct registry *reg, const char *operations, const char *where,
			 struct err *err)
{
	for (size_t i = 0; i < registry_n_operations(reg); i++)
		if (glob_match(operations, registry_operation(reg, i)->full_name))
			return 0;
	return err_set(err, ERR_INVALID,
		       "%.900s: no plugin has an operation %.60s; 'runbook ops' lists all", where,
		       operations);
}

static int check_patterns(const struct registry *reg, const struct policy *p, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < p->n_allow; i++)
		rc = check_pattern(reg, p->allow[i].operation, p->allow[i].where, err);
	for (size_t i = 0; rc == 0 && i < p->n_deny; i++)
		rc = check_pattern(reg, p->deny[i].operation, p->deny[i].where, err);
	for (size_t i = 0; rc == 0 && i < p->n_budgets; i++)
		rc = check_pattern(reg, p->budgets[i].operations, p->budgets[i].where, err);
	for (size_t i = 0; rc == 0 && i < p->n_approvals; i++)
		rc =
		    check_pattern(reg, p->approvals[i].of.operation, p->approvals[i].of.where, err);
	return rc;
}

static int open_judge(struct rulebook *b, const struct rules_spec *spec, struct err *err)
{
	int rc = functions_open(&b->judge,
				&(struct functions_spec){ .path = spec->policy_file,
							  .lua_dir = spec->lua_dir,
							  .memory_max = JUDGE_MEMORY,
							  .cpu_ms = JUDGE_CPU_MS },
				err);
	if (rc == 0 && !functions_has(b->judge, "judge"))
		rc = err_set(err, ERR_INVALID, "%.900s: returns no function 'judge'",
			     spec->policy_file);
	return rc;
}

int rulebook_new(struct rulebook **out, const struct rules_spec *spec, struct err *err)
{
	struct rulebook *b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ERR_NOMEM, "no memory for the rules");
	*b = (struct rulebook){ .policy = spec->policy,
				.limits = spec->limits,
				.n_limits = spec->n_limits };
	int rc = spec->policy ? check_patterns(spec->registry, spec->policy, err) : 0;
	if (rc == 0 && spec->policy_file)
		rc = open_judge(b, spec, err);
	if (rc < 0) {
		rulebook_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

void rulebook_free(struct rulebook *b)
{
	if (!b)
		return;
	functions_close(b->judge);
	free(b);
}

void rules_take(struct rules *r, struct rulebook *b)
{
	rulebook_free(r->book);
	r->book = b;
}

int rules_new(struct rules **out, const struct rules_spec *spec, struct err *err)
{
	struct rules *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for the rules");
	*r = (struct rules){ .state_dir = strdup(spec->state_dir), .registry = spec->registry };
	int rc = r->state_dir ? changes_new(&r->changes, err)
			      : err_set(err, ERR_NOMEM, "no memory for the rules");
	if (rc == 0)
		rc = rulebook_new(&r->book, spec, err);
	if (rc < 0) {
		rules_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void rules_record_to(struct rules *r, struct committer *committer)
{
	r->committer = committer;
}

static void free_key(struct rules_key *k)
{
	free(k->key);
	free(k->run);
	free(k);
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	while (r->keys) {
		struct rules_key *next = r->keys->next;
		free_key(r->keys);
		r->keys = next;
	}
	rulebook_free(r->book);
	changes_free(r->changes);
	free(r->state_dir);
	free(r);
}

/* ---- the past ---- */

static struct changes_intent filled(const struct changes_intent *intent)
{
	struct changes_intent full = *intent;
	if (!full.resource || !*full.resource)
		full.resource = full.operation;
	if (!full.group || !*full.group)
		full.group = full.resource;
	return full;
}

int rules_remember(struct rules *r, const struct changes_intent *intent, struct err *err)
{
	const struct changes_intent full = filled(intent);
	return changes_add(r->changes, &full, true, err);
}

int rules_remember_unsettled(struct rules *r, const struct changes_intent *intent, struct err *err)
{
	const struct changes_intent full = filled(intent);
	const struct registered_op *op = registry_find_full(r->registry, full.operation);
	if (op && op->op->flags & OP_SHARED)
		return 0;
	return changes_open(r->changes, &full, err);
}

void rules_settled(struct rules *r, const char *run, const char *path)
{
	if (path)
		changes_settle(r->changes, run, path);
	else
		changes_settle_run(r->changes, run);
}

/* ---- runs ---- */

static int take_key(struct rules *r, const char *run, const char *key, struct err *err)
{
	for (const struct rules_key *k = r->keys; k; k = k->next)
		if (strcmp(k->key, key) == 0 && strcmp(k->run, run) == 0)
			return 0; /* it held it all the while */
	for (const struct rules_key *k = r->keys; k; k = k->next)
		if (strcmp(k->key, key) == 0)
			return err_named(err, ERR_LIMIT, POLICY_DENIED,
					 "run %s holds the key '%.200s': one run at a time (rule "
					 "key); it can start when that has ended",
					 k->run, key);
	struct rules_key *k = calloc(1, sizeof(*k));
	if (k)
		*k = (struct rules_key){ r->keys, strdup(key), strdup(run) };
	if (!k || !k->key || !k->run) {
		if (k)
			free_key(k);
		return err_set(err, ERR_NOMEM, "no memory for the key of a run");
	}
	r->keys = k;
	return 0;
}

/* Of the header, else of the configuration, which is silent about inputs without such a member. */
static int hold_key(struct rules *r, const struct run *run, struct bytes input, struct err *err)
{
	const struct policy *header = run->tally.header;
	bool own = header && header->key;
	const struct policy *p = own ? header : r->book->policy;
	struct buf key = BUF_INIT(KEY_MAX);
	cJSON *v = input.n > 0 ? json_parse(input, NULL) : NULL;
	int rc = p ? policy_write_key(p, v, &key, own ? err : NULL) : 0;
	if (rc == 0 && key.n > 0)
		rc = take_key(r, run->facts.id, buf_cstr(&key), err);
	else if (!own)
		rc = 0;
	cJSON_Delete(v);
	buf_clear(&key);
	return rc;
}

int rules_read_header(struct policy **out, const struct registry *reg, const char *source,
		      const char *file, struct err *err)
{
	int rc = policy_read_header(out, source, file, err);
	if (rc == 0 && *out)
		rc = check_patterns(reg, *out, err);
	if (rc < 0) {
		policy_free(*out);
		*out = NULL;
	}
	return rc;
}

int rules_run_begin(struct rules *r, struct run *run, const char *source, struct bytes input,
		    struct err *err)
{
	int rc = rules_read_header(&run->tally.header, run->runs->registry, source, run->facts.path,
				   err);
	return rc == 0 && r && !run->dry_run ? hold_key(r, run, input, err) : rc;
}

int rules_keep_key(struct rules *r, const char *run, const char *key, struct err *err)
{
	return take_key(r, run, key, err);
}

const char *rules_key_of(const struct rules *r, const char *run)
{
	for (const struct rules_key *k = r ? r->keys : NULL; k; k = k->next)
		if (strcmp(k->run, run) == 0)
			return k->key;
	return NULL;
}

void rules_run_end(struct rules *r, const struct run *run)
{
	for (struct rules_key **p = r ? &r->keys : NULL; p && *p;) {
		struct rules_key *k = *p;
		if (strcmp(k->run, run->facts.id) != 0) {
			p = &k->next;
			continue;
		}
		*p = k->next;
		free_key(k);
	}
}

/* ---- the switch ---- */

/* Whoever switched may not have been able to write to this log: say when it took effect here. */
static void record_switch(struct rules *r, const struct hold_note *note)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	char at[ISO8601_SIZE];
	iso8601_format(at, note->at_ms);
	buf_addf(&b, "\"held\":%s", r->held ? "true" : "false");
	if (r->held) {
		buf_addf(&b, ",\"since\":\"%s\",\"by\":", at);
		json_write_string(&b, bytes_str(note->by));
		buf_adds(&b, ",\"reason\":");
		json_write_string(&b, bytes_str(note->reason));
	}
	(void)commit_append(r->committer, "hold.seen", buf_bytes(&b), NULL, NULL);
	buf_clear(&b);
}

bool rules_hear_hold(struct hearing *h)
{
	struct rules *r = h->r;
	struct hold_note note = { 0 };
	char text[HOLD_TEXT_SIZE];
	bool held = hold_is_set(r->state_dir) && hold_read(&note, r->state_dir);
	if (held != r->held) {
		r->held = held;
		record_switch(r, &note);
	}
	if (!held)
		return true;
	hold_say(text, &note);
	return ruling_deny(h->out, "hold", "every change is %s; `runbook release` ends it", text);
}
