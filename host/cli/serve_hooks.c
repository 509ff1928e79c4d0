#include "cli/serve_hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "cli/metrics.h"
#include "cli/queued_cancel.h"
#include "cli/serve_follow.h"
#include "cli/serve_hook.h"
#include "cli/serve_run.h"
#include "commit/commit.h"
#include "net/loop.h"

enum {
	INPUT_MAX = 16 << 20,
	ACTOR_MAX = 1 << 20,
	WAITING_MAX = 64 << 20,
	RETRY_MS = 30 * 1000,
	KEY_MAX = 200,
	LOOK_MS = 60 * 1000, /* the wall clock may be set */
};

static const char GONE[] = "its hook is not configured any more";

static const char *name_of(const struct hook *h)
{
	return h->c->start.name;
}

static struct store_batch *batch_of(const struct hook *h)
{
	return commit_store(h->all->serve->host.committer);
}

struct hook *hooks_find(const struct hooks *hs, const char *name)
{
	struct hook *found = NULL;
	for (size_t i = 0; i < hs->n; i++) {
		if (strcmp(name_of(hs->v[i]), name) == 0)
			found = hs->v[i];
	}
	return found;
}

/* ---- a delivery under judgement ---- */

struct judged {
	struct hook *h;
	const struct webhook_delivery *d;
	struct webhook_fate *fate;
	int64_t now_ms;
	struct buf input, actor;
	char key[KEY_MAX + 1]; /* of its window */
};

static const char *id_of(const struct judged *c)
{
	return c->d->id[0] ? c->d->id : NULL;
}

static void record(const struct judged *c, const char *kind, const char *run, const char *why)
{
	struct serve *s = c->h->all->serve;
	struct buf m = BUF_INIT(ACTOR_MAX);
	serve_write_trigger(&m, buf_bytes(&c->actor), run, why);
	serve_record(s, kind, buf_bytes(&m));
	buf_clear(&m);
}

/* Nothing is kept of it: the sender may send it again. */
static void refuse(struct judged *c, enum webhook_verdict verdict, int64_t retry_ms,
		   const char *why)
{
	c->fate->verdict = verdict;
	c->fate->retry_ms = retry_ms;
	serve_reject(c->h->all->serve, c->d,
		     verdict == WEBHOOK_FAILED ? "the run could not be started" : why, why);
}

static void write_row(const struct judged *c, enum delivery_state state,
		      const struct delivery_ruling *r)
{
	bool queued = state == DELIVERY_QUEUED, window = queued && c->h->c->limits.debounce_ms;
	store_add_delivery(batch_of(c->h), &(struct delivery_row){
					       .hook = name_of(c->h),
					       .id = id_of(c),
					       .state = state,
					       .run = c->fate->run[0] ? c->fate->run : NULL,
					       .key = window ? c->key : NULL,
					       .input = queued ? buf_cstr(&c->input) : NULL,
					       .actor = buf_cstr(&c->actor),
					       .why = c->fate->why[0] ? c->fate->why : NULL,
					       .at_ms = c->now_ms,
					       .due_ms = window ? r->due_ms : 0,
					       .begun_ms = window ? r->begun_ms : 0,
					   });
	hook_forget_old(c->h);
}

/* From now on a duplicate is known. It would be a second run otherwise. */
static bool remember(struct judged *c)
{
	const char *id = id_of(c);
	if (!id || deliveries_remember(c->h->deliveries, id, c->fate->run, c->now_ms) == 0)
		return true;
	refuse(c, WEBHOOK_FAILED, 0, "no memory for the delivery's id");
	return false;
}

/* What was remembered last is not true. */
static void forget(const struct judged *c)
{
	if (id_of(c))
		deliveries_unlearn(c->h->deliveries);
}

/* ---- what becomes of it ---- */

static void ignore(struct judged *c, const char *why)
{
	if (!remember(c))
		return;
	c->fate->verdict = WEBHOOK_IGNORED;
	(void)snprintf(c->fate->why, sizeof(c->fate->why), "%s", why);
	record(c, "trigger.ignore", NULL, why[0] ? why : "accept says no");
	write_row(c, DELIVERY_IGNORED, NULL);
}

static void start(struct judged *c)
{
	struct serve *s = c->h->all->serve;
	struct err err = { 0 };
	uuid_v7(c->fate->run, c->now_ms);
	if (!remember(c))
		return;
	const struct serve_run *r = serve_start_run_as(s, &c->h->c->start, c->fate->run,
						       buf_bytes(&c->input), &c->actor, &err);
	if (!r) {
		forget(c);
		refuse(c, WEBHOOK_FAILED, 0, err.message);
		return;
	}
	c->fate->verdict = WEBHOOK_ACCEPTED;
	deliveries_count(c->h->deliveries, c->now_ms);
	record(c, "trigger.accept", r->id, NULL);
	write_row(c, DELIVERY_STARTED, NULL);
}

