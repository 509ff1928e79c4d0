/*
 * store.h - the engine's records in SQLite, written by groups.
 *
 *	record(region, kind, key, json)   one row a record, primary key region + kind + key
 *
 * WAL, synchronous = FULL, one connection. store_add collects; store_commit hands what was collected
 * to the worker as one transaction, unless one is being written: then it waits for that, so groups
 * grow under load. Durability is told in tickets: whatever was added before store_commit returned
 * ticket N is on disk once `durable` has been called with a ticket of at least N.
 *
 * A failed write breaks the store for good (fail closed): nothing later is written, and every
 * ticket fails. The schema has a version; a newer one is refused.
 *
 * All functions are for the loop's thread.
 */
#ifndef LOCAL_STORE_H
#define LOCAL_STORE_H

#include "local/core/engine.h"
#include "plugin_api.h"

struct store;

/* From the loop. err->code is 0 when everything up to ticket is on disk. */
typedef void store_durable_fn(void *arg, uint64_t ticket, const struct err *err);

/* A stored record, borrowed for the call. */
typedef int store_load_fn(void *arg, const char *region, const struct engine_record *r,
			  struct err *err);

struct store_spec {
	const struct host_api *api; /* borrowed: work */
	const char *path;           /* of the database file */
	store_durable_fn *durable;
	void *arg;
};

/* @param[out] out owned by the caller; store_close */
NODISCARD int store_open(struct store **out, const struct store_spec *spec, struct err *err);

/* Hand out every record. Before the first store_add. Stops at the first error of fn. */
NODISCARD int store_load(struct store *s, store_load_fn *fn, void *arg, struct err *err);

void store_add(struct store *s, const char *region, const struct engine_record *r); /* copied */

/* The ticket that what is added now will have. */
uint64_t store_ticket(const struct store *s);

/* @return the ticket to wait for; 0: everything is on disk already */
uint64_t store_commit(struct store *s);

/* Everything stored and everything added goes; what is added later stays. */
void store_erase(struct store *s);

/*
 * Copy the database, with all that was added until now, to a folder, which is made (mode 0700) when
 * it is missing and must not hold one. One snapshot at a time; not of a broken store.
 *
 * @param dir     copied
 * @param copied  called once from the loop, never inside the call, not after store_close;
 *                err->code 0: the copy is there
 */
typedef void store_copied_fn(void *arg, const struct err *err);
void store_snapshot(struct store *s, const char *dir, store_copied_fn *copied, void *arg);

/* Is more waiting to be written than should? Then make no more before the next `durable`. */
bool store_full(const struct store *s);

/* Has a write failed? Then err says why. */
bool store_broken(const struct store *s, struct err *err);

/* Waits for what is being written, writes the rest, closes. `durable` is not called any more, and
 * the loop must not run any more (see local_stop). -ERR_IO: not everything could be written. */
int store_close(struct store *s, struct err *err);

#endif
