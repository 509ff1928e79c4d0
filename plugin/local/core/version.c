#include "local/core/version.h"

#include <inttypes.h>
#include <stdlib.h>

#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/fault.h"
#include "local/core/jsonw.h"
#include "local/core/machine.h"
#include "local/core/mem.h"

/* ---- versions ---- */

struct version *version_find(const struct machine *m, const char *arn)
{
	for (size_t i = 0; i < m->versions.n; i++)
		if (strcmp(m->versions.list[i]->arn, arn) == 0)
			return m->versions.list[i];
	return NULL;
}

static struct version *add(struct machine *m, int64_t number, struct definition *d)
{
	struct versions *all = &m->versions;
	struct version *v = mem_zero(sizeof(*v));
	v->number = number;
	v->arn = mem_printf("%s:%" PRId64, m->arn, number);
	v->definition = d;
	all->list = mem_room(all->list, all->n, &all->cap, sizeof(struct version *));
	all->list[all->n++] = v;
	return v;
}

struct version *version_publish(struct machine *m, const char *description)
{
	struct versions *all = &m->versions;
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i]->definition == m->definition)
			return all->list[i];
	all->next += all->next == 0;
	struct version *v = add(m, all->next++, m->definition);
	v->description = mem_str(description);
	v->created_ms = m->e->now;
	record_touch(m->e, &m->record);
	return v;
}

static void version_free(struct version *v)
{
	free(v->arn);
	free(v->description);
	free(v);
}

void version_delete(struct machine *m, struct version *v)
{
	struct versions *all = &m->versions;
	size_t i = 0;
	while (all->list[i] != v)
		i++;
	memmove(&all->list[i], &all->list[i + 1], (all->n - i - 1) * sizeof(struct version *));
	all->n--;
	version_free(v);
	record_touch(m->e, &m->record);
}

/* ---- aliases ---- */

struct alias *alias_find(const struct machine *m, const char *arn)
{
	for (size_t i = 0; i < m->versions.n_aliases; i++)
		if (strcmp(m->versions.aliases[i]->arn, arn) == 0)
			return m->versions.aliases[i];
	return NULL;
}

struct alias *alias_add(struct machine *m, const char *name)
{
	struct versions *all = &m->versions;
	struct alias *a = mem_zero(sizeof(*a));
	a->name = mem_str(name);
	a->arn = mem_printf("%s:%s", m->arn, name);
	all->aliases =
	    mem_room(all->aliases, all->n_aliases, &all->cap_aliases, sizeof(struct alias *));
	all->aliases[all->n_aliases++] = a;
	record_touch(m->e, &m->record);
	return a;
}

static void clear_routes(struct alias *a)
{
	for (size_t i = 0; i < a->n_routes; i++)
		free(a->routes[i].version_arn);
	a->n_routes = 0;
}

void alias_set_routes(struct alias *a, const struct route *routes, size_t n)
{
	clear_routes(a);
	for (size_t i = 0; i < n; i++)
		a->routes[i] = (struct route){ mem_str(routes[i].version_arn), routes[i].weight };
	a->n_routes = n;
}

static void alias_free(struct alias *a)
{
	clear_routes(a);
	free(a->arn);
	free(a->name);
	free(a->description);
	free(a);
}

void alias_delete(struct machine *m, struct alias *a)
{
	struct versions *all = &m->versions;
	size_t i = 0;
	while (all->aliases[i] != a)
		i++;
	all->aliases[i] = all->aliases[--all->n_aliases];
	alias_free(a);
	record_touch(m->e, &m->record);
}

void versions_clear(struct versions *v)
{
	for (size_t i = 0; i < v->n; i++)
		version_free(v->list[i]);
	for (size_t i = 0; i < v->n_aliases; i++)
		alias_free(v->aliases[i]);
	free(v->list);
	free(v->aliases);
	*v = (struct versions){ 0 };
}

/* ---- targets ---- */