static void wait(struct judged *c, const struct delivery_ruling *r)
{
	struct delivery_waiting w = { .at_ms = c->now_ms };
	bool window = c->h->c->limits.debounce_ms;
	if (window) {
		w.key = c->key;
		w.due_ms = r->due_ms;
		w.begun_ms = r->begun_ms;
	}
	w.input = c->input.p;
	w.actor = c->actor.p;
	uuid_v7(c->fate->run, c->now_ms);
	memcpy(w.run, c->fate->run, sizeof(w.run) - 1); /* zeroed before */
	if (!remember(c))
		return;
	if (deliveries_wait(c->h->deliveries, &w) < 0) {
		forget(c);
		refuse(c, WEBHOOK_FAILED, 0, "no memory to let it wait");
		return;
	}
	c->fate->verdict = WEBHOOK_ACCEPTED;
	deliveries_count(c->h->deliveries, c->now_ms);
	record(c, "trigger.queue", c->fate->run,
	       window ? "waits for its window to pass" : "waits for its turn");
	write_row(c, DELIVERY_QUEUED, r);
	hooks_start_waiting(c->h->all);
}

/* It stands for the earlier ones of its window, under the same run. */
static void join(struct judged *c, const struct delivery_ruling *r)
{
	struct delivery_waiting *w = r->with;
	(void)snprintf(c->fate->run, sizeof(c->fate->run), "%s", w->run);
	if (!remember(c))
		return;
	if (deliveries_join(c->h->deliveries, w, c->input.p, c->actor.p, r, c->now_ms) < 0) {
		forget(c);
		refuse(c, WEBHOOK_FAILED, 0, "no memory to let it wait");
		return;
	}
	c->fate->verdict = WEBHOOK_ACCEPTED;
	record(c, "trigger.queue", c->fate->run, "takes the place of the one before in its window");
	store_end_delivery(batch_of(c->h), c->fate->run, DELIVERY_REPLACED, NULL);
	write_row(c, DELIVERY_QUEUED, r);
	hooks_start_waiting(c->h->all);
}

static size_t waiting_bytes(const struct hooks *hs)
{
	size_t n = 0;
	for (size_t i = 0; i < hs->n; i++)
		n += deliveries_waiting_bytes(hs->v[i]->deliveries);
	for (const struct hook *h = hs->retired; h; h = h->next)
		n += deliveries_waiting_bytes(h->deliveries);
	return n;
}

static void decide(struct judged *c)
{
	const struct serve *s = c->h->all->serve;
	struct delivery_ruling r;
	bool is_place = s->n_runs < SERVE_RUNS_MAX;
	deliveries_judge(c->h->deliveries, c->now_ms, serve_runs_of(s, &c->h->c->start), is_place,
			 c->key, &r);
	bool waits = r.verdict == DELIVERY_MAY_WAIT || r.verdict == DELIVERY_MAY_JOIN;
	if (waits && waiting_bytes(c->h->all) + c->input.n + c->actor.n > WAITING_MAX)
		r.verdict = DELIVERY_FULL;
	switch (r.verdict) {
	case DELIVERY_MAY_START:
		start(c);
		break;
	case DELIVERY_MAY_WAIT:
		wait(c, &r);
		break;
	case DELIVERY_MAY_JOIN:
		join(c, &r);
		break;
	case DELIVERY_TOO_FAST:
		refuse(c, WEBHOOK_TOO_FAST, r.retry_ms, "refused: more than its rate");
		break;
	case DELIVERY_FULL:
		refuse(c, WEBHOOK_FULL, RETRY_MS, "refused: too many wait already");
		break;
	}
}

/* The member of the input that names the window. What has none is of the window "". */
static void find_key(struct judged *c)
{
	const char *path = c->h->c->debounce_key;
	struct buf text = BUF_INIT(INPUT_MAX);
	uint8_t digest[SHA256_LEN];
	if (!path || !c->h->c->limits.debounce_ms)
		return;
	cJSON *input = json_parse(buf_bytes(&c->input), NULL);
	const cJSON *at = input;
	for (const char *p = path; at && *p; p += *p == '.') {
		char name[128];
		size_t n = strcspn(p, ".");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		at = json_get(at, name);
		p += n;
	}
	if (at && at != input)
		json_write(&text, at);
	if (text.n <= KEY_MAX)
		(void)snprintf(c->key, sizeof(c->key), "%s", buf_cstr(&text));
	else if (sha256(digest, buf_bytes(&text)) == 0)
		hex_lower(c->key, digest, sizeof(digest));
	cJSON_Delete(input);
	buf_clear(&text);
}

