/* settle_read.c - what the store has of calls without an end. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/run_load.h"
#include "script/run_wake.h"
#include "script/settle_private.h"

/* ---- one call ---- */

static const struct operation nothing = { .flags = OP_CHANGES };

static bool copy(const char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static bool copy_row(struct step_row *to, const struct step_row *from)
{
	*to = *from;
	bool ok = copy(&to->run, from->run);
	ok = copy(&to->path, from->path) && ok;
	ok = copy(&to->operation, from->operation ? from->operation : "") && ok;
	ok = copy(&to->args, from->args) && ok;
	ok = copy(&to->args_hash, from->args_hash) && ok;
	ok = copy(&to->resource, from->resource) && ok;
	ok = copy(&to->group, from->group) && ok;
	ok = copy(&to->token, from->token) && ok;
	ok = copy(&to->baseline, from->baseline) && ok;
	ok = copy(&to->segment, from->segment) && ok;
	ok = copy(&to->boot, from->boot) && ok;
	return ok;
}

void settle_free_text(const char *text)
{
	union {
		const char *borrowed;
		char *owned;
	} block = { text };
	free(block.owned);
}

void settle_case_free(struct settle_case *k)
{
	const char *owned[] = { k->row.run,       k->row.path,     k->row.operation, k->row.args,
				k->row.args_hash, k->row.resource, k->row.group,     k->row.token,
				k->row.baseline,  k->row.segment,  k->row.boot };
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		settle_free_text(owned[i]);
	free(k->record);
	free(k);
}

/* The last one so far that acts on the same thing. */
static struct settle_case *last_on(const struct settle *s, const char *resource)
{
	struct settle_case *found = NULL;
	for (struct settle_case *k = s->first; k && resource; k = k->next)
		if (k->row.resource && strcmp(k->row.resource, resource) == 0)
			found = k;
	return found;
}

static int add_case(void *arg, const struct step_row *row)
{
	struct settle *s = arg;
	struct settle_case *k = calloc(1, sizeof(*k));
	if (!k)
		return -ERR_NOMEM;
	if (!copy_row(&k->row, row)) {
		settle_case_free(k);
		return -ERR_NOMEM;
	}
	k->settle = s;
	k->first_ms = row->begun_ms;
	k->gone = (struct registered_op){ .ns = "", .op = &nothing, .full_name = k->row.operation };
	k->op = registry_find_full(s->spec.runs->registry, k->row.operation);
	if (k->op && row->args)
		k->op = registry_variant(k->op, bytes_str(row->args));
	if (!k->op)
		k->op = &k->gone;
	k->before = last_on(s, row->resource);
	*s->last = k;
	s->last = &k->next;
	s->n_open++;
	return 0;
}

/* ---- what belongs to it ---- */

static int add_recovered(void *arg, const struct recovered_row *r)
{
	const struct settle *s = arg;
	for (struct settle_case *k = s->first; k; k = k->next) {
		if (k->row.intent != r->intent || k->row.attempt != r->attempt ||
		    strcmp(k->row.run, r->run) != 0 || strcmp(k->row.path, r->path) != 0)
			continue;
		free(k->record);
		k->record = strdup(r->record);
		return k->record ? 0 : -ERR_NOMEM;
	}
	return 0;
}

static int find_first(void *arg, const struct step_row *row)
{
	struct settle_case *k = arg;
	if (row->link == 0 && strcmp(row->path, k->row.path) == 0)
		k->first_ms = row->begun_ms;
	return 0;
}

static struct settle_run *run_of_case(const struct settle *s, const struct settle_case *k)
{
	struct settle_run *r = s->runs;
	while (r && (r->run->facts.attempt != k->row.attempt ||
		     strcmp(r->run->facts.id, k->row.run) != 0))
		r = r->next;
	return r;
}

static int add_run(struct settle *s, struct settle_case *k, struct store_reader *reader,
		   struct err *err)
{
	struct run_record *record = NULL;
	struct settle_run *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for unsettled calls");
	int rc = run_record_read(&record, reader, k->row.run, RUN_RECORD_SOURCE, err);
	if (rc == 0) {
		r->over =
		    run_state_over(record->row.state) || record->row.attempt != k->row.attempt;
		record->row.attempt = k->row.attempt;
		rc = run_stand_in(&r->run, s->spec.runs, record, err);
	}
	run_record_free(record);
	if (rc < 0) {
		free(r);
		return rc;
	}
	INVARIANT(r->run != NULL);
	r->next = s->runs;
	s->runs = k->of = r;
	return 0;
}

static int complete(struct settle *s, struct settle_case *k, struct store_reader *reader,
		    struct err *err)
{
	int rc = 0;
	k->of = run_of_case(s, k);
	if (!k->of)
		rc = add_run(s, k, reader, err);
	if (rc == 0 && k->row.link > 0)
		rc = store_steps(reader, k->row.run, k->row.attempt, find_first, k, err);
	return rc;
}

int settle_read(struct settle *s, struct err *err)
{
	struct err why = { 0 };
	struct store_reader *reader = sleepers_reader(s->spec.runs->sleepers, err);
	int rc = reader ? store_unsettled(reader, add_case, s, &why) : -ERR_IO;
	if (rc == 0 && s->first)
		rc = store_recovered(reader, NULL, add_recovered, s, &why);
	for (struct settle_case *k = s->first; rc == 0 && k; k = k->next)
		rc = complete(s, k, reader, &why);
	if (rc == 0 || !reader)
		return rc;
	if (!why.code)
		(void)err_set(&why, ERR_NOMEM, "no memory for unsettled calls");
	*err = why;
	return rc;
}
