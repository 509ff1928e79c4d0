/*
 * serve_hooks.h - how an authenticated delivery becomes a run, exactly once.
 *
 * In this order: a delivery whose id (trigger/webhook_auth.h) came before is answered with the run
 * that stands for it; `accept` (serve_accept.h) filters and maps; debounce, rate, concurrency and queue
 * (trigger/deliveries.h) say whether its run is started, waits, or is refused.
 *
 * What becomes of a delivery is a row (store/deliveries.h) that is written in the same transaction as
 * the run it starts; the sender is answered once that is durable. The run of one that waits has its id
 * from the first, and is started by whichever process is there then. Ids are known for
 * DELIVERIES_KEPT_MS and the newest DELIVERIES_KEPT of each hook. One that was refused (429, 503, 500)
 * is not remembered: the sender may send it again.
 *
 * All that waits together is WAITING_MAX bytes at most. What waits for a hook that is not configured
 * any more when serve starts stays in the store, for when it is again.
 *
 * Recorded: trigger.accept beside run.start; trigger.queue; trigger.ignore and trigger.reject with the
 * reason; trigger.duplicate with the run.
 */
#ifndef CLI_SERVE_HOOKS_H
#define CLI_SERVE_HOOKS_H

#include "cli/config.h"
#include "store/deliveries.h"
#include "trigger/webhook.h"

struct serve;
struct hooks; /* all hooks of a serve */

/*
 * Take up the hooks of the configuration where the store has left them. Blocks while it reads; before
 * the loop runs. Nothing is started before the loop turns.
 *
 * @param[out] out owned by the caller; hooks_free
 */
NODISCARD int hooks_open(struct hooks **out, struct serve *s, struct err *err);
void hooks_stop(struct hooks *hs); /* nothing is started any more; NULL is fine */
void hooks_free(struct hooks *hs); /* after the server of webhooks; NULL is fine */

/* The webhook_accept_fn, for struct serve. */
void hooks_on_delivery(void *arg, const struct webhook_delivery *d, struct webhook_fate *fate);

/* webhook_spec.follow, for struct serve. */
void hooks_follow(void *arg, const char *run, int64_t wait_ms, webhook_state_fn *done,
		  void *done_arg);

/* What waits as that run is taken out of its queue by a person, actor (a JSON object). False: there is
 * no such. */
bool hooks_cancel(struct hooks *hs, const char *run, const char *actor, const char *why);

/* The key of links to the state of runs. */
struct bytes hooks_key(const struct hooks *hs);

/* A run has ended, of whatever. From on_end. */
void hooks_run_ended(struct hooks *hs, const char *run);

/*
 * Other hooks from one moment on (serve_hooks_change.c). One that stays keeps the ids that it knows, what has
 * come for its rate, its places and its queue, which is started as it is configured from then on. One
 * that is new knows what the store has of its name. One that is gone takes nothing more, and what waits
 * there is started as it was configured.
 *
 * In this order: hooks_change_new; hooks_change_look; hooks_change_ready, and in the same turn of the loop
 * hooks_change_take, which cannot fail; or hooks_change_free at any time before.
 */
struct hooks_change;
struct store_reader;
/* config must live as long as the hooks are of it. */
NODISCARD int hooks_change_new(struct hooks_change **out, struct hooks *hs,
			       const struct config *config, struct err *err);
/* On the worker: what the store has of those that are new. */
NODISCARD int hooks_change_look(struct hooks_change *c, struct store_reader *reader,
				struct err *err);
NODISCARD int hooks_change_ready(struct hooks_change *c, struct err *err);
/* While the configuration of before is still there. c is gone */
void hooks_change_take(struct hooks_change *c);
void hooks_change_free(struct hooks_change *c); /* NULL is fine */

#endif
