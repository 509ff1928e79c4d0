/*
 * loop.h - the event loop: one thread that runs everything but blocking work.
 *
 * A completion never runs inside the function that started it. When x_stop returns, nothing is
 * pending: the callback will not run and its argument is the caller's again. Only loop_post may be
 * called from another thread.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct loop;
struct timer;
struct event_base;
typedef void loop_fn(void *arg);

/* @param[out] out owned by the caller; loop_free */
NODISCARD int loop_new(struct loop **out, struct err *err);
void loop_free(struct loop *l); /* everything started on it must have been stopped */

void loop_run(struct loop *l);  /* until loop_quit */
void loop_quit(struct loop *l); /* from the loop's thread */

/* Run fn once after delay_ms (>= 0) of monotonic time. The timer is gone when fn runs: do not stop
 * it then. Owned by the loop. */
struct timer *timer_start(struct loop *l, int64_t delay_ms, loop_fn *fn, void *arg);
void timer_stop(struct timer *t); /* NULL is fine */

/* Run fn in a later turn of the loop. From any thread; order of posts is kept. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);

/* Call fn on the loop whenever the process receives signo. Lives as long as the loop. */
NODISCARD int loop_on_signal(struct loop *l, int signo, loop_fn *fn, void *arg, struct err *err);

struct event_base *loop_base(struct loop *l); /* borrowed; for the other rooms of net/ only */

/*
 * An ordered worker: one thread of its own that runs jobs one after another. For blocking work.
 * fn runs on the worker's thread, then done on the loop. worker_free waits for the job in hand and
 * drops the rest without running them (their done is not called).
 */
struct worker;
NODISCARD int worker_new(struct worker **out, struct loop *l, struct err *err);
void worker_free(struct worker *w);
void worker_submit(struct worker *w, loop_fn *fn, loop_fn *done, void *arg);

#endif
