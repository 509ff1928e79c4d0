/*
 * Intents stand in a ring in the order of their times, numbered from 1. Each links to the one before
 * it on the same resource and in the same group; a hash table finds the newest of each name. What is
 * older than the window is dropped at its old end: a link to a number before the first leads nowhere.
 */
#include "script/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

enum { FIRST_RING = 64, FIRST_SLOTS = 256 };

struct entry {
	struct changes_intent i; /* strings owned, in one block at operation */
	bool withdrawn;
	uint64_t before[2]; /* by scope: number of the one before on the same name; 0: none */
};

struct open {
	struct open *next;
	struct changes_intent i;
};

struct changes {
	struct entry *ring;
	size_t cap;          /* a power of two */
	uint64_t first, end; /* numbers: [first, end) is there */
	uint64_t *slots;     /* numbers of the newest, by scope and name; 0: free */
	size_t n_slots;      /* a power of two */
	size_t n_used;       /* slots taken, also by what has been dropped */
	struct open *open;
};

/* ---- strings ---- */

/* All five strings in one block. False: no memory. */
static bool copy_intent(struct changes_intent *out, const struct changes_intent *in)
{
	const char *const from[] = { in->operation, in->resource, in->group, in->run, in->path };
	const char **const to[] = { &out->operation, &out->resource, &out->group, &out->run,
				    &out->path };
	size_t n = 0;
	for (size_t k = 0; k < 5; k++)
		n += strlen(from[k]) + 1;
	char *block = malloc(n);
	if (!block)
		return false;
	*out = *in;
	for (size_t k = 0; k < 5; k++) {
		size_t size = strlen(from[k]) + 1;
		memcpy(block, from[k], size);
		*to[k] = block;
		block += size;
	}
	return true;
}

static void free_intent(const struct changes_intent *i)
{
	union {
		const char *borrowed;
		char *owned;
	} block = { i->operation };
	free(block.owned);
}

/* ---- life ---- */

int changes_new(struct changes **out, struct err *err)
{
	struct changes *l = calloc(1, sizeof(*l));
	if (l) {
		*l = (struct changes){ .cap = FIRST_RING,
				       .n_slots = FIRST_SLOTS,
				       .first = 1,
				       .end = 1,
				       .ring = calloc(FIRST_RING, sizeof(*l->ring)),
				       .slots = calloc(FIRST_SLOTS, sizeof(*l->slots)) };
	}
	if (!l || !l->ring || !l->slots) {
		changes_free(l);
		return err_set(err, ERR_NOMEM, "no memory for the list of changes");
	}
	*out = l;
	return 0;
}

static struct entry *at(const struct changes *l, uint64_t number)
{
	return &l->ring[number & (l->cap - 1)];
}

void changes_free(struct changes *l)
{
	if (!l)
		return;
	for (uint64_t n = l->first; n < l->end; n++)
		free_intent(&at(l, n)->i);
	while (l->open) {
		struct open *o = l->open;
		l->open = o->next;
		free_intent(&o->i);
		free(o);
	}
	free(l->ring);
	free(l->slots);
	free(l);
}

/* ---- names ---- */

static const char *name_of(const struct changes_intent *i, enum changes_scope scope)
{
	return scope == CHANGES_RESOURCE ? i->resource : i->group;
}

