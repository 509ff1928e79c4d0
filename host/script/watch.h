/*
 * watch.h - measures the CPU time of scripts, and interrupts them, without a steady cost.
 *
 * A count hook makes a tight Lua loop 1.6 times slower whatever its count (Lua 5.4 traces every
 * instruction while one is set), so none is set. Instead a timer on the CPU clock of the loop's
 * thread sends that thread a signal for every 5 ms it computes; the handler charges the time to the
 * state that is running and sets a one-shot hook on it (lua_sethook is made for that). An idle
 * process gets no signals, and entering or leaving Lua costs no system call. Time is sampled: what
 * the host itself computed between two ticks is charged to whoever runs when the second one comes.
 *
 * The signal is SIGRTMIN, sent to this thread only, its handler restarts system calls.
 */
#ifndef SCRIPT_WATCH_H
#define SCRIPT_WATCH_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct watch;

enum { WATCH_TICK_MS = 5 };

/* Called in the signal handler, us being the CPU time since the last tick. */
typedef void watch_tick_fn(void *arg, int64_t us);

/* For the calling thread, which is the only one that may use it.
 * @param[out] out owned by the caller; watch_free */
NODISCARD int watch_new(struct watch **out, struct err *err);
void watch_free(struct watch *w); /* NULL is fine */

struct watched {
	watch_tick_fn *tick;
	void *arg;
};

/* From here every tick goes to *now (NULL: to nobody), until the next watch_set. Borrowed.
 * Returns what was set before. */
const struct watched *watch_set(struct watch *w, const struct watched *now);

#endif
