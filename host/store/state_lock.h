/*
 * state_lock.h - who owns a state directory: the process that holds the exclusive flock on
 * STATE/lock. It alone writes what is in the directory (see store/store.h for why).
 *
 * The kernel lets go of the lock when its owner dies, however that happens. What stands in the
 * file, {"pid":4711,"since":"2026-11-21T22:51:03.042Z"}, is the last owner's and for messages only.
 */
#ifndef STORE_STATE_LOCK_H
#define STORE_STATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct state_lock {
	int fd; /* -1: not held */
};

/*
 * Become the owner of the directory, which must exist. Blocks for up to wait_ms while another
 * process owns it; 0: tries once.
 *
 * @param[out] l to be released with state_lock_release, also after a failure
 * @return 0; -ERR_TIMEOUT when another process owns it, err names it and since when; -ERR_IO
 */
NODISCARD int state_lock_take(struct state_lock *l, const char *dir, int64_t wait_ms,
			      struct err *err);

/*
 * For who only looks: while it is held, nobody owns the directory or becomes its owner, so what is not
 * over there goes on nowhere. To be held shortly: who is to own it meanwhile has to try again.
 *
 * @param[out] l as above
 * @return whether it is held: not where a process owns the directory, or that cannot be known
 */
bool state_lock_keep_free(struct state_lock *l, const char *dir);

/* Harmless when it is not held. */
void state_lock_release(struct state_lock *l);

#endif