static void tell_of_duplicate(struct judged *c, const char *run)
{
	c->fate->verdict = run[0] ? WEBHOOK_ACCEPTED : WEBHOOK_IGNORED;
	c->fate->duplicate = true;
	(void)snprintf(c->fate->run, sizeof(c->fate->run), "%s", run);
	record(c, "trigger.duplicate", run[0] ? run : NULL, NULL);
}

static void judge(struct judged *c)
{
	const struct hooks *hs = c->h->all;
	char why[HOOK_WHY_SIZE];
	const char *known = c->d->id[0] ? deliveries_find(c->h->deliveries, c->d->id) : NULL;
	if (known) {
		tell_of_duplicate(c, known);
		return;
	}
	if (hs->stopped || hs->serve->stopping) {
		refuse(c, WEBHOOK_FULL, RETRY_MS, "stopping");
		return;
	}
	int rc = hook_accept_ask(c->h->accept, c->d, &c->input, why);
	if (rc > 0) {
		find_key(c);
		decide(c);
	} else if (rc == 0) {
		ignore(c, why);
	} else {
		refuse(c, WEBHOOK_FAILED, 0, why[0] ? why : "no memory");
	}
}

void hooks_on_delivery(void *arg, const struct webhook_delivery *d, struct webhook_fate *fate)
{
	const struct serve *s = arg;
	struct judged c = { .h = hooks_find(s->hooks, d->hook),
			    .d = d,
			    .fate = fate,
			    .now_ms = clock_wall_ms(),
			    .input = BUF_INIT(INPUT_MAX),
			    .actor = BUF_INIT(ACTOR_MAX) };
	*fate = (struct webhook_fate){ .verdict = WEBHOOK_FAILED };
	serve_webhook_actor(&c.actor, d);
	if (!c.h) /* gone since its proof began */
		serve_reject(arg, d, GONE, GONE);
	else if (!c.actor.err)
		judge(&c);
	if (fate->verdict == WEBHOOK_ACCEPTED || fate->verdict == WEBHOOK_IGNORED)
		metrics_delivery(s->host.metrics, d->hook,
				 fate->verdict == WEBHOOK_ACCEPTED ? "accepted" : "ignored", NULL);
	if (fate->verdict == WEBHOOK_FAILED || fate->verdict == WEBHOOK_TOO_FAST ||
	    fate->verdict == WEBHOOK_FULL)
		fate->run[0] = '\0';
	buf_clear(&c.input);
	buf_clear(&c.actor);
}

/* ---- starting what waits ---- */

/* Whatever comes of it, it waits no more. */
static void start_waiting(struct hook *h, struct delivery_waiting *w)
{
	struct serve *s = h->all->serve;
	struct err err = { 0 };
	struct buf actor = BUF_INIT(ACTOR_MAX), m = BUF_INIT(ACTOR_MAX);
	buf_adds(&actor, w->actor);
	const struct serve_run *r =
	    serve_start_run_as(s, &h->c->start, w->run, bytes_str(w->input), &actor, &err);
	serve_write_trigger(&m, buf_bytes(&actor), w->run, r ? NULL : err.message);
	serve_record(s, r ? "trigger.accept" : "trigger.reject", buf_bytes(&m));
	store_end_delivery(batch_of(h), w->run, r ? DELIVERY_STARTED : DELIVERY_FAILED,
			   r ? NULL : err.message);
	const struct log_about about = serve_about(&h->c->start, w->run);
	if (!r)
		serve_say(s, LOG_ERROR, &about, err.message);
	if (!r)
		follows_run_ended(h->all->follows, w->run);
	buf_clear(&actor);
	buf_clear(&m);
	deliveries_leave(h->deliveries, w);
}

/* @return when the next window ends */
static int64_t start_ripe(struct hook *h, int64_t now)
{
	const struct serve *s = h->all->serve;
	struct delivery_waiting *w = NULL;
	while (s->n_runs < SERVE_RUNS_MAX &&
	       (w = deliveries_ripe(h->deliveries, now, serve_runs_of(s, &h->c->start))))
		start_waiting(h, w);
	return deliveries_due(h->deliveries, now);
}

/* Those of which nothing waits any more. */
static void drop_retired(struct hooks *hs)
{
	for (struct hook **at = &hs->retired; !hs->changing && *at;) {
		struct hook *h = *at;
		if (deliveries_waiting(h->deliveries) > 0) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		hook_free(h);
	}
}

