/*
 * serve_reload.h - the configuration is read anew while serve goes on: by SIGHUP, and for `runbook reload`.
 *
 *	IDLE ──► READING ──► FLUSHING ──► LOOKING ──► IDLE
 *
 * READING   the worker reads the file and what it names: secrets, certificates, calendars
 * FLUSHING  until all that has happened is in the store
 * LOOKING   the worker reads there what is known of schedules and hooks that are new
 *
 * Then, in one turn of the loop, everything that can fail is made ready, and only after that anything is
 * swapped (reload_parts.h). What fails, wherever, leaves everything as it was; so does a key that
 * cannot change (config_change.h).
 *
 * Who asks meanwhile is answered by one more round after this one, all of them together: the file may
 * have changed since it was read.
 *
 * Recorded: config.reload with the digests of both files and who asked; config.refused with the reason and
 * the digest of what stays in force.
 */
#ifndef CLI_SERVE_RELOAD_H
#define CLI_SERVE_RELOAD_H

#include "base/err.h"
#include "base/json.h"

struct reload;
struct serve;

/* err->code 0: it is in force; value is what the record says of it, taken over. Else NULL and why not.
 * From the loop, once. */
typedef void reload_done_fn(void *arg, cJSON *value, const struct err *err);

/* Asks wait until reload_begin. @param[out] out owned by the caller; reload_free */
NODISCARD int reload_new(struct reload **out, struct serve *s, struct err *err);
void reload_begin(struct reload *r); /* serve is ready */
/* Whoever waits is told that serve is stopping. Before the worker and the committer end; NULL is fine. */
void reload_free(struct reload *r);

/* actor: JSON object, who asks. done: NULL: nobody waits for the end. */
void reload_ask(struct reload *r, const char *actor, reload_done_fn *done, void *arg);
void reload_on_hangup(void *arg); /* a loop_fn for SIGHUP; arg: struct reload */

#endif
