#include "script/run_load.h"

#include <stdlib.h>
#include <string.h>

/* ---- copies ---- */

static char *copy_bytes(struct bytes from)
{
	char *out = malloc(from.n + 1);
	if (!out)
		return NULL;
	memcpy(out, from.p ? from.p : "", from.n);
	out[from.n] = '\0';
	return out;
}

static int take_row(void *arg, const struct run_row *row)
{
	struct run_record *record = arg;
	struct run_row *r = &record->row;
	*r = *row;
	const char **const strings[] = { &r->id,      &r->path,      &r->sha256,  &r->input,
					 &r->actor,   &r->reason,    &r->config,  &r->options,
					 &r->key,     &r->waits_for, &r->outcome, &r->result,
					 &r->message, &r->traceback };
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		if (!*strings[i])
			continue;
		record->texts[i] = strdup(*strings[i]);
		if (!record->texts[i])
			return -ERR_NOMEM;
		*strings[i] = record->texts[i];
	}
	return 0;
}

static int take_source(void *arg, struct bytes source)
{
	struct run_record *r = arg;
	r->source = copy_bytes(source);
	r->n_source = source.n;
	return r->source ? 0 : -ERR_NOMEM;
}

static void free_module(struct module_pin *m)
{
	free(m->name);
	free(m->path);
	free(m->source);
	free(m);
}

static int take_module(void *arg, const char *name, const char *path, const char *sha256,
		       struct bytes source)
{
	struct run_record *r = arg;
	struct module_pin *m = calloc(1, sizeof(*m));
	(void)sha256;
	if (!m)
		return -ERR_NOMEM;
	*m = (struct module_pin){ .name = strdup(name),
				  .path = strdup(path),
				  .source = copy_bytes(source),
				  .n_source = source.n,
				  .next = r->modules };
	if (!m->name || !m->path || !m->source) {
		free_module(m);
		return -ERR_NOMEM;
	}
	r->modules = m;
	return 0;
}

static int take_step(void *arg, const struct step_row *s)
{
	return journal_add_begin(((struct run_record *)arg)->journal, s);
}

static int take_end(void *arg, const struct step_end *e)
{
	return journal_add_end(((struct run_record *)arg)->journal, e);
}

static int take_approval(void *arg, const struct approval_row *row)
{
	struct run_record *r = arg;
	const struct journal_step *s = journal_find(r->journal, row->path);
	if (row->attempt != r->row.attempt || !s || s->outcome)
		return 0;
	struct approval *a = approval_new(row);
	if (!a)
		return -ERR_NOMEM;
	a->next = r->approvals;
	r->approvals = a;
	return 0;
}

static int take_vote(void *arg, const struct vote_row *v)
{
	return approval_vote(arg, v) ? 0 : -ERR_NOMEM;
}

/* ---- reading ---- */

static int read_replay(struct run_record *r, struct store_reader *reader, struct err *err)
{
	const char *id = r->row.id;
	int attempt = r->row.attempt;
	int rc = journal_new(&r->journal, err);
	if (rc == 0)
		rc = store_source(reader, r->row.sha256, r, take_source, err);
	if (rc == 0)
		rc = store_modules(reader, id, attempt, take_module, r, err);
	if (rc == 0)
		rc = store_steps(reader, id, attempt, take_step, r, err);
	if (rc == 0)
		rc = store_ends(reader, id, attempt, take_end, r, err);
	if (rc == 0)
		rc = store_approvals(reader, id, take_approval, r, err);
	for (struct approval *a = r->approvals; rc == 0 && a; a = a->next)
		rc = store_votes(reader, id, attempt, a->path, take_vote, a, err);
	return rc;
}

int run_record_read(struct run_record **out, struct store_reader *reader, const char *id,
		    enum run_record_parts parts, struct err *err)
{
	struct run_record *r = calloc(1, sizeof(*r));
	struct err why = { 0 };
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory for a run");
	int rc = store_run(reader, id, take_row, r, &why);
	if (rc == 0 && parts == RUN_RECORD_SOURCE)
		rc = store_source(reader, r->row.sha256, r, take_source, &why);
	if (rc == 0 && parts == RUN_RECORD_REPLAY)
		rc = read_replay(r, reader, &why);
	if (rc == 0) {
		*out = r;
		return 0;
	}
	run_record_free(r);
	if (why.code)
		return err_set(err, why.code, "%s", why.message);
	return err_set(err, ERR_NOMEM, "no memory for the journal of a run");
}

void run_record_free(struct run_record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < sizeof(r->texts) / sizeof(*r->texts); i++)
		free(r->texts[i]);
	free(r->source);
	for (struct module_pin *m = r->modules, *next; m; m = next) {
		next = m->next;
		free_module(m);
	}
	for (struct approval *a = r->approvals, *next; a; a = next) {
		next = a->next;
		approval_free(a);
	}
	journal_free(r->journal);
	free(r);
}

struct approval *run_record_take_approval(struct run_record *r, const char *path)
{
	for (struct approval **at = r ? &r->approvals : NULL; at && *at; at = &(*at)->next) {
		struct approval *a = *at;
		if (strcmp(a->path, path) != 0)
			continue;
		*at = a->next;
		a->next = NULL;
		return a;
	}
	return NULL;
}

const struct module_pin *run_record_module(const struct run_record *r, const char *name)
{
	const struct module_pin *m = r ? r->modules : NULL;
	while (m && strcmp(m->name, name) != 0)
		m = m->next;
	return m;
}
