/*
 * store_prune.h - runs that ended long ago are forgotten: by `runbook store prune`, and by serve as
 * [store] keep says.
 *
 * Never one that is not over, is parked, or made a call whose outcome is open. What was removed is in
 * the audit log as store.prune, which the rows follow; what the runs did stays there. A few hundred
 * at a time, so that what else is to be recorded does not wait.
 */
#ifndef CLI_STORE_PRUNE_H
#define CLI_STORE_PRUNE_H

#include "cli/host.h"

/* A delivery is remembered, with its run, for three days (store/deliveries.h); the budgets of rules look
 * back for one. */
enum { PRUNE_LEAST_DAYS = 4, PRUNE_DEFAULT_DAYS = 90 };

#define PRUNE_DAYS(n) ((n)*INT64_C(24) * 60 * 60 * 1000)

/* err->code 0: done, that many runs. From the loop. */
typedef void prune_done_fn(void *arg, int64_t runs, const struct err *err);

struct prune;

/*
 * Begin; h has its runs open.
 *
 * @param before_ms runs that ended before
 * @param[out] out  until done was told; prune_leave before that, when nobody waits any more
 * @return 0; -ERR_NOMEM
 */
NODISCARD int prune_start(struct prune **out, struct host *h, int64_t before_ms,
			  prune_done_fn *done, void *arg, struct err *err);
void prune_leave(struct prune *p); /* NULL is fine */

/* serve: now and then. NULL is fine for free. */
struct prune_timer;
NODISCARD int prune_timer_start(struct prune_timer **out, struct host *h, struct err *err);
void prune_timer_free(struct prune_timer *t);

#endif