/* One of the routes, by weight. */
static struct version *pick_route(struct engine *e, const struct machine *m, const struct alias *a)
{
	uint32_t bits;
	e->world.random(e->world.arg, &bits, sizeof(bits));
	int64_t at = (int64_t)(bits % 100);
	size_t i = 0;
	while (i + 1 < a->n_routes && at >= a->routes[i].weight)
		at -= a->routes[i++].weight;
	return version_find(m, a->routes[i].version_arn);
}

int target_find(struct engine *e, const char *arn, struct target *out, struct err *err)
{
	struct arn a;
	*out = (struct target){ 0 };
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	size_t n = a.rest.p ? (size_t)(a.rest.p - arn) - 1 : strlen(arn);
	out->machine = table_get(&e->machines, (struct bytes){ arn, n });
	if (out->machine && a.rest.p) {
		out->alias = alias_find(out->machine, arn);
		out->version = out->alias ? pick_route(e, out->machine, out->alias)
					  : version_find(out->machine, arn);
	}
	if (out->machine && (!a.rest.p || out->version))
		return 0;
	return fault(err, "StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn);
}

/* ---- store ---- */

void versions_write(struct jsonw *w, const struct machine *m)
{
	const struct versions *all = &m->versions;
	jsonw_int(w, "nextVersion", all->next);
	jsonw_open(w, "versions", '[');
	for (size_t i = 0; i < all->n; i++) {
		const struct version *v = all->list[i];
		jsonw_open(w, NULL, '{');
		jsonw_int(w, "number", v->number);
		jsonw_str(w, "definition", v->definition->key);
		jsonw_str(w, "description", v->description);
		jsonw_int(w, "created", v->created_ms);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
	jsonw_open(w, "aliases", '[');
	for (size_t i = 0; i < all->n_aliases; i++) {
		const struct alias *a = all->aliases[i];
		jsonw_open(w, NULL, '{');
		jsonw_str(w, "name", a->name);
		jsonw_str(w, "description", a->description);
		jsonw_int(w, "created", a->created_ms);
		jsonw_int(w, "updated", a->updated_ms);
		jsonw_open(w, "routes", '[');
		for (size_t r = 0; r < a->n_routes; r++) {
			jsonw_open(w, NULL, '{');
			jsonw_str(w, "version", a->routes[r].version_arn);
			jsonw_int(w, "weight", a->routes[r].weight);
			jsonw_close(w, '}');
		}
		jsonw_close(w, ']');
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void restore_alias(struct machine *m, const cJSON *j)
{
	const char *name = json_get_str(j, "name");
	const cJSON *list = json_get(j, "routes");
	struct alias *a = alias_add(m, name ? name : "");
	a->description = mem_str(json_get_str(j, "description"));
	a->created_ms = json_get_int(j, "created", 0);
	a->updated_ms = json_get_int(j, "updated", 0);
	for (const cJSON *r = list ? list->child : NULL; r && a->n_routes < ALIAS_ROUTES;
	     r = r->next) {
		struct route *to = &a->routes[a->n_routes++];
		to->version_arn = mem_str(json_get_str(r, "version"));
		to->weight = json_get_int(r, "weight", 0);
	}
}

void versions_restore(struct machine *m, const cJSON *j)
{
	const cJSON *versions = json_get(j, "versions"), *aliases = json_get(j, "aliases");
	m->versions.next = json_get_int(j, "nextVersion", 0);
	for (const cJSON *v = versions ? versions->child : NULL; v; v = v->next) {
		const char *key = json_get_str(v, "definition");
		struct definition *d = m->definition;
		for (size_t i = 0; key && i < m->n_revisions; i++)
			if (strcmp(m->revisions[i]->key, key) == 0)
				d = m->revisions[i];
		struct version *made = add(m, json_get_int(v, "number", 0), d);
		made->description = mem_str(json_get_str(v, "description"));
		made->created_ms = json_get_int(v, "created", 0);
	}
	for (const cJSON *a = aliases ? aliases->child : NULL; a; a = a->next)
		restore_alias(m, a);
}
