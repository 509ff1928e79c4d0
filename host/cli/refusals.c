#include "cli/refusals.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct refusal {
	int64_t at_ms, number;
	char hook[64], path[200], peer[64], id[200], identity[200], why[300];
};

struct refusals {
	struct refusal strangers[REFUSALS_KEPT], proven[REFUSALS_KEPT];
	int64_t n_strangers, n_proven, n;
};

struct refusals *refusals_new(void)
{
	return calloc(1, sizeof(struct refusals));
}

void refusals_free(struct refusals *r)
{
	free(r);
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text ? text : "");
}

void refusals_add(struct refusals *r, const struct webhook_delivery *d, const char *why,
		  int64_t now_ms)
{
	if (!r)
		return;
	struct refusal *one = d->identity[0] ? &r->proven[r->n_proven++ % REFUSALS_KEPT]
					     : &r->strangers[r->n_strangers++ % REFUSALS_KEPT];
	one->at_ms = now_ms;
	one->number = ++r->n;
	copy(one->hook, sizeof(one->hook), d->hook);
	copy(one->path, sizeof(one->path), d->req ? d->req->path : "");
	copy(one->peer, sizeof(one->peer), d->peer);
	copy(one->id, sizeof(one->id), d->id);
	copy(one->identity, sizeof(one->identity), d->identity);
	copy(one->why, sizeof(one->why), why);
}

/* ---- reading ---- */

/* The newest but so many; NULL: there is none. */
static const struct refusal *newest_but(const struct refusal *ring, int64_t added, int64_t taken)
{
	return taken < added && taken < REFUSALS_KEPT ? &ring[(added - 1 - taken) % REFUSALS_KEPT]
						      : NULL;
}

static void add_text(cJSON *o, const char *name, const char *text)
{
	if (*text)
		(void)cJSON_AddStringToObject(o, name, text);
}

static void add_one(cJSON *list, const struct refusal *one)
{
	char at[ISO8601_SIZE];
	cJSON *o = cJSON_CreateObject();
	iso8601_format(at, one->at_ms);
	add_text(o, "hook", one->hook);
	add_text(o, "path", one->path);
	add_text(o, "at", at);
	add_text(o, "peer", one->peer);
	add_text(o, "id", one->id);
	add_text(o, "identity", one->identity);
	add_text(o, "why", one->why);
	if (!cJSON_AddItemToArray(list, o))
		cJSON_Delete(o);
}

cJSON *refusals_list(const struct refusals *r)
{
	int64_t strangers = 0, proven = 0;
	cJSON *list = cJSON_CreateArray();
	while (r) {
		const struct refusal *a = newest_but(r->strangers, r->n_strangers, strangers);
		const struct refusal *b = newest_but(r->proven, r->n_proven, proven);
		if (!a && !b)
			break;
		bool first = a && (!b || a->number > b->number);
		strangers += first;
		proven += !first;
		add_one(list, first ? a : b);
	}
	return list;
}