static void on_later(void *arg)
{
	struct hooks *hs = arg;
	const struct serve *s = hs->serve;
	int64_t now = clock_wall_ms(), due = INT64_MAX;
	hs->later = NULL;
	for (size_t i = 0; i < hs->n; i++) {
		int64_t next = start_ripe(hs->v[i], now);
		due = next < due ? next : due;
	}
	for (struct hook *h = hs->retired; h; h = h->next) {
		int64_t next = start_ripe(h, now);
		due = next < due ? next : due;
	}
	drop_retired(hs);
	if (due != INT64_MAX) {
		int64_t in = due - now < LOOK_MS ? due - now : LOOK_MS;
		hs->later_ms = clock_mono_ms() + in;
		hs->later = timer_start(s->host.loop, in, on_later, hs);
	}
}

void hooks_start_waiting(struct hooks *hs)
{
	int64_t now = clock_mono_ms();
	if (hs->stopped || (hs->later && hs->later_ms <= now))
		return;
	timer_stop(hs->later);
	hs->later_ms = now;
	hs->later = timer_start(hs->serve->host.loop, 0, on_later, hs);
}

static bool cancel_one(struct hook *h, const char *run, const char *actor, const char *why)
{
	struct hooks *hs = h->all;
	struct delivery_waiting *w = deliveries_find_waiting(h->deliveries, run);
	if (!w)
		return false;
	queued_cancelled(
	    &hs->serve->host,
	    &(struct queued_row){ .run = w->run, .hook = name_of(h), .actor = w->actor }, actor,
	    why);
	follows_run_ended(hs->follows, w->run);
	deliveries_leave(h->deliveries, w);
	return true;
}

bool hooks_cancel(struct hooks *hs, const char *run, const char *actor, const char *why)
{
	bool found = false;
	for (size_t i = 0; !found && i < hs->n; i++)
		found = cancel_one(hs->v[i], run, actor, why);
	for (struct hook *h = hs->retired; !found && h; h = h->next)
		found = cancel_one(h, run, actor, why);
	return found;
}

void hooks_run_ended(struct hooks *hs, const char *run)
{
	if (!hs)
		return;
	follows_run_ended(hs->follows, run);
	hooks_start_waiting(hs);
}

/* ---- life ---- */

void hooks_follow(void *arg, const char *run, int64_t wait_ms, webhook_state_fn *done,
		  void *done_arg)
{
	const struct serve *s = arg;
	follows_add(s->hooks->follows, run, s->hooks->stopped ? 0 : wait_ms, done, done_arg);
}

struct bytes hooks_key(const struct hooks *hs)
{
	return bytes_str(hs->key);
}

int hook_new(struct hook **out, struct hooks *hs, const struct config_hook *c, struct err *err)
{
	struct hook *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_NOMEM, "no memory for hooks");
	*h = (struct hook){ .all = hs, .c = c };
	int rc = deliveries_new(&h->deliveries, &c->limits, err);
	if (rc < 0) {
		free(h);
		return rc;
	}
	*out = h;
	return 0;
}

void hook_free(struct hook *h)
{
	if (!h)
		return;
	deliveries_free(h->deliveries);
	hook_accept_close(h->accept);
	config_unref(h->held);
	free(h);
}

static int open_hook(struct hooks *hs, const struct config_hook *c, struct err *err)
{
	int rc = hook_new(&hs->v[hs->n], hs, c, err);
	if (rc < 0)
		return rc;
	const struct config *config = hs->serve->host.config;
	return hook_accept_open(&hs->v[hs->n++]->accept, config, c, err);
}

int hooks_open(struct hooks **out, struct serve *s, struct err *err)
{
	const struct config *c = s->host.config;
	struct hooks *hs = calloc(1, sizeof(*hs));
	if (hs)
		hs->v = calloc(c->n_hooks + 1, sizeof(struct hook *));
	if (!hs || !hs->v) {
		free(hs);
		return err_set(err, ERR_NOMEM, "no memory for hooks");
	}
	hs->serve = s;
	int rc = follows_new(&hs->follows, &s->host, err);
	for (size_t i = 0; rc == 0 && i < c->n_hooks; i++)
		rc = open_hook(hs, &c->hooks[i], err);
	if (rc == 0)
		rc = hooks_read(hs, err);
	if (rc < 0) {
		hooks_free(hs);
		return rc;
	}
	hooks_start_waiting(hs);
	*out = hs;
	return 0;
}

void hooks_stop(struct hooks *hs)
{
	if (!hs)
		return;
	timer_stop(hs->later);
	hs->later = NULL;
	hs->stopped = true;
	follows_hurry(hs->follows);
}

void hooks_free(struct hooks *hs)
{
	if (!hs)
		return;
	timer_stop(hs->later);
	follows_free(hs->follows);
	for (size_t i = 0; i < hs->n; i++)
		hook_free(hs->v[i]);
	while (hs->retired) {
		struct hook *next = hs->retired->next;
		hook_free(hs->retired);
		hs->retired = next;
	}
	wipe(hs->key, sizeof(hs->key));
	free((void *)hs->v);
	free(hs);
}
