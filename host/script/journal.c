#include "script/journal.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

struct journal {
	struct journal_step **steps; /* in the order in which they were first recorded */
	unsigned n_steps, room;
	struct journal_step **by_path; /* open addressing, at most half full */
	unsigned n_slots;              /* a power of two */
	struct journal_step **ends;    /* those that were waited for, in the order of the ends */
	unsigned n_ends, ends_room;
	unsigned delivered; /* of ends */
	unsigned asked;
	size_t bytes;
};

/* ---- finding ---- */

/* FNV-1a */
static uint32_t hash_of(const char *s)
{
	uint32_t h = UINT32_C(2166136261);
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT32_C(16777619);
	return h;
}

static struct journal_step **slot_of(struct journal_step **table, unsigned n_slots,
				     const char *path)
{
	unsigned i = hash_of(path) & (n_slots - 1);
	while (table[i] && strcmp(table[i]->path, path) != 0)
		i = (i + 1) & (n_slots - 1);
	return &table[i];
}

struct journal_step *journal_find(const struct journal *j, const char *path)
{
	return j->n_slots ? *slot_of(j->by_path, j->n_slots, path) : NULL;
}

/* ---- adding ---- */

static bool widen(struct journal *j)
{
	unsigned n = j->n_slots ? 2 * j->n_slots : 2 * FIRST_ROOM;
	struct journal_step **wider = calloc(n, sizeof(struct journal_step *));
	struct journal_step **steps =
	    realloc((void *)j->steps, n / 2 * sizeof(struct journal_step *));
	if (steps)
		j->steps = steps;
	if (!wider || !steps) {
		free((void *)wider);
		return false;
	}
	for (unsigned i = 0; i < j->n_steps; i++)
		*slot_of(wider, n, steps[i]->path) = steps[i];
	free((void *)j->by_path);
	j->by_path = wider;
	j->n_slots = n;
	j->room = n / 2;
	return true;
}

static void free_step(struct journal_step *s)
{
	char *owned[] = { s->path,  s->operation, s->args_hash, s->args,
			  s->token, s->outcome,   s->answer,    s->error };
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		free(owned[i]);
	free(s);
}

/* The step of that path, new if need be; NULL: no memory. */
static struct journal_step *step_at(struct journal *j, const char *path)
{
	struct journal_step *s = journal_find(j, path);
	if (s || (j->n_steps == j->room && !widen(j)))
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->path = strdup(path);
	if (!s->path) {
		free(s);
		return NULL;
	}
	j->steps[j->n_steps++] = s;
	*slot_of(j->by_path, j->n_slots, path) = s;
	return s;
}

/* Replace *to by a copy of from, which may be NULL: then it stays. False: no memory. */
static bool set(char **to, const char *from)
{
	if (!from)
		return true;
	char *copy = strdup(from);
	if (!copy)
		return false;
	free(*to);
	*to = copy;
	return true;
}

int journal_add_begin(struct journal *j, const struct step_row *row)
{
	struct journal_step *s = step_at(j, row->path);
	if (!s || !set(&s->operation, row->operation) || !set(&s->args_hash, row->args_hash) ||
	    !set(&s->args, row->args) || !set(&s->token, row->token))
		return -ERR_NOMEM;
	s->kind = row->kind;
	s->begun = true;
	s->begun_ms = row->begun_ms;
	s->until_ms = row->until_ms;
	s->intent = row->intent;
	return 0;
}

static bool add_to_ends(struct journal *j, struct journal_step *s)
{
	if (j->n_ends == j->ends_room) {
		unsigned n = j->ends_room ? 2 * j->ends_room : FIRST_ROOM;
		struct journal_step **ends =
		    realloc((void *)j->ends, n * sizeof(struct journal_step *));
		if (!ends)
			return false;
		j->ends = ends;
		j->ends_room = n;
	}
	j->ends[j->n_ends++] = s;
	return true;
}

int journal_add_end(struct journal *j, const struct step_end *row)
{
	struct journal_step *s = step_at(j, row->path);
	bool again = s && s->outcome;
	if (!s || !set(&s->operation, row->operation) || !set(&s->args_hash, row->args_hash) ||
	    !set(&s->args, row->args) || !set(&s->outcome, row->outcome) ||
	    !set(&s->answer, row->answer) || !set(&s->error, row->error))
		return -ERR_NOMEM;
	s->kind = row->kind;
	if (again && !row->error) { /* it came well after all */
		free(s->error);
		s->error = NULL;
	}
	j->bytes += (row->answer ? strlen(row->answer) : 0) + (row->error ? strlen(row->error) : 0);
	if (!again && journal_waited(s) && !add_to_ends(j, s))
		return -ERR_NOMEM;
	return 0;
}

/* ---- replaying ---- */

bool journal_waited(const struct journal_step *s)
{
	static const char *const at_once[] = { "refused", "invalid", "dry_run", NULL };
	if (s->kind == STEP_NOW || s->kind == STEP_BRANCHES || s->kind == STEP_SECRET)
		return false;
	if (s->kind != STEP_CALL || s->begun)
		return true;
	for (const char *const *o = at_once; *o; o++)
		if (s->outcome && strcmp(s->outcome, *o) == 0)
			return false;
	return true;
}

void journal_ask(struct journal *j, struct journal_step *s)
{
	if (s->asked)
		return;
	s->asked = true;
	j->asked++;
}

struct journal_step *journal_next(const struct journal *j)
{
	return j->delivered < j->n_ends ? j->ends[j->delivered] : NULL;
}

void journal_deliver(struct journal *j)
{
	INVARIANT(j->delivered < j->n_ends);
	j->delivered++;
}

bool journal_over(const struct journal *j)
{
	return j->asked == j->n_steps && j->delivered == j->n_ends;
}

static unsigned number_at(const char **path)
{
	unsigned n = 0;
	for (; **path >= '0' && **path <= '9'; ++*path)
		n = 10 * n + (unsigned)(**path - '0');
	*path += **path == '.';
	return n;
}

/* "2.1" comes before "10". */
static bool comes_before(const char *a, const char *b)
{
	while (*a && *b) {
		unsigned x = number_at(&a), y = number_at(&b);
		if (x != y)
			return x < y;
	}
	return !*a && *b;
}

const struct journal_step *journal_unasked(const struct journal *j)
{
	const struct journal_step *first = NULL;
	for (unsigned i = 0; i < j->n_steps; i++)
		if (!j->steps[i]->asked && (!first || comes_before(j->steps[i]->path, first->path)))
			first = j->steps[i];
	return first;
}

unsigned journal_count(const struct journal *j)
{
	return j->n_steps;
}

size_t journal_bytes(const struct journal *j)
{
	return j->bytes;
}

/* ---- life ---- */

int journal_new(struct journal **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_set(err, ERR_NOMEM, "no memory for the journal of a run");
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < j->n_steps; i++)
		free_step(j->steps[i]);
	free((void *)j->steps);
	free((void *)j->by_path);
	free((void *)j->ends);
	free(j);
}
