/*
 * records.h - which durable records have changed.
 *
 * Every durable object embeds a struct record; whoever changes the object touches it, and
 * engine_drain writes it out. History events follow their execution: those it has not written yet
 * go out with it, once each.
 */
#ifndef LOCAL_RECORDS_H
#define LOCAL_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct execution;

enum record_kind {
	RECORD_MACHINE,
	RECORD_EXECUTION,
	RECORD_MAP_RUN,
	RECORD_ACTIVITY,
};

/* A stored record to delete. */
struct record_gone {
	struct record_gone *next;
	const char *kind; /* a literal */
	char *key;
};

struct record {
	struct record *next, *prev;
	enum record_kind kind;
	bool dirty;
	uint64_t ticket; /* of the engine_drain that wrote it last; 0: it is as it was restored */
};

void record_touch(struct engine *e, struct record *r);
/* The object is about to be freed: forget it. */
void record_drop(struct engine *e, struct record *r);
/* Delete the stored record of this kind (a literal) and key (copied). */
void record_delete(struct engine *e, const char *kind, const char *key);
void records_clear(struct engine *e);

/* The key of the event record; free() it. */
char *record_event_key(const struct execution *x, uint32_t id);

#endif
