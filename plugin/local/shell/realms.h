/*
 * realms.h - the engines of a process, one for each region.
 */
#ifndef LOCAL_REALMS_H
#define LOCAL_REALMS_H

#include "local/core/engine.h"
#include "local/shell/wire.h"

struct realm {
	struct realm *next;
	void *owner; /* of the set */
	struct engine *engine;
	char region[WIRE_REGION_SIZE];
};

/* Embedded; set all but the last two, then realms_free. */
struct realms {
	void *owner;
	struct engine_config config; /* borrowed; the region is each engine's own */
	struct engine_world world;   /* arg is set to the realm */
	struct realm *first;
	int n;
};

/* A new one, empty; the set owns it. NULL after an error. */
struct realm *realms_add(struct realms *all, const char *region, struct err *err);
struct realm *realms_find(const struct realms *all, const char *region); /* or NULL */
void realms_free(struct realms *all); /* it may be filled again */

#endif
