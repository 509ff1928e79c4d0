/*
 * loop.h - the event loop: one thread that runs everything but blocking work.
 *
 * A completion never runs inside the function that started it. When x_stop returns, nothing is
 * pending: the callback will not run and its argument is the caller's again. Only loop_post may be
 * called from another thread. Out of memory for a timer or a post ends the process: neither has a
 * caller that could do better.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct loop;
struct timer;
struct event_base;
typedef void loop_fn(void *arg);

/* The thread that calls loop_new is the loop's thread. SIGPIPE is ignored from then on: a peer that
 * went away is an error of the write, not the end of the process.
 * @param[out] out owned by the caller; loop_free */
NODISCARD int loop_new(struct loop **out, struct err *err);

/* Everything started on it must have been stopped before. Timers and posts that are left are
 * forgotten without being run; what their arg points to is the caller's. NULL is fine. */
void loop_free(struct loop *l);

/* Until loop_quit, which takes effect after the callback in hand (or the posts of this turn). A
 * quit before the run makes that run return at once. A loop can be run again. */
void loop_run(struct loop *l);
void loop_quit(struct loop *l); /* from the loop's thread */

/* Run fn once after delay_ms (>= 0) of monotonic time, never earlier (clock_mono_ms has
 * moved by delay_ms at least). The timer is gone when fn runs: do not stop it then. Owned by the
 * loop. Timers due at the same time run in no particular order. */
struct timer *timer_start(struct loop *l, int64_t delay_ms, loop_fn *fn, void *arg);
void timer_stop(struct timer *t); /* NULL is fine */

/* Run fn in a later turn of the loop. From any thread; order of posts is kept, also between
 * threads. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);

/* Call fn on the loop whenever the process receives signo. Lives as long as the loop. */
NODISCARD int loop_on_signal(struct loop *l, int signo, loop_fn *fn, void *arg, struct err *err);

struct event_base *loop_base(struct loop *l); /* borrowed; for the other rooms of net/ only */

/*
 * An ordered worker: one thread of its own that runs jobs one after another. For blocking work.
 * fn runs on the worker's thread, then done (NULL: nothing) on the loop, in the same order.
 * Submitted from the loop's thread only. Signals are not delivered to the worker's thread.
 */
struct worker;

/* @param[out] out owned by the caller; worker_free */
NODISCARD int worker_new(struct worker **out, struct loop *l, struct err *err);
void worker_submit(struct worker *w, loop_fn *fn, loop_fn *done, void *arg);

/* Wait until every submitted fn has run: the orderly end, before worker_free. Blocks the loop, so
 * only at shutdown. The done of those jobs still come from the loop if it goes on running. */
void worker_drain(struct worker *w);

/* The same, and the done of what was submitted with arg does not run: arg is the caller's again.
 * Returns whether there was such a job. */
bool worker_forget(struct worker *w, const void *arg);

/* Waits for the fn in hand and drops the rest without running them. No done is called any more:
 * what the args point to is the caller's again. May be called from a done. NULL is fine. */
void worker_free(struct worker *w);

#endif
