/*
 * restore.h - from stored records back to a running engine.
 *
 * Records come in any order, so engine_restore only keeps them; engine_restored then builds
 * definitions, machines, executions and Map Runs (each with what it hangs on first), histories,
 * frames, and last puts everything that was under way back into its queue in the old order.
 */
#ifndef LOCAL_RESTORE_H
#define LOCAL_RESTORE_H

struct restore;

void restore_free(struct restore *r); /* NULL is fine */

#endif
