#include "local/shell/realms.h"

#include <stdio.h>
#include <stdlib.h>

struct realm *realms_add(struct realms *all, const char *region, struct err *err)
{
	struct realm *r = calloc(1, sizeof(*r));
	if (!r) {
		(void)err_set(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	r->owner = all->owner;
	(void)snprintf(r->region, sizeof(r->region), "%s", region);
	struct engine_config config = all->config;
	struct engine_world world = all->world;
	config.region = r->region;
	world.arg = r;
	if (engine_new(&r->engine, &config, &world, err) != 0) {
		free(r);
		return NULL;
	}
	r->next = all->first;
	all->first = r;
	all->n++;
	return r;
}

struct realm *realms_find(const struct realms *all, const char *region)
{
	for (struct realm *r = all->first; r; r = r->next) {
		if (strcmp(r->region, region) == 0)
			return r;
	}
	return NULL;
}

void realms_free(struct realms *all)
{
	while (all->first) {
		struct realm *r = all->first;
		all->first = r->next;
		engine_free(r->engine);
		free(r);
	}
	all->n = 0;
}
