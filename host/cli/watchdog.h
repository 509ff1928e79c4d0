/*
 * watchdog.h - ends a process whose loop does not turn any more.
 *
 * The backstop behind the limits of scripts: whatever in C does not come back, in a plugin or in a
 * library, would hold every other run for ever. A timer of the loop beats; a thread looks four times
 * within the limit, and when no beat came for that long it writes one last line to standard error,
 * naming the run that was being resumed (script/culprit.h), and aborts without leaving a core, which
 * would hold secrets. The next start goes on with all other runs.
 *
 * Looks are counted, not time: a process that was stopped and continued, or a machine that slept, is
 * not taken for stuck.
 */
#ifndef CLI_WATCHDOG_H
#define CLI_WATCHDOG_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct culprit;
struct loop;
struct watchdog;

enum { WATCHDOG_DEFAULT_MS = 30 * 1000 };

/* culprit is borrowed and may be NULL.
 * @param[out] out owned by the caller; watchdog_stop */
NODISCARD int watchdog_start(struct watchdog **out, struct loop *loop, int64_t limit_ms,
			     const struct culprit *culprit, struct err *err);
void watchdog_stop(struct watchdog *w); /* NULL is fine; from the loop's thread */

#endif