static size_t hash_of(enum changes_scope scope, const char *name)
{
	uint64_t h = UINT64_C(1469598103934665603) + (uint64_t)scope;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* A slot does not say its scope: an entry is the newest of one of its two names. */
static bool is_slot_of(const struct changes *l, uint64_t number, enum changes_scope scope,
		       const char *name)
{
	uint64_t n = number >> 1;
	return (number & 1) == (uint64_t)scope && n >= l->first &&
	       strcmp(name_of(&at(l, n)->i, scope), name) == 0;
}

/* Of the name, or the free one where it would go. */
static uint64_t *slot_of(const struct changes *l, enum changes_scope scope, const char *name)
{
	size_t mask = l->n_slots - 1, k = hash_of(scope, name) & mask;
	while (l->slots[k] && !is_slot_of(l, l->slots[k], scope, name))
		k = (k + 1) & mask;
	return &l->slots[k];
}

/* Put all newest ones into a table of that size. What was dropped is forgotten. */
static bool rehash(struct changes *l, size_t n_slots)
{
	uint64_t *old = l->slots, *fresh = calloc(n_slots, sizeof(*fresh));
	size_t n_old = l->n_slots;
	if (!fresh)
		return false;
	l->slots = fresh;
	l->n_slots = n_slots;
	l->n_used = 0;
	for (size_t k = 0; k < n_old; k++) {
		if (old[k] >> 1 < l->first)
			continue;
		enum changes_scope scope = old[k] & 1 ? CHANGES_GROUP : CHANGES_RESOURCE;
		*slot_of(l, scope, name_of(&at(l, old[k] >> 1)->i, scope)) = old[k];
		l->n_used++;
	}
	free(old);
	return true;
}

static bool make_slots(struct changes *l)
{
	if (l->n_used + 2 <= l->n_slots / 2)
		return true;
	size_t live = (size_t)(l->end - l->first) * 2;
	return rehash(l, live + 2 > l->n_slots / 4 ? l->n_slots * 2 : l->n_slots);
}

static void link_name(struct changes *l, uint64_t number, enum changes_scope scope)
{
	struct entry *e = at(l, number);
	const char *name = name_of(&e->i, scope);
	if (!*name)
		return;
	uint64_t *slot = slot_of(l, scope, name);
	if (!*slot)
		l->n_used++;
	e->before[scope] = *slot >> 1;
	*slot = number << 1 | (uint64_t)scope;
}

/* ---- adding ---- */

static void drop_old(struct changes *l, int64_t now_ms)
{
	while (l->first < l->end && at(l, l->first)->i.at_ms < now_ms - CHANGES_MS)
		free_intent(&at(l, l->first++)->i);
}

static bool make_room(struct changes *l)
{
	if (l->end - l->first < l->cap)
		return true;
	struct entry *wider = calloc(l->cap * 2, sizeof(*wider));
	if (!wider)
		return false;
	for (uint64_t n = l->first; n < l->end; n++)
		wider[n & (l->cap * 2 - 1)] = *at(l, n);
	free(l->ring);
	l->ring = wider;
	l->cap *= 2;
	return true;
}

static bool add_open(struct changes *l, const struct changes_intent *intent)
{
	struct open *o = calloc(1, sizeof(*o));
	if (!o || !copy_intent(&o->i, intent)) {
		free(o);
		return false;
	}
	o->next = l->open;
	l->open = o;
	return true;
}

int changes_add(struct changes *l, const struct changes_intent *intent, bool settled,
		struct err *err)
{
	struct entry e = { 0 };
	drop_old(l, intent->at_ms);
	if (!make_room(l) || !make_slots(l) || !copy_intent(&e.i, intent))
		return err_set(err, ERR_NOMEM, "no memory to count a change");
	if (!settled && !add_open(l, intent)) {
		free_intent(&e.i);
		return err_set(err, ERR_NOMEM, "no memory to count a change");
	}
	if (l->first < l->end && at(l, l->end - 1)->i.at_ms > e.i.at_ms)
		e.i.at_ms = at(l, l->end - 1)->i.at_ms;
	*at(l, l->end) = e;
	link_name(l, l->end, CHANGES_RESOURCE);
	link_name(l, l->end, CHANGES_GROUP);
	l->end++;
	return 0;
}

int changes_open(struct changes *l, const struct changes_intent *intent, struct err *err)
{
	return add_open(l, intent) ? 0 : err_set(err, ERR_NOMEM, "no memory for an unsettled call");
}

/* ---- settling ---- */

/* path NULL: any of the run. */
static void remove_open(struct changes *l, const char *run, const char *path)
{
	for (struct open **p = &l->open; *p;) {
		struct open *o = *p;
		if (strcmp(o->i.run, run) != 0 || (path && strcmp(o->i.path, path) != 0)) {
			p = &o->next;
			continue;
		}
		*p = o->next;
		free_intent(&o->i);
		free(o);
	}
}

void changes_settle(struct changes *l, const char *run, const char *path)
{
	remove_open(l, run, path);
}

void changes_settle_run(struct changes *l, const char *run)
{
	remove_open(l, run, NULL);
}

void changes_withdraw(struct changes *l, const char *run, const char *path)
{
	remove_open(l, run, path);
	for (uint64_t n = l->end; n > l->first; n--) {
		struct entry *e = at(l, n - 1);
		if (strcmp(e->i.run, run) == 0 && strcmp(e->i.path, path) == 0) {
			e->withdrawn = true;
			return;
		}
	}
}

/* ---- asking ---- */

size_t changes_count(const struct changes *l, enum changes_scope scope, const char *name,
		     const char *operations, int64_t since_ms)
{
	size_t n = 0;
	if (!*name)
		return 0;
	uint64_t number = *slot_of(l, scope, name) >> 1;
	while (number >= l->first && number > 0) {
		const struct entry *e = at(l, number);
		if (e->i.at_ms < since_ms)
			break;
		n += !e->withdrawn && glob_match(operations, e->i.operation);
		number = e->before[scope];
	}
	return n;
}

const struct changes_intent *changes_unsettled(const struct changes *l, const char *resource,
					       const char *run)
{
	for (const struct open *o = *resource ? l->open : NULL; o; o = o->next)
		if (strcmp(o->i.resource, resource) == 0 && strcmp(o->i.run, run) != 0)
			return &o->i;
	return NULL;
}
